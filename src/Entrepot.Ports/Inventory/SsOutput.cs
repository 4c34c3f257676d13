using System.Globalization;
using System.Net;
using Entrepot.Ports.Allocation;

namespace Entrepot.Ports.Inventory;

/// <summary>Reads what <c>ss -Htulnpe</c> of iproute2 prints: the listeners of a host that has no agent. Pure; a line that is cut off or
/// not understood is left out.</summary>
public static class SsOutput
{
    /// <summary>The command whose output is read: no header, TCP and UDP, listeners, numbers, processes, details.</summary>
    public const string Command = "ss -Htulnpe";

    private const int MaxSharers = 1_000;
    private const string Users = "users:((";

    /// <summary>The listeners, in the order of the lines.</summary>
    public static IReadOnlyList<ListeningSocket> Parse(ReadOnlySpan<char> text)
    {
        var sockets = new List<ListeningSocket>();
        foreach (var line in text.EnumerateLines())
        {
            if (Line(line.Trim()) is { } socket)
                sockets.Add(socket);
        }

        return sockets;
    }

    private static ListeningSocket? Line(ReadOnlySpan<char> line)
    {
        // Netid, state, two queues, local and peer address; then details in any order.
        Span<Range> fields = stackalloc Range[7];
        var count = line.SplitAny(fields, " \t", StringSplitOptions.RemoveEmptyEntries);
        if (count < 6 || !PortProtocols.TryParse(line[fields[0]].ToString(), out var protocol)
            || !line[fields[1]].SequenceEqual(protocol == PortProtocol.Udp ? "UNCONN" : "LISTEN")
            || !TryEndPoint(line[fields[4]], out var address, out var port, out var device, out var dual))
            return null;
        var rest = count > 6 ? line[fields[6]] : [];
        var owners = Owners(rest, out var details);
        var inode = Number(details, "ino:");
        var group = Word(details, "cgroup:") is { Length: > 0 } path ? ControlGroupPath.Parse("0::" + path) : ControlGroupPath.None;
        // It leaves out the user when it is root; without details nothing is known.
        var user = inode is null ? null : (int?)(Number(details, "uid:") ?? 0);
        var named = owners.ConvertAll(owner => owner with { Unit = group.Unit, Container = group.Container });
        return new ListeningSocket(protocol, address, port, Listening: true, Inode: inode ?? 0, UserId: user, Owner: named.Count > 0 ? named[0] : null)
        {
            Sharers = [.. named.Skip(1).DistinctBy(static owner => owner.ProcessId)],
            V6Only = Number(details, "v6only:") is { } only ? only != 0 : dual ? false : null,
            InterfaceName = device,
        };
    }

    /// <summary>Reads <c>127.0.0.53%lo:53</c>, <c>[fe80::1]%eth0:546</c>, <c>*:443</c>, <c>[::ffff:127.0.0.1]:8081</c>.</summary>
    private static bool TryEndPoint(ReadOnlySpan<char> text, out IPAddress address, out int port, out string? device, out bool dual)
    {
        (address, port, device, dual) = (IPAddress.None, 0, null, false);
        var colon = text.LastIndexOf(':');
        if (colon <= 0 || !int.TryParse(text[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out port) || port is < 1 or > PortSet.MaxPort)
            return false;
        var host = text[..colon];
        if (host.LastIndexOf('%') is > 0 and var percent)
        {
            device = host[(percent + 1)..].ToString();
            host = host[..percent];
        }

        if (host.SequenceEqual("*"))
        {
            // An IPv6 socket that takes IPv4 as well.
            (address, dual) = (IPAddress.IPv6Any, true);
            return true;
        }

        if (host is ['[', .. var inner, ']'])
            host = inner;
        if (!IPAddress.TryParse(host, out var parsed))
            return false;
        address = parsed.IsIPv4MappedToIPv6 ? parsed.MapToIPv4() : parsed;
        return true;
    }

    /// <summary>Reads <c>users:(("nginx",pid=12,fd=6),("nginx",pid=11,fd=6))</c>. A name may have any character in it.</summary>
    private static List<SocketOwner> Owners(ReadOnlySpan<char> text, out ReadOnlySpan<char> rest)
    {
        var owners = new List<SocketOwner>();
        rest = text;
        if (!text.StartsWith(Users, StringComparison.Ordinal))
            return owners;
        text = text[Users.Length..];
        while (owners.Count < MaxSharers && text is ['"', ..])
        {
            var end = text.IndexOf("\",pid=", StringComparison.Ordinal);
            if (end < 0)
                break;
            var name = text[1..end];
            text = text[(end + "\",pid=".Length)..];
            var comma = text.IndexOf(',');
            var close = text.IndexOf(')');
            if (comma < 0 || close < comma || !int.TryParse(text[..comma], NumberStyles.None, CultureInfo.InvariantCulture, out var process))
                break;
            owners.Add(new SocketOwner(process, name.ToString()));
            text = text[(close + 1)..];
            rest = text.TrimStart(")");
            if (text is not [',', '(', ..])
                break;
            text = text[2..];
        }

        return owners;
    }

    private static long? Number(ReadOnlySpan<char> details, string key)
        => long.TryParse(Word(details, key), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static string? Word(ReadOnlySpan<char> details, string key)
    {
        foreach (var range in details.SplitAny(" \t"))
        {
            if (details[range].StartsWith(key, StringComparison.Ordinal))
                return details[range][key.Length..].ToString();
        }

        return null;
    }
}
