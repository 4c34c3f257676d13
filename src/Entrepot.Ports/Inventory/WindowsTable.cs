using System.Buffers.Binary;
using System.Diagnostics;
using System.Net;
using Entrepot.Core.Kernel;
using Entrepot.Ports.Allocation;

namespace Entrepot.Ports.Inventory;

/// <summary>Reads the tables of <c>GetExtendedTcpTable</c> and <c>GetExtendedUdpTable</c> (MIB_TCPTABLE_OWNER_PID and its siblings):
/// a count, then rows of one size. Every number is a little-endian DWORD; ports are in network order in the lower half. Never run on
/// Windows: only its documentation and samples made from it were at hand.</summary>
internal static class WindowsTable
{
    private const int CountSize = 4;
    private const uint Listen = 2;  // MIB_TCP_STATE_LISTEN
    private const uint SynReceived = 4;  // MIB_TCP_STATE_SYN_RCVD
    private const uint TimeWait = 11;  // MIB_TCP_STATE_TIME_WAIT
    private const uint Deleted = 12;  // MIB_TCP_STATE_DELETE_TCB

    /// <summary>Offsets in a row; -1 where it has no such field.</summary>
    private sealed record Layout(int Size, int Address, int AddressSize, int Scope, int Port, int Peer, int PeerPort, int State, int Process);

    private static readonly Layout Tcp4 = new(24, 4, 4, -1, 8, 12, 16, 0, 20);
    private static readonly Layout Tcp6 = new(56, 0, 16, 16, 20, 24, 44, 48, 52);
    private static readonly Layout Udp4 = new(12, 0, 4, -1, 4, -1, -1, -1, 8);
    private static readonly Layout Udp6 = new(28, 0, 16, 16, 20, -1, -1, -1, 24);

    /// <summary>The sockets of this host with the numbers of their processes, or null on other systems.</summary>
    public static IReadOnlyList<ListeningSocket>? TryRead(PortProtocol protocol)
    {
        if (protocol == PortProtocol.Sctp)
            return null;
        var udp = protocol == PortProtocol.Udp;
        return WindowsSockets.Table(udp, v6: false) is { } v4 && WindowsSockets.Table(udp, v6: true) is { } v6
            ? [.. Parse(v4, protocol, v6: false), .. Parse(v6, protocol, v6: true)]
            : null;
    }

    /// <summary>The sockets of one table; a row that is cut off is left out.</summary>
    public static IReadOnlyList<ListeningSocket> Parse(ReadOnlySpan<byte> table, PortProtocol protocol, bool v6)
    {
        if (table.Length < CountSize)
            return [];
        var layout = (protocol, v6) switch
        {
            (PortProtocol.Udp, false) => Udp4,
            (PortProtocol.Udp, true) => Udp6,
            (_, false) => Tcp4,
            _ => Tcp6,
        };
        var rows = (int)Math.Min(BinaryPrimitives.ReadUInt32LittleEndian(table), (uint)((table.Length - CountSize) / layout.Size));
        var sockets = new List<ListeningSocket>(rows);
        for (var index = 0; index < rows; index++)
        {
            if (Row(table.Slice(CountSize + (index * layout.Size), layout.Size), protocol, layout) is { } socket)
                sockets.Add(socket);
        }

        return sockets;
    }

    /// <summary>The owner with the name and path of its program, as far as this user may see them.</summary>
    public static SocketOwner Name(SocketOwner owner)
    {
        try
        {
            using var process = Process.GetProcessById(owner.ProcessId);
            return owner with { Executable = process.ProcessName, Path = PathOf(process) };
        }
        catch (Exception error) when (error is ArgumentException or InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            return owner;  // it ended
        }
    }

    private static string? PathOf(Process process)
    {
        try
        {
            return process.MainModule?.FileName;
        }
        catch (Exception error) when (error is InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }

    private static ListeningSocket? Row(ReadOnlySpan<byte> row, PortProtocol protocol, Layout layout)
    {
        var state = layout.State < 0 ? Listen : BinaryPrimitives.ReadUInt32LittleEndian(row[layout.State..]);
        var port = BinaryPrimitives.ReadUInt16BigEndian(row[layout.Port..]);
        if (port == 0 || state is SynReceived or TimeWait or Deleted)
            return null;
        var scope = layout.Scope < 0 ? 0 : (int)BinaryPrimitives.ReadUInt32LittleEndian(row[layout.Scope..]);
        var process = (int)BinaryPrimitives.ReadUInt32LittleEndian(row[layout.Process..]);
        IPEndPoint? peer = null;
        if (state != Listen && BinaryPrimitives.ReadUInt16BigEndian(row[layout.PeerPort..]) is > 0 and var peerPort)
            peer = new IPEndPoint(Address(row.Slice(layout.Peer, layout.AddressSize), 0), peerPort);
        return new ListeningSocket(
            protocol, Address(row.Slice(layout.Address, layout.AddressSize), scope), port, state == Listen, peer,
            Owner: process > 0 ? new SocketOwner(process, "a process") : null) { InterfaceIndex = scope };
    }

    private static IPAddress Address(ReadOnlySpan<byte> bytes, int scope)
    {
        var address = new IPAddress(bytes);
        if (address.IsIPv4MappedToIPv6)
            return address.MapToIPv4();
        if (address.IsIPv6LinkLocal)
            address.ScopeId = (uint)scope;
        return address;
    }
}
