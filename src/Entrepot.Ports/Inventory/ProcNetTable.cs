using System.Globalization;
using System.Net;
using System.Runtime.InteropServices;
using Entrepot.Ports.Allocation;

namespace Entrepot.Ports.Inventory;

/// <summary>Reads the kernel's socket tables as <c>/proc/net/tcp</c>, <c>tcp6</c>, <c>udp</c> and <c>udp6</c> show them (proc_net(5)).
/// A line that is cut off or not understood is left out.</summary>
internal static class ProcNetTable
{
    private const int FieldCount = 10;  // sl local remote st queues timer retransmits uid timeout inode
    private const int Listen = 0x0A;  // TCP_LISTEN
    private const int SynReceived = 0x03;  // TCP_SYN_RECV
    private const int TimeWait = 0x06;  // TCP_TIME_WAIT
    private const int NewSynReceived = 0x0C;  // TCP_NEW_SYN_RECV

    /// <summary>The sockets of both address families.</summary>
    /// <param name="folder">Such as <c>/proc/net</c>.</param>
    /// <param name="protocol">The transport.</param>
    /// <returns>Empty where the tables are missing; <see cref="Exists"/> tells that apart.</returns>
    public static IEnumerable<ListeningSocket> Read(string folder, PortProtocol protocol)
        => new[] { protocol.Name(), protocol.Name() + "6" }.SelectMany(table => Parse(Text(Path.Combine(folder, table)), protocol));

    /// <summary>True when the kernel shows the protocol here.</summary>
    public static bool Exists(string folder, PortProtocol protocol)
        => File.Exists(Path.Combine(folder, protocol.Name())) || File.Exists(Path.Combine(folder, protocol.Name() + "6"));

    /// <summary>Sockets of one table. Half-open and time-wait entries are no sockets any more, or not yet, and are left out: they do
    /// not keep a listener from binding.</summary>
    public static IReadOnlyList<ListeningSocket> Parse(ReadOnlySpan<char> table, PortProtocol protocol)
    {
        var sockets = new List<ListeningSocket>();
        for (var end = table.IndexOf('\n'); end >= 0; end = table.IndexOf('\n'))
        {
            if (Line(table[..end], protocol) is { } socket)
                sockets.Add(socket);
            table = table[(end + 1)..];
        }

        return sockets;
    }

    private static ListeningSocket? Line(ReadOnlySpan<char> line, PortProtocol protocol)
    {
        Span<Range> fields = stackalloc Range[FieldCount + 1];
        if (line.SplitAny(fields, " \t", StringSplitOptions.RemoveEmptyEntries) < FieldCount)
            return null;
        if (!TryEndPoint(line[fields[1]], out var local) || !TryEndPoint(line[fields[2]], out var peer)
            || !int.TryParse(line[fields[3]], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var state)
            || !int.TryParse(line[fields[7]], NumberStyles.None, CultureInfo.InvariantCulture, out var user)
            || !long.TryParse(line[fields[9]], NumberStyles.None, CultureInfo.InvariantCulture, out var inode))
            return null;
        if (local.Port == 0)
            return null;
        var isTcp = protocol == PortProtocol.Tcp;
        if (isTcp && state is SynReceived or TimeWait or NewSynReceived)
            return null;
        return new ListeningSocket(
            protocol, local.Address, local.Port, !isTcp || state == Listen, peer.Port == 0 ? null : peer, inode, inode == 0 ? null : user);
    }

    private static bool TryEndPoint(ReadOnlySpan<char> text, out IPEndPoint endPoint)
    {
        endPoint = new IPEndPoint(0, 0);
        var colon = text.IndexOf(':');
        if (colon is not (8 or 32)
            || !ushort.TryParse(text[(colon + 1)..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var port))
            return false;

        // The kernel prints the address as words of 32 bits in its own byte order.
        Span<uint> words = stackalloc uint[colon / 8];
        for (var index = 0; index < words.Length; index++)
        {
            if (!uint.TryParse(text.Slice(index * 8, 8), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out words[index]))
                return false;
        }

        var address = new IPAddress(MemoryMarshal.AsBytes(words));
        endPoint = new IPEndPoint(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address, port);
        return true;
    }

    private static string Text(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
