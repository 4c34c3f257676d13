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

            foreach (var alike in Spans(space.Diagram, AtPorts(space.Diagram, of)).GroupBy(static span => span.Below, static span => span.Ports))
            {
                ImmutableArray<PortSpan> ports = [.. alike];
                var first = space.Bits(PacketSpace.Layout.DestinationPort, 16, new ValueRange((UInt128)ports[0].First, (UInt128)ports[0].Last), UInt128.MaxValue, 0);
                yield return (ports, space.Diagram.And(of, first));
            }
        }
    }

    /// <summary>The nodes that come first among those that ask the port or what comes after it: one for each way to get there.</summary>
    private static ImmutableArray<int> AtPorts(DecisionDiagram diagram, int set)
    {
        var (seen, found) = (new HashSet<int>(), ImmutableArray.CreateBuilder<int>());
        var left = new Stack<int>([set]);
        while (left.TryPop(out var node))
        {
            if (node == DecisionDiagram.Empty || !seen.Add(node))
                continue;
            if (diagram.BitOf(node) >= PacketSpace.Layout.DestinationPort)
            {
                found.Add(node);
                continue;
            }

            left.Push(diagram.Branch(node, one: false));
            left.Push(diagram.Branch(node, one: true));
        }

        return found.ToImmutable();
    }

    /// <summary>Spans of ports, in order, and what distinguishes them; those that are not in the set are left out.</summary>
    private static List<(PortSpan Ports, string Below)> Spans(DecisionDiagram diagram, ImmutableArray<int> set)
    {
        var spans = new List<(PortSpan Ports, string Below)>();
        Walk(set, 0, 16);
        return spans;

        void Walk(ImmutableArray<int> nodes, int first, int left)
        {
            var bit = PacketSpace.Layout.DestinationPort + 16 - left;
            if (nodes.All(static node => node == DecisionDiagram.Empty))
                return;
            if (nodes.All(node => diagram.BitOf(node) >= PacketSpace.Layout.DestinationPort + 16))
            {
                var (last, below) = (first + (1 << left) - 1, string.Join(',', nodes));
                if (spans.Count > 0 && spans[^1].Below == below && spans[^1].Ports.Last == first - 1)
                    spans[^1] = (new PortSpan(spans[^1].Ports.First, last), below);
                else
                    spans.Add((new PortSpan(first, last), below));
                return;
            }

            Walk([.. nodes.Select(node => diagram.BitOf(node) == bit ? diagram.Branch(node, one: false) : node)], first, left - 1);
            Walk([.. nodes.Select(node => diagram.BitOf(node) == bit ? diagram.Branch(node, one: true) : node)], first + (1 << (left - 1)), left - 1);
        }
    }
}
