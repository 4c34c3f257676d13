using Entrepot.Ports.Firewalls.Rulesets;

namespace Entrepot.Ports.Firewalls.Evaluation;

/// <summary>How a packet leaves a chain.</summary>
internal enum Exit
{
    /// <summary>A rule accepted.</summary>
    Accept,

    /// <summary>A rule dropped.</summary>
    Drop,

    /// <summary>At the end, or by return.</summary>
    Return,
}

/// <summary>One way in which a packet may leave a chain.</summary>
internal readonly record struct Way(Exit Exit, Situation Situation, FilterRule? By);

/// <summary>Takes one packet through the chains of a table. Where something is not known, it goes every way that is possible.</summary>
/// <param name="table">The table.</param>
/// <param name="doubts">Where to note what was not known.</param>
internal sealed class ChainWalk(RuleTable table, ISet<string> doubts)
{
    /// <summary>The kernel refuses deeper jumps (NFT_JUMP_STACK_SIZE).</summary>
    private const int DeepestJump = 16;

    private const int MostSituations = 64;

    public List<Way> Run(RuleChain chain, Situation start) => Run(chain, start, 0);

    private List<Way> Run(RuleChain chain, Situation start, int depth)
    {
        var ways = new List<Way>();
        List<Situation> live = [start];
        foreach (var rule in chain.Rules)
        {
            var next = new List<Situation>();
            foreach (var situation in live)
                Apply(rule, situation, depth, ways, next);
            live = [.. next.Distinct()];
            if (live.Count == 0)
                break;
            if (live.Count > MostSituations)
            {
                doubts.Add($"{rule.Place}: too many ways to follow");
                return [.. ways, new Way(Exit.Accept, start, rule), new Way(Exit.Drop, start, rule), new Way(Exit.Return, start, rule)];
            }
        }

        ways.AddRange(live.Select(static situation => new Way(Exit.Return, situation, null)));
        return [.. ways.DistinctBy(static way => (way.Exit, way.Situation))];
    }

    private void Apply(FilterRule rule, Situation start, int depth, List<Way> ways, List<Situation> next)
    {
        List<Situation> current = [start];
        foreach (var statement in rule.Statements)
        {
            var after = new List<Situation>(current.Count);
            foreach (var situation in current)
                Apply(rule, statement, situation, depth, new Results(ways, after, next));
            current = after;
            if (current.Count == 0)
                return;
        }

        next.AddRange(current);
    }

    private void Apply(FilterRule rule, Statement statement, Situation situation, int depth, Results results)
    {
        switch (statement)
        {
            case MatchStatement match:
                var answer = Lookup.Key(situation, match.Fields) is not { } key ? Answer.No
                    : match.Negated ? Lookup.Not(Lookup.Contains(match.Values, key))
                    : Lookup.Contains(match.Values, key);
                if (answer != Answer.No)
                    results.GoesOn.Add(situation);
                if (answer != Answer.Yes)
                    results.Ends.Add(situation);
                if (answer == Answer.Maybe)
                    doubts.Add($"{rule.Place}: {match.Values.Doubt ?? match.Fields.FirstOrDefault(static read => read.Text is not null)?.Text ?? string.Join(" . ", match.Fields.Select(static read => read.Field))}");
                break;
            case HistoryStatement history:
                doubts.Add($"{rule.Place}: {history.Text}");
                results.GoesOn.Add(situation);
                results.Ends.Add(situation);
                break;
            case UnknownStatement unknown:
                doubts.Add($"{rule.Place}: {unknown.Text}");
                results.GoesOn.Add(situation);
                results.Ends.Add(situation);
                if (unknown.MayDecide)
                    results.Anything(rule, situation);
                break;
            case VerdictStatement verdict:
                Decide(rule, verdict.Verdict, situation, depth, results);
                break;
            case VerdictMapStatement map:
                Decide(rule, map, situation, depth, results);
                break;
            case MarkStatement { NeedsConnection: true } when !situation.HasConnection:
                results.Ends.Add(situation);
                break;
            case MarkStatement mark:
                results.GoesOn.Add(Mark(situation, mark));
                break;
            case UntrackStatement:
                results.GoesOn.Add(situation.Tracked ? situation : situation with { State = ConnectionState.Untracked });
                break;
            case TranslateStatement translate:
                if (Translate(situation, translate) is { } translated)
                    results.Ways.Add(new Way(Exit.Accept, translated, rule));
                else
                    results.GoesOn.Add(situation);
                break;
            case SourceTranslateStatement:
                results.Ways.Add(new Way(Exit.Accept, situation, rule));
                break;
            default:
                throw new InvalidOperationException($"Nothing evaluates {statement}.");
        }
    }

