using System.Globalization;
using System.Net;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Enforcement;
using Entrepot.Ports.Firewalls;
using Entrepot.Ports.Inventory;

namespace Entrepot.Cli;

/// <summary>By which connections people are on this machine now, so that no rules cut them off.</summary>
internal static class OperatorSessions
{
    /// <summary>SSH's own port, whatever the portfile calls the management port.</summary>
    private const int Ssh = 22;

    /// <summary>The session of whoever runs the command, as sshd(8) tells it, and every session to the management port: sudo(8) hides
    /// the first from the command.</summary>
    public static IReadOnlyList<OperatorConnection> Find(CliEnvironment environment, IPortInventory inventory, RuleModel model)
    {
        var found = new List<OperatorConnection>();
        if (Parse(environment.Variable("SSH_CONNECTION")) is { } own)
            found.Add(own);
        found.AddRange(inventory.Sockets(PortProtocol.Tcp)
            .Where(socket => !socket.Listening && socket.Peer is not null && (socket.Port == model.Floor.ManagementPort || socket.Port == Ssh))
            .Select(static socket => new OperatorConnection(Plain(socket.Peer!.Address), socket.Port, "the session")));
        return [.. found.DistinctBy(static connection => (connection.Source, connection.Port))];
    }

    /// <summary>Reads <c>SSH_CONNECTION</c>: client address and port, server address and port (ssh(1)).</summary>
    public static OperatorConnection? Parse(string? text)
    {
        var parts = text?.Split(' ', StringSplitOptions.RemoveEmptyEntries) ?? [];
        return parts.Length == 4 && IPAddress.TryParse(parts[0], out var client)
            && int.TryParse(parts[3], NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is >= 1 and <= 65_535
            ? new OperatorConnection(Plain(client), port, "your own session")
            : null;
    }

    /// <summary>Without the scope of a link-local address, which rules do not look at.</summary>
    private static IPAddress Plain(IPAddress address)
        => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 ? new IPAddress(address.GetAddressBytes()) : address;
}
