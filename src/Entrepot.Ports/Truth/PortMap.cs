using Entrepot.Ports.Allocation;
using Entrepot.Ports.Inventory;
using Entrepot.Ports.Pools;

namespace Entrepot.Ports.Truth;

/// <summary>What a range of ports is for.</summary>
public enum PortRangeKind
{
    /// <summary>Services get ports from it.</summary>
    Pool,

    /// <summary>Outgoing connections get ports from it, and it is not reserved.</summary>
    Ephemeral,

    /// <summary>Services are kept from it.</summary>
    Forbidden,
}

/// <summary>A range of ports with a meaning.</summary>
/// <param name="Kind">What it is for.</param>
/// <param name="Name">Its name.</param>
/// <param name="First">Lowest port.</param>
/// <param name="Last">Highest port, included.</param>
public sealed record PortRangeNote(PortRangeKind Kind, string Name, int First, int Last)
{
    /// <summary>The ranges of a host: its pools, the kernel's range without what is reserved, the block list of TCP.</summary>
    public static IReadOnlyList<PortRangeNote> Of(IEnumerable<PortPool> pools, EphemeralRange range) =>
    [
        .. pools.Select(static pool => new PortRangeNote(PortRangeKind.Pool, pool.Name, pool.First, pool.Last)),
        .. range.Unreserved.Ranges().Select(static part => new PortRangeNote(PortRangeKind.Ephemeral, "outgoing connections", part.First, part.Last)),
        .. ForbiddenPorts.All.Where(static port => port.Protocol is null or PortProtocol.Tcp)
            .Select(static port => new PortRangeNote(PortRangeKind.Forbidden, port.Known, port.First, port.Last)),
    ];
}

/// <summary>What is shown for a port; the higher one wins where several are true or several ports share a cell.</summary>
public enum PortMark
{
    /// <summary>Nothing.</summary>
    Free,

    /// <summary>In the range of outgoing connections.</summary>
    Ephemeral,

    /// <summary>On the block list.</summary>
    Forbidden,

    /// <summary>In a pool.</summary>
    Pool,

    /// <summary>Bound, for this machine only or in a container.</summary>
    Local,

    /// <summary>Declared, and nobody listens.</summary>
    Declared,

    /// <summary>Declared and bound.</summary>
    Serving,

    /// <summary>Something about it is a finding.</summary>
    Finding,
}

/// <summary>A cell of the map.</summary>
/// <param name="First">Its lowest port.</param>
/// <param name="Last">Its highest port, included.</param>
/// <param name="Mark">The strongest mark of its ports.</param>
/// <param name="Ports">The rows of its ports.</param>
public sealed record PortCell(int First, int Last, PortMark Mark, IReadOnlyList<PortStatus> Ports);

/// <summary>The port space, drawn as cells of equal size. Pure.</summary>
public sealed class PortMap
{
    /// <summary>Cells of a row.</summary>
    public const int Columns = 64;

    /// <summary>Most rows.</summary>
    public const int MaxRows = 16;

    private PortMap(int first, int last, int cellSize, IReadOnlyList<PortCell> cells)
        => (First, Last, CellSize, Cells) = (first, last, cellSize, cells);

    /// <summary>Lowest port of the map.</summary>
    public int First { get; }

    /// <summary>Highest port, included.</summary>
    public int Last { get; }

    /// <summary>Ports of a cell.</summary>
    public int CellSize { get; }

    /// <summary>The cells, by port.</summary>
    public IReadOnlyList<PortCell> Cells { get; }

    /// <summary>Draws a range, with as many ports in a cell as it takes for the map to have at most <see cref="MaxRows"/> rows.</summary>
    /// <param name="status">What is known.</param>
    /// <param name="first">Lowest port, 0–65535.</param>
    /// <param name="last">Highest port, included.</param>
    public static PortMap Of(StatusDocument status, int first = 0, int last = PortSet.MaxPort)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(first);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(last, PortSet.MaxPort);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(first, last);
        var count = last - first + 1;
        var size = 1;
        while ((count + size - 1) / size > Columns * MaxRows)
            size *= 2;
        var marks = Marks(status);
        var rows = status.Ports.Where(row => row.Port >= first && row.Port <= last).ToLookup(row => (row.Port - first) / size);
        var cells = new List<PortCell>((count + size - 1) / size);
        for (var at = first; at <= last; at += size)
        {
            var end = Math.Min(last, at + size - 1);
            cells.Add(new PortCell(at, end, (PortMark)marks[at..(end + 1)].Max(), [.. rows[(at - first) / size]]));
        }

        return new PortMap(first, last, size, cells);
    }

    private static byte[] Marks(StatusDocument status)
    {
        var marks = new byte[PortSet.MaxPort + 1];
        foreach (var range in status.Ranges)
        {
            var mark = range.Kind switch { PortRangeKind.Pool => PortMark.Pool, PortRangeKind.Forbidden => PortMark.Forbidden, _ => PortMark.Ephemeral };
            for (var port = range.First; port <= range.Last; port++)
                marks[port] = Math.Max(marks[port], (byte)mark);
        }

        foreach (var row in status.Ports)
            marks[row.Port] = Math.Max(marks[row.Port], (byte)MarkOf(row));
        return marks;
    }

    private static PortMark MarkOf(PortStatus row) => row switch
    {
        { IsFinding: true } => PortMark.Finding,
        { Declared: Declared.No, Bound: Bound.Nobody or Bound.Unknown } => PortMark.Free,
        { Declared: Declared.No } => PortMark.Local,
        { Bound: Bound.Nobody or Bound.Unknown } => PortMark.Declared,
        _ => PortMark.Serving,
    };
}
