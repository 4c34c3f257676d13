using System.Collections.Immutable;
using Entrepot.Ports.Firewalls.Rulesets;

namespace Entrepot.Ports.Firewalls.Evaluation;

/// <summary>Says what a ruleset does with a packet that comes in from the network, as the kernel would: hooks in their order, every base
/// chain of a hook by priority, accept ends one of them, drop is final; translation first, then routing, then input or forward.</summary>
public static class PacketEvaluator
{
    /// <summary>The packet's verdict, with reasons.</summary>
    public static PacketVerdict Evaluate(Ruleset ruleset, Packet packet, HostView host)
    {
        var run = new EvaluationRun(ruleset);
        var situation = new Situation(packet, host);
        var received = run.Pass(HookPoint.Ingress, [new Travel(situation, [])]);
        var routed = run.Pass(HookPoint.Prerouting, received);
        var local = run.Pass(HookPoint.Input, routed.Where(static travel => travel.Situation.IsLocal != false));
        var leaving = routed.Where(static travel => travel.Situation.IsLocal != true).Select(travel => travel with
        {
            Situation = travel.Situation with { OutInterface = travel.Situation.Destination is { } goal ? host.InterfaceTo(goal) : null },
        });
        var forwarded = run.Pass(HookPoint.Postrouting, run.Pass(HookPoint.Forward, leaving));
        var accepted = local.Concat(forwarded).Select(static travel => (ImmutableArray<Decision>?)travel.Decisions).FirstOrDefault();
        return new PacketVerdict(accepted, run.Dropped, accepted is not null && run.Dropped is not null ? [.. run.Doubts] : []);
    }
}

/// <summary>A packet on its way, and what was decided about it so far.</summary>
internal sealed record Travel(Situation Situation, ImmutableArray<Decision> Decisions);

/// <summary>One evaluation under way.</summary>
internal sealed class EvaluationRun(Ruleset ruleset)
{
    public SortedSet<string> Doubts { get; } = new(StringComparer.Ordinal);

    /// <summary>The decisions of the first way that ends in a drop.</summary>
    public ImmutableArray<Decision>? Dropped { get; private set; }

    /// <summary>Takes packets through all base chains of a hook; gives those that get through.</summary>
    public List<Travel> Pass(HookPoint point, IEnumerable<Travel> travels)
    {
        var current = travels.ToList();
        if (current.Count == 0)
            return current;
        foreach (var chain in HookOrder.Of(ruleset, point, current[0].Situation.Packet.IsIpv6))
        {
            var next = new List<Travel>();
            foreach (var travel in current)
                Pass(chain, travel, next);
            current = [.. next.DistinctBy(static travel => travel.Situation)];
        }

        return current;
    }

    private void Pass(BaseChain chain, Travel travel, List<Travel> next)
    {
        var situation = travel.Situation with { Tracked = chain.Hook.Point != HookPoint.Ingress && (chain.Hook.Point != HookPoint.Prerouting || chain.Hook.Priority >= HookOrder.ConnectionTracking) };
        if (Skips(chain.Hook, situation))
        {
            next.Add(travel);
            return;
        }

        foreach (var way in new ChainWalk(chain.Table, Doubts).Run(chain.Chain, situation))
        {
            var drops = way.Exit == Exit.Drop || (way.Exit == Exit.Return && chain.Hook.DropsByDefault);
            var kind = way.Exit == Exit.Return
                ? drops ? DecisionKind.PolicyDropped : DecisionKind.PolicyAccepted
                : drops ? DecisionKind.Dropped : way.Situation.Translated && !situation.Translated ? DecisionKind.Translated : DecisionKind.Accepted;
            var detail = kind == DecisionKind.Translated ? $"to {way.Situation.Destination?.ToString() ?? "?"} port {way.Situation.DestinationPort?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "?"}" : null;
            var decisions = travel.Decisions.Add(new Decision(way.Exit == Exit.Return ? chain.Place : way.By!.Place, kind, detail));
            if (drops)
                Dropped ??= decisions;
            else
                next.Add(new Travel(way.Situation, decisions));
        }
    }

    /// <summary>Chains that translate see the first packet of a connection only, until one of them has translated it; chains of one
    /// device see what comes in by it.</summary>
    private static bool Skips(ChainHook hook, Situation situation)
        => (hook.Kind == ChainKind.Nat
            && (situation.State is not (ConnectionState.New or ConnectionState.Related) || (situation.Translated && hook.Point == HookPoint.Prerouting)))
            || (hook.Device is { } device && device != situation.Packet.Interface);
}
