using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Entrepot.Ports.Firewalls.Evaluation;
using Entrepot.Ports.Firewalls.Rulesets;

namespace Entrepot.Ports.Firewalls.Proof;

/// <summary>Sets of packets, by what rules have changed about them.</summary>
internal sealed class Flows(DecisionDiagram diagram)
{
    private readonly Dictionary<Change, int> _sets = [];

    public int Count => _sets.Count;

    public IEnumerable<KeyValuePair<Change, int>> All => _sets.Where(static flow => flow.Value != DecisionDiagram.Empty);

    public int Union => All.Aggregate(DecisionDiagram.Empty, (all, flow) => diagram.Or(all, flow.Value));

    public void Add(Change change, int set)
    {
        if (set != DecisionDiagram.Empty)
            _sets[change] = _sets.TryGetValue(change, out var known) ? diagram.Or(known, set) : set;
    }

    public void Add(Flows others)
    {
        foreach (var (change, set) in others.All)
            Add(change, set);
    }
}

/// <summary>Takes sets of packets through the chains of a table: the counterpart of <see cref="ChainWalk"/>. Where something is not known,
/// packets go every way that is possible, so that nothing possible is left out.</summary>
internal sealed class SetWalk(RuleTable table, PacketSpace space, HostView host)
{
    private const int DeepestJump = 16;
    private const int MostChanges = 256;

    private static readonly FieldRead Connection = new(PacketField.ConnectionMark);

    private readonly DecisionDiagram _diagram = space.Diagram;
    private readonly FieldSets _fields = new(space, host);
    private readonly Dictionary<string, RuleChain> _chains = table.Chains.DistinctBy(static chain => chain.Name).ToDictionary(static chain => chain.Name, StringComparer.Ordinal);

    /// <summary>Packets that a rule dropped so far.</summary>
    public int Dropped { get; private set; }

    /// <summary>Packets that left a chain by acceptance, and those that came to its end.</summary>
    public (Flows Accepted, Flows Returned) Run(RuleChain chain, Flows flows) => Run(chain, flows, 0);

    private (Flows Accepted, Flows Returned) Run(RuleChain chain, Flows flows, int depth)
    {
        var step = new Step(new Flows(_diagram), new Flows(_diagram), new Flows(_diagram), depth);
        var live = flows;
        foreach (var rule in chain.Rules)
        {
            if (!live.All.Any())
                break;
            step = step with { Next = new Flows(_diagram) };
            var current = live;
            foreach (var statement in rule.Statements)
            {
                var on = new Flows(_diagram);
                foreach (var (change, set) in current.All)
                    Apply(statement, change, set, on, step);
                current = on;
            }

            step.Next.Add(current);
            live = step.Next;
            if (live.Count > MostChanges)
                live = Forget(live);
        }

        step.Returned.Add(live);
        return (step.Accepted, step.Returned);
    }

    private void Apply(Statement statement, Change change, int set, Flows on, Step step)
    {
        switch (statement)
        {
            case MatchStatement match:
                var (yes, no) = Split(match, change);
                on.Add(change, _diagram.And(set, yes));
                step.Next.Add(change, _diagram.And(set, no));
                break;
            case HistoryStatement:
                on.Add(change, set);
                step.Next.Add(change, set);
                break;
            case UnknownStatement unknown:
                on.Add(change, set);
                step.Next.Add(change, set);
                if (unknown.MayDecide)
                    Anything(change, set, step);
                break;
            case VerdictStatement verdict:
                Decide(verdict.Verdict, change, set, step);
                break;
            case VerdictMapStatement map:
                Decide(map, change, set, step);
                break;
            case MarkStatement mark:
                var able = mark.NeedsConnection ? _diagram.And(set, _fields.Has(Connection, change)) : set;
                on.Add(Write(change, mark), able);
                step.Next.Add(change, _diagram.Minus(set, able));
                break;
            case UntrackStatement:
                on.Add(change.Tracked ? change : change with { Untracked = true }, set);
                break;
            case TranslateStatement translate:
                Translate(translate, change, set, on, step);
                break;
            case SourceTranslateStatement:
                step.Accepted.Add(change, set);
                break;
            default:
                throw new InvalidOperationException($"Nothing evaluates {statement}.");
        }
    }

