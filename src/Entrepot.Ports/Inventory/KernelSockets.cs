using System.Net.Sockets;
using Entrepot.Core.Kernel;
using Entrepot.Ports.Allocation;

namespace Entrepot.Ports.Inventory;

/// <summary>Asks the Linux kernel for its sockets by netlink: several times faster than <c>/proc/net</c>, with the choice of states made
/// in the kernel, and with more told of each socket.</summary>
internal static class KernelSockets
{
    /// <summary>How long the kernel may take for one datagram; it answers within the call, so this only guards against a bug.</summary>
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(2);

    /// <summary>How often a dump is begun again when the tables changed under it. The last one is taken as it is: every row in it is
    /// true, and the next look mends what is missing.</summary>
    private const int MaxTries = 3;

    /// <summary>Most datagrams of one dump: 32 KiB each, so some ten million sockets.</summary>
    private const int MaxDatagrams = 50_000;

    /// <summary>All sockets of a protocol, or its listeners.</summary>
    /// <returns>Null when the kernel has no such interface, refuses, or does not answer; then <c>/proc/net</c> must be read. A protocol
    /// that the kernel has for one family only gives that family's.</returns>
    public static List<ListeningSocket>? TryRead(PortProtocol protocol, bool listeners)
    {
        using var socket = NetlinkSocket.TryOpen(NetlinkSocket.SocketDiagnostics, Deadline);
        if (socket is null)
            return null;
        var found = new List<ListeningSocket>();
        var buffer = new byte[NetlinkSocket.ReceiveSize];
        var sequence = 0u;
        foreach (var family in (AddressFamily[])[AddressFamily.InterNetwork, AddressFamily.InterNetworkV6])
        {
            var before = found.Count;
            var state = DumpState.Interrupted;
            for (var tries = 0; tries < MaxTries && state == DumpState.Interrupted; tries++)
            {
                found.RemoveRange(before, found.Count - before);
                state = Dump(socket, protocol, family, listeners, ++sequence, buffer, found);
            }

            if (state == DumpState.Failed)
                return null;
        }

        return found;
    }

    private static DumpState Dump(
        NetlinkSocket socket, PortProtocol protocol, AddressFamily family, bool listeners, uint sequence, byte[] buffer, List<ListeningSocket> found)
    {
        Span<byte> request = stackalloc byte[InetDiagnosis.RequestSize];
        InetDiagnosis.WriteRequest(request, protocol, family, listeners, sequence);
        if (!socket.TrySend(request))
            return DumpState.Failed;
        var interrupted = false;
        for (var datagrams = 0; datagrams < MaxDatagrams; datagrams++)
        {
            var length = socket.Receive(buffer);
            if (length < 0)
                return DumpState.Failed;
            var state = InetDiagnosis.Read(buffer.AsSpan(0, length), protocol, sequence, found, out var last);
            interrupted |= state == DumpState.Interrupted;
            if (state == DumpState.Failed)
                return state;
            if (last)
                return interrupted ? DumpState.Interrupted : DumpState.Good;
        }

        return DumpState.Failed;
    }
}
