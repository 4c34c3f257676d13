using System.Net.NetworkInformation;
using Entrepot.Ports.Allocation;

namespace Entrepot.Ports.Inventory;

/// <summary>The host's sockets: on Linux from the kernel by netlink, or from <c>/proc/net</c> where that is refused, with owners where
/// this user may see them; on Windows from its tables of owners; elsewhere from what .NET offers on every platform, which knows listeners and no owners.</summary>
public sealed class ListeningSockets : IPortInventory
{
    private const string ProcFolder = "/proc";
    private readonly string _procFolder;

    /// <summary>Makes the inventory.</summary>
    /// <param name="procFolder">Where the proc file system is mounted; anything but the default is read instead of asking the kernel.</param>
    public ListeningSockets(string procFolder = ProcFolder) => _procFolder = procFolder;

    /// <inheritdoc/>
    public IReadOnlyList<ListeningSocket> Sockets(PortProtocol protocol) => Read(protocol, listeners: false);

    /// <inheritdoc/>
    public IReadOnlyList<ListeningSocket> Listeners(PortProtocol protocol) => Read(protocol, listeners: true);

    /// <inheritdoc/>
    public IReadOnlyList<ListeningSocket> WithOwners(IReadOnlyList<ListeningSocket> sockets) => Named(sockets, all: false);

    /// <inheritdoc/>
    public IReadOnlyList<ListeningSocket> WithAllOwners(IReadOnlyList<ListeningSocket> sockets) => Named(sockets, all: true);

    /// <inheritdoc/>
    public IReadOnlyList<ListeningSocket> Survey()
    {
        if (OperatingSystem.IsWindows())
            return WithOwners([.. PortProtocols.All.SelectMany(Listeners)]);
        var facts = new ProcessFacts(_procFolder);
        List<ListeningSocket> here = [.. PortProtocols.All.SelectMany(Listeners).Where(static socket => socket.Peer is null)];
        here.AddRange(OtherNamespaces.Listeners(facts, _procFolder));
        return SocketOwners.Name(facts, _procFolder, here, all: true);
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

    private IReadOnlyList<ListeningSocket> Named(IReadOnlyList<ListeningSocket> sockets, bool all)
        => OperatingSystem.IsWindows() ? [.. sockets.Select(static socket => socket.Owner is { } owner ? socket with { Owner = WindowsTable.Name(owner) } : socket)]
            : sockets.Count == 0 || !Directory.Exists(_procFolder) ? sockets
            : SocketOwners.Name(new ProcessFacts(_procFolder), _procFolder, sockets, all);

    private IReadOnlyList<ListeningSocket> Read(PortProtocol protocol, bool listeners)
    {
        if (_procFolder == ProcFolder && KernelSockets.TryRead(protocol, listeners) is { } sockets)
            return sockets;
        if (WindowsTable.TryRead(protocol) is { } rows)
            return [.. rows.Where(socket => socket.Listening || !listeners)];
        var folder = Path.Combine(_procFolder, "net");
        return ProcNetTable.Exists(folder, protocol)
            ? [.. ProcNetTable.Read(folder, protocol).Where(socket => socket.Listening || !listeners)]
            : Portable(protocol);
    }
}