    /// <summary>Packets for which the rule may go on, and packets for which it may end.</summary>
    private (int Yes, int No) Split(MatchStatement match, Change change)
    {
        var has = Has(match.Fields, change);
        var found = In(match.Fields, match.Values, change);
        return match.Negated
            ? (_diagram.Minus(has, found.Must), _diagram.Or(_diagram.Not(has), found.May))
            : (_diagram.And(has, found.May), _diagram.Not(_diagram.And(has, found.Must)));
    }

    private int Has(ImmutableArray<FieldRead> fields, Change change)
        => fields.Aggregate(DecisionDiagram.Everything, (all, read) => _diagram.And(all, _fields.Has(read, change)));

    private Bounds In(ImmutableArray<FieldRead> fields, ValueSet values, Change change)
    {
        if (values.Doubt is not null)
            return Bounds.Unknown;
        var (may, must) = (new List<int>(values.Elements.Length), new List<int>(values.Elements.Length));
        var isExact = true;
        foreach (var element in values.Elements)
        {
            var one = In(fields, element, change);
            may.Add(one.May);
            must.Add(one.Must);
            isExact &= one.May == one.Must;
        }

        var union = _diagram.Union(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(may));
        return isExact ? Bounds.Exactly(union) : new Bounds(union, _diagram.Union(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(must)));
    }

    /// <summary>Packets of one element. Fields are joined from the last bit up, which is cheapest.</summary>
    private Bounds In(ImmutableArray<FieldRead> fields, SetElement element, Change change)
    {
        var bounds = Bounds.Exactly(DecisionDiagram.Everything);
        var hasPorts = HasPorts(fields, element);
        for (var index = fields.Length - 1; index >= 0; index--)
        {
            var field = _fields.In(fields[index], element.Key[index], change, hasPorts);
            var may = _diagram.And(field.May, bounds.May);
            bounds = new Bounds(may, field.May == field.Must && bounds.May == bounds.Must ? may : _diagram.And(field.Must, bounds.Must));
        }

        return bounds;
    }

    /// <summary>True when the key names a transport that has ports.</summary>
    private static bool HasPorts(ImmutableArray<FieldRead> fields, SetElement element)
    {
        for (var index = 0; index < fields.Length; index++)
        {
            if (fields[index] is { OnlyProtocol: { } only } && FieldValues.HasPorts(only))
                return true;
            if (fields[index] is { Field: PacketField.Protocol, Flip: var flip } read && flip == 0 && read.Mask == UInt128.MaxValue
                && element.Key[index] is { Name: null } range && range.First == range.Last && range.First < 256 && FieldValues.HasPorts((int)range.First))
                return true;
        }

        return false;
    }

    private void Decide(VerdictMapStatement map, Change change, int set, Step step)
    {
        var has = Has(map.Fields, change);
        var rest = _diagram.And(set, has);
        step.Next.Add(change, _diagram.Minus(set, has));
        if (map.Map.Doubt is not null)
        {
            Anything(change, rest, step);
            foreach (var element in map.Map.Elements)
                Decide(element.Verdict!, change, rest, step);
            step.Next.Add(change, rest);
            return;
        }

        var sure = new List<int>(map.Map.Elements.Length);
        foreach (var element in map.Map.Elements)
        {
            var bounds = In(map.Fields, element, change);
            sure.Add(bounds.Must);
            Decide(element.Verdict!, change, _diagram.And(rest, bounds.May), step);
        }

        step.Next.Add(change, _diagram.Minus(rest, _diagram.Union(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(sure))));
    }

