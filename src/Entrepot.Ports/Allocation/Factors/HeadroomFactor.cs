using System.Globalization;

namespace Entrepot.Ports.Allocation.Factors;

/// <summary>Factor 11: a port at the edge of a gap leaves the rest of it whole, for blocks of adjacent ports; one in the middle halves
/// it. Gaps are those between occupied ports of the whole number space, whatever the pools are. A gap below <see cref="Small"/> has
/// nothing to save.</summary>
internal sealed class HeadroomFactor : PortFactorRule
{
    /// <summary>The smallest gap that is worth keeping whole: the smallest static band of a pool.</summary>
    public const int Small = 16;

    // By eighths of the gap that the port is away from its nearer edge.
    private static ReadOnlySpan<byte> Levels => [Best, 217, 178, 140, 102];

    public override PortFactor Factor => PortFactor.Headroom;

    public override string? Missing(FactorContext context) => context.Evidence.Occupied.IsEmpty ? "no port is occupied" : null;

    public override ReadOnlySpan<byte> Score(FactorContext context, int first, Span<byte> scratch)
    {
        var occupied = context.Evidence.Occupied;
        var last = first + scratch.Length - 1;
        for (var port = first; port <= last;)
        {
            if (occupied.Contains(port))
            {
                scratch[port++ - first] = Best;
                continue;
            }

            var (from, to) = Gap(occupied, port);
            for (var end = Math.Min(to, last); port <= end;)
            {
                var (level, until) = to - from + 1 < Small ? (0, to) : Run(from, to, port);
                until = Math.Min(until, end);
                scratch.Slice(port - first, until - port + 1).Fill(Levels[level]);
                port = until + 1;
            }
        }

        return scratch;
    }

    public override string Say(FactorContext context, int port)
    {
        if (context.Evidence.Occupied.Contains(port))
            return "occupied";
        var (from, to) = Gap(context.Evidence.Occupied, port);
        return string.Create(CultureInfo.InvariantCulture, $"leaves {Math.Max(port - from, to - port)} of {to - from + 1} free in a row");
    }

    /// <summary>The level of a port, and the last port after it that has the same.</summary>
    private static (int Level, int Until) Run(int from, int to, int port)
    {
        const int Steps = 8;
        var (left, right, span) = (port - from, to - port, to - from);
        var level = Steps * Math.Min(left, right) / span;
        var until = left < right
            ? from + Math.Min((((level + 1) * span) - 1) / Steps, span / 2)
            : to - (((level * span) + Steps - 1) / Steps);
        return (level, Math.Max(until, port));
    }

    private static (int From, int To) Gap(PortSet occupied, int port)
        => ((occupied.LastAtOrBefore(port) ?? -1) + 1, (occupied.FirstAtOrAfter(port) ?? PortSet.MaxPort + 1) - 1);
}
