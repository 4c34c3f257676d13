namespace Entrepot.Ports.Allocation.Factors;

/// <summary>Factor 7: a number that the neighbours use already lets one rule cover the segment: the hub's in a star, that of the nodes
/// before and after in a ring, the parent's in a tree.</summary>
internal sealed class TopologyFactor : PortFactorRule
{
    private const byte Apart = 102;
    private const byte FarNeighbour = 204;

    public override PortFactor Factor => PortFactor.Topology;

    public override string? Missing(FactorContext context) => context.Evidence.Topology is null ? "the node's neighbours are not known" : null;

    public override ReadOnlySpan<byte> Score(FactorContext context, int first, Span<byte> scratch)
    {
        var topology = context.Evidence.Topology!;
        scratch.Fill(Apart);
        Mark(topology.Far, first, scratch, FarNeighbour);
        Mark(topology.Near, first, scratch, Best);
        return scratch;
    }

    public override string Say(FactorContext context, int port)
    {
        var topology = context.Evidence.Topology!;
        if (topology.Near.Contains(port))
            return topology.Shape switch
            {
                TopologyShape.Star => "the hub has it",
                TopologyShape.Ring => "the next in the ring has it",
                _ => "the parent has it",
            };
        return topology.Far.Contains(port) ? "others of the segment have it" : "no neighbour has it";
    }
}
