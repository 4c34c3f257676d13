using System.Buffers.Text;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Entrepot.Core.Kernel;

namespace Entrepot.Ports.Inventory;

/// <summary>Finds the processes behind sockets by walking <c>/proc/PID/fd</c>. Best effort: processes of other users show nothing to
/// an ordinary user, and a process may end during the walk.</summary>
internal static class SocketOwners
{
    /// <summary>Names the owners of sockets.</summary>
    /// <param name="facts">Reads the processes.</param>
    /// <param name="procFolder">Where the proc file system is mounted.</param>
    /// <param name="sockets">The sockets.</param>
    /// <param name="all">True to find every process that has a socket open, which takes the whole walk; false to stop when each socket
    /// has one: the one with the lowest id.</param>
    public static IReadOnlyList<ListeningSocket> Name(ProcessFacts facts, string procFolder, IReadOnlyList<ListeningSocket> sockets, bool all)
    {
        var holders = new Dictionary<long, int>(sockets.Count);
        foreach (var socket in sockets)
        {
            if (socket.Inode != 0)
                holders[socket.Inode] = 0;
        }

        if (holders.Count == 0)
            return sockets;
        var sharers = new Dictionary<long, List<int>>();
        Walk(facts, procFolder, holders, sharers, all);
        var named = new ListeningSocket[sockets.Count];
        for (var index = 0; index < named.Length; index++)
        {
            var socket = sockets[index];
            named[index] = !holders.TryGetValue(socket.Inode, out var holder) || holder == 0 ? socket : socket with
            {
                Owner = facts.Of(holder),
                Sharers = sharers.TryGetValue(socket.Inode, out var others) ? [.. others.Select(facts.Of)] : [],
            };
        }

        return named;
    }

    /// <summary>Reads <c>socket:[12345]</c>.</summary>
    internal static bool TryInode(ReadOnlySpan<byte> target, out long inode)
    {
        inode = 0;
        return target.StartsWith("socket:["u8) && target[^1] == (byte)']' && target[8..^1] is [>= (byte)'0' and <= (byte)'9', ..] digits
            && Utf8Parser.TryParse(digits, out inode, out var read) && read == digits.Length;
    }

    private static void Walk(ProcessFacts facts, string procFolder, Dictionary<long, int> holders, Dictionary<long, List<int>> sharers, bool all)
    {
        using var links = new LinkFolder();
        var missing = holders.Count;
        foreach (var process in facts.Processes())
        {
            if (!links.TryOpen(string.Create(CultureInfo.InvariantCulture, $"{procFolder}/{process}/fd")))
                continue;  // it ended, or belongs to another user
            while (links.MoveNext())
            {
                if (!TryInode(links.Target(), out var inode))
                    continue;
                ref var holder = ref CollectionsMarshal.GetValueRefOrNullRef(holders, inode);
                if (Unsafe.IsNullRef(ref holder) || holder == process)
                    continue;
                if (holder == 0)
                {
                    holder = process;
                    missing--;
                }
                else if (all)
                {
                    ref var others = ref CollectionsMarshal.GetValueRefOrAddDefault(sharers, inode, out _);
                    others ??= [];
                    if (others.Count == 0 || others[^1] != process)
                        others.Add(process);
                }
            }

            if (missing == 0 && !all)
                return;
        }
    }
}