    private void Decide(RuleVerdict verdict, Change change, int set, Step step)
    {
        if (set == DecisionDiagram.Empty)
            return;
        switch (verdict.Kind)
        {
            case VerdictKind.Accept:
                step.Accepted.Add(change, set);
                break;
            case VerdictKind.Drop or VerdictKind.Reject:
                Dropped = _diagram.Or(Dropped, set);
                break;
            case VerdictKind.Return:
                step.Returned.Add(change, set);
                break;
            case VerdictKind.Continue:
                step.Next.Add(change, set);
                break;
            case VerdictKind.Queue:
                Anything(change, set, step);
                break;
            default:
                if (step.Depth >= DeepestJump || !_chains.TryGetValue(verdict.Chain ?? "", out var target))
                {
                    Anything(change, set, step);
                    step.Next.Add(change, set);
                    break;
                }

                var flows = new Flows(_diagram);
                flows.Add(change, set);
                var (accepted, returned) = Run(target, flows, step.Depth + 1);
                step.Accepted.Add(accepted);
                (verdict.Kind == VerdictKind.Goto ? step.Returned : step.Next).Add(returned);
                break;
        }
    }

    private void Translate(TranslateStatement translate, Change change, int set, Flows on, Step step)
    {
        var six = space.Family(six: true);
        var concerned = translate.OnlyFamily switch
        {
            null => set,
            FieldValues.Ipv6 => _diagram.And(set, six),
            _ => _diagram.Minus(set, six),
        };
        on.Add(change, _diagram.Minus(set, concerned));
        var after = change with
        {
            Translated = true,
            ToSelf = translate.ToSelf,
            HasNewDestination = change.HasNewDestination || translate.IsVague || translate.ToSelf || translate.Address is not null,
            Destination = translate.IsVague || translate.ToSelf ? null : translate.Address ?? change.Destination,
            HasNewPort = change.HasNewPort || translate.IsVague || translate.Port is not null,
            Port = translate.IsVague ? null : translate.Port ?? change.Port,
        };
        if (!translate.ToSelf || translate.IsVague)
        {
            step.Accepted.Add(after, concerned);
            return;
        }

        // Redirected to the address of the interface, which is known where there is only one.
        step.Accepted.Add(after, _diagram.And(concerned, space.Loopback));
        var fromOutside = _diagram.Minus(concerned, space.Loopback);
        step.Accepted.Add(after with { Destination = OnlyAddress(AddressFamily.InterNetwork) }, _diagram.Minus(fromOutside, six));
        step.Accepted.Add(after with { Destination = OnlyAddress(AddressFamily.InterNetworkV6) }, _diagram.And(fromOutside, six));
    }

    private IPAddress? OnlyAddress(AddressFamily family)
        => host.Addresses.Where(address => address.AddressFamily == family).Take(2).ToList() is [var only] ? only : null;

    private void Anything(Change change, int set, Step step)
    {
        step.Accepted.Add(change, set);
        Dropped = _diagram.Or(Dropped, set);
    }

    private static Change Write(Change change, MarkStatement mark)
    {
        if (mark.Field == PacketField.PacketMark)
            return change with { PacketMark = mark.Keep is { } kept ? kept == 0 ? mark.Flip : (change.PacketMark & kept) ^ mark.Flip : null };
        return mark.Keep switch
        {
            null => change with { MarkKeep = null, MarkFlip = 0 },
            0 => change with { MarkKeep = 0, MarkFlip = mark.Flip },
            { } keep => change with { MarkKeep = change.MarkKeep & keep, MarkFlip = (change.MarkFlip & keep) ^ mark.Flip },
        };
    }

    /// <summary>Too many different marks to follow: from here on they are not known.</summary>
    private Flows Forget(Flows flows)
    {
        var fewer = new Flows(_diagram);
        foreach (var (change, set) in flows.All)
            fewer.Add(change with { PacketMark = null, MarkKeep = null, MarkFlip = 0 }, set);
        return fewer;
    }

    /// <summary>Where packets go from a rule.</summary>
    private sealed record Step(Flows Accepted, Flows Returned, Flows Next, int Depth);
}
