using Entrepot.Ports.Firewalls.Evaluation;
using Entrepot.Ports.Firewalls.Rulesets;

namespace Entrepot.Ports.Firewalls.Proof;

/// <summary>Which packets to this host a ruleset may accept, and which it may drop: <see cref="PacketEvaluator"/> for all packets at
/// once. Packets in both sets are those on which the ruleset leaves a doubt.</summary>
internal sealed class RulesetSets
{
    private readonly Ruleset _ruleset;
    private readonly PacketSpace _space;
    private readonly HostView _host;
    private readonly DecisionDiagram _diagram;

    private RulesetSets(Ruleset ruleset, PacketSpace space, HostView host)
        => (_ruleset, _space, _host, _diagram) = (ruleset, space, host, space.Diagram);

    private int Dropped { get; set; }

    public static Outcomes Of(Ruleset ruleset, PacketSpace space, HostView host)
    {
        var sets = new RulesetSets(ruleset, space, host);
        var six = space.Family(six: true);
        // Where both families meet the same chains, one journey does for both.
        var accepted = sets.TreatsFamiliesAlike()
            ? sets.Travel(space.Universe, six: false)
            : space.Diagram.Or(sets.Travel(space.Diagram.Minus(space.Universe, six), six: false), sets.Travel(space.Diagram.And(space.Universe, six), six: true));

        return new Outcomes(accepted, sets.Dropped);
    }

    /// <summary>The names of interfaces that a ruleset asks for.</summary>
    public static IEnumerable<string> Interfaces(Ruleset ruleset)
        => from table in ruleset.Tables
           from chain in table.Chains
           from name in chain.Rules.SelectMany(static rule => rule.Statements).SelectMany(Names).Append(chain.Hook?.Device).OfType<string>()
           select name;

    private static IEnumerable<string?> Names(Statement statement) => statement switch
    {
        MatchStatement match => Names(match.Values),
        VerdictMapStatement map => Names(map.Map),
        _ => [],
    };

    private static IEnumerable<string?> Names(ValueSet set) => set.Elements.SelectMany(static element => element.Key).Select(static range => range.Name);

    private bool TreatsFamiliesAlike()
        => _ruleset.Tables.All(static table => table.Sees(six: true) == table.Sees(six: false) || table.Chains.All(static chain => chain.Hook is null));

    private int Travel(int packets, bool six)
    {
        var start = new Flows(_diagram);
        start.Add(new Change(), packets);
        var routed = Pass(HookPoint.Prerouting, Pass(HookPoint.Ingress, start, six), six);
        var (local, leaving) = (new Flows(_diagram), new Flows(_diagram));
        foreach (var (change, set) in routed.All)
        {
            if (change.IsLocal(_host) != false)
                local.Add(change, set);
            if (change.IsLocal(_host) != true)
                leaving.Add(change with { OutInterface = change.Destination is { } goal ? _host.InterfaceTo(goal) : null }, set);
        }

        return _diagram.Or(Pass(HookPoint.Input, local, six).Union, Pass(HookPoint.Postrouting, Pass(HookPoint.Forward, leaving, six), six).Union);
    }

    private Flows Pass(HookPoint point, Flows flows, bool six)
    {
        foreach (var chain in HookOrder.Of(_ruleset, point, six))
        {
            if (!flows.All.Any())
                break;
            var tracked = point != HookPoint.Ingress && (point != HookPoint.Prerouting || chain.Hook.Priority >= HookOrder.ConnectionTracking);
            var (seen, passed) = (new Flows(_diagram), new Flows(_diagram));
            foreach (var (change, set) in flows.All)
            {
                var concerned = Concerned(chain.Hook, change);
                seen.Add(change with { Tracked = tracked }, _diagram.And(set, concerned));
                passed.Add(change, _diagram.Minus(set, concerned));
            }

            var walk = new SetWalk(chain.Table, _space, _host);
            var (accepted, returned) = walk.Run(chain.Chain, seen);
            Dropped = _diagram.Or(Dropped, walk.Dropped);
            passed.Add(accepted);
            if (chain.Hook.DropsByDefault)
                Dropped = _diagram.Or(Dropped, returned.Union);
            else
                passed.Add(returned);
            flows = passed;
        }

        return flows;
    }

    /// <summary>The packets that a base chain sees (see <see cref="EvaluationRun"/>).</summary>
    private int Concerned(ChainHook hook, Change change)
    {
        var set = hook.Device is { } device ? _space.Interface(name => name == device) : DecisionDiagram.Everything;
        if (hook.Kind != ChainKind.Nat)
            return set;
        return change.Untracked || (change.Translated && hook.Point == HookPoint.Prerouting)
            ? DecisionDiagram.Empty
            : _diagram.And(set, _space.AnyState(static state => state is ConnectionState.New or ConnectionState.Related));
    }
}

/// <summary>Packets that may be accepted and packets that may be dropped.</summary>
internal readonly record struct Outcomes(int MayAccept, int MayDrop);