    private void Decide(FilterRule rule, VerdictMapStatement map, Situation situation, int depth, Results results)
    {
        if (Lookup.Key(situation, map.Fields) is not { } key)
        {
            results.Ends.Add(situation);
            return;
        }

        if (map.Map.Doubt is { } doubt)
        {
            doubts.Add($"{rule.Place}: {doubt}");
            results.Anything(rule, situation);
        }

        foreach (var element in map.Map.Elements)
        {
            var answer = Lookup.Matches(element, key);
            if (answer == Answer.No)
                continue;
            Decide(rule, element.Verdict!, situation, depth, results);
            if (answer == Answer.Yes && map.Map.Doubt is null)
                return;
            doubts.Add($"{rule.Place}: {string.Join(" . ", map.Fields.Select(static read => read.Field))}");
        }

        results.Ends.Add(situation);
    }

    private void Decide(FilterRule rule, RuleVerdict verdict, Situation situation, int depth, Results results)
    {
        switch (verdict.Kind)
        {
            case VerdictKind.Accept:
                results.Ways.Add(new Way(Exit.Accept, situation, rule));
                break;
            case VerdictKind.Drop or VerdictKind.Reject:
                results.Ways.Add(new Way(Exit.Drop, situation, rule));
                break;
            case VerdictKind.Return:
                results.Ways.Add(new Way(Exit.Return, situation, rule));
                break;
            case VerdictKind.Continue:
                results.Ends.Add(situation);
                break;
            case VerdictKind.Queue:
                doubts.Add($"{rule.Place}: a program decides");
                results.Ways.Add(new Way(Exit.Accept, situation, rule));
                results.Ways.Add(new Way(Exit.Drop, situation, rule));
                break;
            default:
                var target = depth < DeepestJump ? table.Chains.FirstOrDefault(chain => chain.Name == verdict.Chain) : null;
                if (target is null)
                {
                    doubts.Add($"{rule.Place}: chain {verdict.Chain} is not there, or jumps go too deep");
                    results.Anything(rule, situation);
                    results.Ends.Add(situation);
                    break;
                }

                foreach (var way in Run(target, situation, depth + 1))
                {
                    if (way.Exit != Exit.Return)
                        results.Ways.Add(way);
                    else if (verdict.Kind == VerdictKind.Goto)
                        results.Ways.Add(way with { By = rule });
                    else
                        results.Ends.Add(way.Situation); // the next rule after the jump
                }

                break;
        }
    }

    private static Situation Mark(Situation situation, MarkStatement mark)
    {
        uint? Write(uint? old) => mark.Keep switch
        {
            null => null,
            0 => mark.Flip,
            { } keep => (old & keep) ^ mark.Flip,
        };
        return mark.Field == PacketField.PacketMark
            ? situation with { PacketMark = Write(situation.PacketMark) }
            : situation with { ConnectionMark = Write(situation.ConnectionMark) };
    }

    /// <summary>The situation after a new destination, or null where the statement does not concern the packet.</summary>
    private static Situation? Translate(Situation situation, TranslateStatement translate)
    {
        var six = situation.Packet.IsIpv6;
        if (translate.OnlyFamily is { } family && (family == FieldValues.Ipv6) != six)
            return null;
        var own = situation.Host.Addresses.Where(address => address.AddressFamily == situation.Packet.Destination.AddressFamily).ToList();
        return situation with
        {
            Translated = true,
            ToSelf = translate.ToSelf,
            Destination = translate.IsVague ? null
                : translate.ToSelf ? situation.Packet.IsLoopback || own.Count != 1 ? null : own[0]
                : translate.Address ?? situation.Destination,
            DestinationPort = translate.IsVague ? null : translate.Port ?? situation.DestinationPort,
        };
    }

    /// <summary>Where the outcomes of a statement go.</summary>
    /// <param name="Ways">Out of the chain.</param>
    /// <param name="GoesOn">To the rule's next statement.</param>
    /// <param name="Ends">To the next rule.</param>
    private readonly record struct Results(List<Way> Ways, List<Situation> GoesOn, List<Situation> Ends)
    {
        public void Anything(FilterRule rule, Situation situation)
        {
            Ways.Add(new Way(Exit.Accept, situation, rule));
            Ways.Add(new Way(Exit.Drop, situation, rule));
        }
    }
}
