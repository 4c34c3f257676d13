using System.Net;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Inventory;

namespace Entrepot.Server.PortWatch;

/// <summary>Remembers what listened at the last look, so that a look at which nothing changed costs no more than the kernel's own list.</summary>
internal sealed class ListenerMarks
{
    private HashSet<(PortProtocol, IPAddress, int, long)> _last = [];

    /// <summary>Compares.</summary>
    /// <param name="sockets">What listens now, without owners.</param>
    /// <param name="appeared">The sockets that were not there before.</param>
    /// <returns>True when anything came or went.</returns>
    public bool Changed(IEnumerable<ListeningSocket> sockets, out IReadOnlyList<ListeningSocket> appeared)
    {
        var now = new HashSet<(PortProtocol, IPAddress, int, long)>(_last.Count);
        var added = new List<ListeningSocket>();
        foreach (var socket in sockets)
        {
            // The inode tells a new socket on the same port from the old one: a stranger who took over.
            var mark = (socket.Protocol, socket.Address, socket.Port, socket.Inode);
            if (now.Add(mark) && !_last.Contains(mark))
                added.Add(socket);
        }

        appeared = added;
        var changed = added.Count > 0 || now.Count != _last.Count;
        _last = now;
        return changed;
    }
}
