using System.Collections.Immutable;
using Entrepot.Core.Faults;
using Entrepot.Ports.Firewalls.Evaluation;
using Entrepot.Ports.Firewalls.Rulesets;

namespace Entrepot.Ports.Firewalls.Proof;

/// <summary>Compares what a rule model wants with what a ruleset does, for every packet that can come in for the host, not a sample of
/// them. Pure. How, and what it does not cover: docs/reference/proof.md.</summary>
public static class RulesetProver
{
    private static readonly ImmutableArray<byte> Protocols = [FieldValues.Tcp, FieldValues.Udp, FieldValues.Sctp, FieldValues.Icmp, FieldValues.Icmp6];

    /// <summary>Compares a model with a ruleset that was read back.</summary>
    public static RulesetProof Prove(RuleModel model, Ruleset ruleset, ProofContext context)
    {
        try
        {
            return Compare(model, ruleset, context);
        }
        catch (FaultException exception) when (exception.Fault.Is(ProofFault.TooLarge))
        {
            return new RulesetProof([], 0, exception.Fault);
        }
    }

    private static RulesetProof Compare(RuleModel model, Ruleset ruleset, ProofContext context)
    {
        var space = new PacketSpace(RulesetSets.Interfaces(ruleset), context.Host);
        if (!space.IsWhole)
            return new RulesetProof([], 0, Fault.Of(ProofFault.TooLarge, FaultKind.TooLarge, "The rules name more interfaces than can be told apart.", null));
        var d = space.Diagram;
        var intent = IntentSets.Of(model, space, context.Now, context.OpeningMarks);
        var real = RulesetSets.Of(ruleset, space, context.Host);
        var (surelyAccepted, surelyDropped) = (d.Minus(real.MayAccept, real.MayDrop), d.Minus(real.MayDrop, real.MayAccept));
        var both = d.And(real.MayAccept, real.MayDrop);
        var differences = new List<(ProofKind Kind, int Set)>
        {
            (ProofKind.Wider, d.And(intent.Drop, surelyAccepted)),
            (ProofKind.Unlimited, d.And(intent.Limit, surelyAccepted)),
            (ProofKind.PerhapsWider, d.And(intent.Drop, both)),
            (ProofKind.Narrower, d.And(d.Or(intent.Accept, intent.Limit), surelyDropped)),
            (ProofKind.PerhapsNarrower, d.And(intent.Accept, both)),
        };
        if (context.OwnTable is { } own)
        {
            var others = RulesetSets.Of(new Ruleset([.. ruleset.Tables.Where(table => table.Name != own)]), space, context.Host);
            differences.Add((ProofKind.Overreach, d.And(intent.Leave, d.Minus(real.MayDrop, others.MayDrop))));
        }

        var (findings, omitted) = (ImmutableArray.CreateBuilder<ProofFinding>(), 0);
        foreach (var (kind, set) in differences)
        {
            foreach (var slice in Slices(space, set))
            {
                if (findings.Count == RulesetProof.MostFindings)
                {
                    omitted++;
                    continue;
                }

                var example = space.Example(slice.Set)!;
                findings.Add(new ProofFinding(
                    kind, slice.Ports, example, IntentEvaluator.Evaluate(model, example, context.Now, context.OpeningMarks),
                    PacketEvaluator.Evaluate(ruleset, example, context.Host)));
            }
        }

        return new RulesetProof(findings.ToImmutable(), omitted, null);
    }

    /// <summary>A set by protocol, and by ports that have the same packets in it.</summary>
    private static IEnumerable<(ImmutableArray<PortSpan> Ports, int Set)> Slices(PacketSpace space, int set)
    {
        foreach (var protocol in Protocols)
        {
            var of = space.Diagram.And(set, space.Protocols(protocol));
            if (protocol is FieldValues.Icmp or FieldValues.Icmp6)
            {
                if (space.Diagram.And(of, space.Family(protocol == FieldValues.Icmp6)) is var messages && messages != DecisionDiagram.Empty)
                    yield return ([], messages);
                continue;
            }

            if (of == DecisionDiagram.Empty)
                continue;

            foreach (var alike in Spans(space.Diagram, Below(space.Diagram, of, protocol)).GroupBy(static span => span.Below, static span => span.Ports))
            {
                ImmutableArray<PortSpan> ports = [.. alike];
                var first = space.Bits(PacketSpace.Layout.DestinationPort, 16, new ValueRange((UInt128)ports[0].First, (UInt128)ports[0].Last), UInt128.MaxValue, 0);
                yield return (ports, space.Diagram.And(of, first));
            }
        }
    }

    /// <summary>What follows the bits of a protocol.</summary>
    private static int Below(DecisionDiagram diagram, int set, byte protocol)
    {
        while (diagram.BitOf(set) < PacketSpace.Layout.DestinationPort)
            set = diagram.Branch(set, (protocol >> (7 - diagram.BitOf(set)) & 1) != 0);
        return set;
    }

    /// <summary>Spans of ports, in order, with what follows them; those that nothing follows are left out.</summary>
    private static List<(PortSpan Ports, int Below)> Spans(DecisionDiagram diagram, int set)
    {
        var spans = new List<(PortSpan Ports, int Below)>();
        Walk(set, 0, 16);
        return spans;

        void Walk(int node, int first, int left)
        {
            if (node == DecisionDiagram.Empty)
                return;
            var bit = diagram.BitOf(node);
            if (left == 0 || bit >= PacketSpace.Layout.Family)
            {
                var last = first + (1 << left) - 1;
                if (spans.Count > 0 && spans[^1].Below == node && spans[^1].Ports.Last == first - 1)
                    spans[^1] = (new PortSpan(spans[^1].Ports.First, last), node);
                else
                    spans.Add((new PortSpan(first, last), node));
                return;
            }

            var asked = bit == PacketSpace.Layout.DestinationPort + 16 - left;
            Walk(asked ? diagram.Branch(node, one: false) : node, first, left - 1);
            Walk(asked ? diagram.Branch(node, one: true) : node, first + (1 << (left - 1)), left - 1);
        }
    }
}
