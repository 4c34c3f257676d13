using System.Net.NetworkInformation;
using Entrepot.Ports.Allocation;

namespace Entrepot.Ports.Inventory;

/// <summary>The host's sockets: from <c>/proc/net</c> on Linux, with owners where this user may see them; elsewhere from what .NET
/// offers on every platform, which knows listeners and no owners.</summary>
public sealed class ListeningSockets : IPortInventory
{
    private readonly string _procFolder;

    /// <summary>Makes the inventory.</summary>
    /// <param name="procFolder">Where the proc file system is mounted.</param>
    public ListeningSockets(string procFolder = "/proc") => _procFolder = procFolder;

    /// <inheritdoc/>
    public IReadOnlyList<ListeningSocket> Sockets(PortProtocol protocol)
    {
        var name = protocol.Name();
        var tables = new[] { name, name + "6" }
            .Select(table => Path.Combine(_procFolder, "net", table))
            .Select(Table)
            .Where(static text => text is not null)
            .ToList();
        return tables.Count == 0 ? Portable(protocol) : [.. tables.SelectMany(text => ProcNetTable.Parse(text, protocol))];
    }

    /// <inheritdoc/>
    public IReadOnlyList<ListeningSocket> WithOwners(IReadOnlyList<ListeningSocket> sockets)
    {
        if (sockets.Count == 0 || !Directory.Exists(_procFolder))
            return sockets;
        var owners = SocketOwners.Find(_procFolder, sockets.Select(static socket => socket.Inode));
        return [.. sockets.Select(socket => socket with { Owner = owners.GetValueOrDefault(socket.Inode) })];
    }

    /// <inheritdoc/>
    public EphemeralRange EphemeralRange() => Inventory.EphemeralRange.Read(Path.Combine(_procFolder, "sys", "net", "ipv4"));

    /// <summary>What every platform offers.</summary>
    internal static IReadOnlyList<ListeningSocket> Portable(PortProtocol protocol)
    {
        var properties = IPGlobalProperties.GetIPGlobalProperties();
        try
        {
            var endPoints = protocol switch
            {
                PortProtocol.Tcp => properties.GetActiveTcpListeners(),
                PortProtocol.Udp => properties.GetActiveUdpListeners(),
                _ => [],
            };
            return [.. endPoints
                .Where(static endPoint => endPoint.Port != 0)
                .Select(endPoint => new ListeningSocket(protocol, endPoint.Address, endPoint.Port, Listening: true))];
        }
        catch (NetworkInformationException)
        {
            return [];  // The bind itself is the proof; the inventory only spares a try.
        }
    }

    private static string? Table(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
