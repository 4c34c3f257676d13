using System.Globalization;
using Entrepot.Ports.Allocation;

namespace Entrepot.Ports.Inventory;

/// <summary>The ports that the host gives to outgoing connections and to <c>bind(0)</c>. A listener inside can find its port taken
/// after a restart, unless the port is reserved. Read, never written.</summary>
/// <param name="First">Lowest port of the range.</param>
/// <param name="Last">Highest port, included.</param>
/// <param name="Reserved">Ports that the host spares (<c>net.ipv4.ip_local_reserved_ports</c>).</param>
/// <param name="UnprivilegedStart">Lowest port that needs no privilege to bind (<c>net.ipv4.ip_unprivileged_port_start</c>).</param>
/// <param name="Known">False when the host could not be asked and these are its documented defaults.</param>
public sealed record EphemeralRange(int First, int Last, PortSet Reserved, int UnprivilegedStart, bool Known)
{
    internal const string ReservedSetting = "net.ipv4.ip_local_reserved_ports";

    /// <summary>Linux's defaults (ip-sysctl: <c>ip_local_port_range</c> 32768–60999, <c>ip_unprivileged_port_start</c> 1024).</summary>
    public static EphemeralRange LinuxDefault { get; } = new(32768, 60999, PortSet.Empty, 1024, Known: false);

    /// <summary>The defaults of Windows and macOS: the Dynamic Ports of RFC 6335 §6. Windows asks no privilege for low ports, and macOS
    /// asks none on all-address binds; 1024 is kept for both, as the port would not work on the next host.</summary>
    public static EphemeralRange DynamicPortsDefault { get; } = new(49152, PortSet.MaxPort, PortSet.Empty, 1024, Known: false);

    /// <summary>Asks the host. What can't be read keeps its documented default.</summary>
    /// <param name="folder">Where the kernel shows its IPv4 settings; they rule IPv6 as well.</param>
    public static EphemeralRange Read(string folder = "/proc/sys/net/ipv4")
    {
        if (!OperatingSystem.IsLinux())
            return DynamicPortsDefault;
        var fallback = LinuxDefault;
        var known = TryParseRange(Text(folder, "ip_local_port_range"), out var first, out var last);
        var reserved = PortSet.TryParse(Text(folder, "ip_local_reserved_ports"), out var listed) ? listed : PortSet.Empty;
        var start = TryParseStart(Text(folder, "ip_unprivileged_port_start"), out var lowest) ? lowest : fallback.UnprivilegedStart;
        return known ? new EphemeralRange(first, last, reserved, start, Known: true) : fallback with { Reserved = reserved, UnprivilegedStart = start };
    }

    /// <summary>Reads two numbers, as <c>ip_local_port_range</c> shows them.</summary>
    public static bool TryParseRange(string? text, out int first, out int last)
    {
        (first, last) = (0, 0);
        var parts = (text ?? "").Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        return parts.Length == 2 && TryPort(parts[0], out first) && TryPort(parts[1], out last) && first >= 1 && first <= last;
    }

    /// <summary>Reads one number, as <c>ip_unprivileged_port_start</c> shows it; 0 means that no port needs a privilege.</summary>
    public static bool TryParseStart(string? text, out int start) => TryPort((text ?? "").Trim(), out start);

    /// <summary>The ports of the range that an outgoing connection may take.</summary>
    public PortSet Unreserved => PortSet.Range(First, Last).Except(Reserved);

    /// <summary>Those of the given ports that an outgoing connection may take.</summary>
    public PortSet AtRisk(PortSet ports) => Unreserved.Intersect(ports);

    /// <summary>What the operator can run so that the given ports are safe: the whole new value, because a write replaces the list,
    /// with everything that is reserved already.</summary>
    /// <returns>Text for the operator, or null when none of the ports is at risk.</returns>
    public string? Cure(PortSet ports)
    {
        var risk = AtRisk(ports);
        if (risk.IsEmpty)
            return null;
        if (OperatingSystem.IsWindows())
            return string.Join(
                '\n',
                risk.Ranges().Select(static range => string.Create(
                    CultureInfo.InvariantCulture,
                    $"netsh int ipv4 add excludedportrange protocol=tcp startport={range.First} numberofports={range.Last - range.First + 1} store=persistent")));
        if (!OperatingSystem.IsLinux())
            return string.Create(CultureInfo.InvariantCulture, $"This system can't reserve ports; choose ports below {First}.");
        var setting = $"{ReservedSetting} = {Reserved.Union(risk)}";
        return $"sysctl -w '{setting.Replace(" = ", "=", StringComparison.Ordinal)}' and, to keep it over a reboot, the line '{setting}' in /etc/sysctl.d/60-entrepot.conf";
    }

    /// <summary>The rule of the allocator about ports at risk.</summary>
    public PortConstraint EphemeralConstraint() => new(
        PortRule.Ephemeral, PortEffect.Warning, Unreserved,
        string.Create(CultureInfo.InvariantCulture, $"is in the host's range for outgoing connections ({First}–{Last}) and not reserved: one of them may take it while the service is down"));

    /// <summary>The rule of the allocator about ports that need a privilege.</summary>
    public PortConstraint PrivilegedConstraint() => new(
        PortRule.Privileged, PortEffect.Veto, UnprivilegedStart == 0 ? PortSet.Empty : PortSet.Range(0, UnprivilegedStart - 1),
        string.Create(CultureInfo.InvariantCulture, $"is privileged (below {UnprivilegedStart}) and the service may not have such a port"));

    private static bool TryPort(string text, out int port)
        => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out port) && port <= PortSet.MaxPort;

    private static string? Text(string folder, string setting)
    {
        try
        {
            return File.ReadAllText(Path.Combine(folder, setting));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
