using System.Collections.Immutable;
using System.Globalization;
using System.Net.Sockets;
using Entrepot.Core.Faults;
using Entrepot.Core.Kernel;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Firewalls;
using Entrepot.Ports.Firewalls.Nftables;

namespace Entrepot.Ports.Enforcement;

/// <summary>Has the kernel forget connections (conntrack(8)), so that their next packet is judged as a new one. The rules cut what an
/// opening let in by themselves; this frees the entries and also ends what replies alone would keep alive.</summary>
internal static class Connections
{
    private const string Program = "conntrack";

    private static readonly string[] Families = ["ipv4", "ipv6"];

    /// <summary>The connections that an opening let in.</summary>
    public static FirewallCommand Of(Opening opening)
    {
        var mark = opening.Mac is null ? NftWriter.AddressOpening : NftWriter.MacOpening;
        var arguments = new List<string>
        {
            "-D", "-p", opening.Protocol.Name(), "--orig-port-dst", opening.Port.ToString(CultureInfo.InvariantCulture),
            "--mark", string.Create(CultureInfo.InvariantCulture, $"0x{mark:x}/0x{mark:x}"),
        };
        if (opening.From is { } from)
        {
            arguments.AddRange(["-f", from.BaseAddress.AddressFamily == AddressFamily.InterNetwork ? "ipv4" : "ipv6"]);
            arguments.AddRange(["--orig-src", from.ToString()]);
        }

        return new FirewallCommand(Program, [.. arguments]);
    }

    /// <summary>Every connection to a port from elsewhere.</summary>
    public static ImmutableArray<FirewallCommand> To(PortProtocol protocol, int port) =>
    [
        .. Families.Select(family => new FirewallCommand(
            Program, ["-D", "-f", family, "-p", protocol.Name(), "--orig-port-dst", port.ToString(CultureInfo.InvariantCulture)])),
    ];

    /// <summary>Forgets what can be found; where the program is missing, the rules alone do it.</summary>
    public static async Task ForgetAsync(IFirewallShell shell, IEnumerable<FirewallCommand> commands, CancellationToken cancellation)
    {
        if (ExternalProgram.Find(Program) is null)
            return;
        try
        {
            // Finding none is an error to the program, and none to us.
            await shell.AskAsync(commands, cancellation);
        }
        catch (FaultException)
        {
            // Entries that stay cost memory only; the rules drop their packets.
        }
    }
}
