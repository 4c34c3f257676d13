using System.Globalization;

namespace Entrepot.Ports.Allocation.Factors;

/// <summary>Factor 4: the same number on every node is one entry of a load balancer, and adjacent numbers are one range of it.</summary>
internal sealed class LoadBalancingFactor : PortFactorRule
{
    private const byte Apart = 102;
    private const byte SameBlock = 166;
    private const byte Adjacent = 217;
    private const int Block = 16;  // the smallest aligned range that a masked match takes in one entry without looking odd

    public override PortFactor Factor => PortFactor.LoadBalancing;

    public override string? Missing(FactorContext context)
        => context.Evidence.Peers.IsEmpty && context.Evidence.Siblings.IsEmpty ? "the service has no other port" : null;

    public override ReadOnlySpan<byte> Score(FactorContext context, int first, Span<byte> scratch)
    {
        scratch.Fill(Apart);
        Around(context.Evidence.Peers, first, scratch);
        Around(context.Evidence.Siblings, first, scratch);
        Mark(context.Evidence.Peers, first, scratch, Best);
        Mark(context.Evidence.Siblings, first, scratch, Best);
        return scratch;
    }

    public override string Say(FactorContext context, int port)
    {
        var known = context.Evidence.Peers.Union(context.Evidence.Siblings);
        if (context.Evidence.Peers.Contains(port))
            return "the same number on other nodes";
        if (known.Contains(port))
            return "the same number on another transport";
        var near = known.FirstAtOrAfter(port - (port % Block));
        return known.Contains(port - 1) || known.Contains(port + 1) ? "next to the service's other port"
            : near < port - (port % Block) + Block ? string.Create(CultureInfo.InvariantCulture, $"in a block of {Block} with {near}")
            : "apart from the service's others";
    }

    private static void Around(PortSet known, int first, Span<byte> scores)
    {
        // Nothing that is further away than a block is raised by it.
        for (var from = known.FirstAtOrAfter(first - Block); from is { } start && start < first + scores.Length + Block;)
        {
            var end = known.FirstFreeAtOrAfter(start) ?? PortSet.MaxPort + 1;
            Fill(start - (start % Block), end - 1 - ((end - 1) % Block) + Block - 1, SameBlock, first, scores);
            Fill(start - 1, end, Adjacent, first, scores);
            from = known.FirstAtOrAfter(end);
        }
    }

    private static void Fill(int from, int to, byte score, int first, Span<byte> scores)
    {
        var (low, high) = (Math.Max(from - first, 0), Math.Min(to - first, scores.Length - 1));
        for (var index = low; index <= high; index++)
            scores[index] = Math.Max(scores[index], score);
    }
}
