using System.Globalization;
using Entrepot.Ports.Allocation.Factors;
using Entrepot.Ports.Pools;

namespace Entrepot.Ports.Allocation;

/// <summary>Lays a choice open. Pure: what it shows is what <see cref="PortAllocator.Decide"/> sees.</summary>
public static class PortTabulator
{
    /// <summary>Most rows of allowed and of refused candidates each, unless told otherwise.</summary>
    public const int DefaultRows = 8;

    /// <summary>The most rows that can be asked for.</summary>
    public const int MaxRows = 1000;

    /// <summary>The table for a request.</summary>
    /// <param name="request">What the service asks.</param>
    /// <param name="situation">What is known of the node.</param>
    /// <param name="rows">Most rows of allowed and of refused candidates each.</param>
    /// <param name="whyNot">A port about which it is asked why the service has not got it, or null.</param>
    public static PortTable Tabulate(PortRequest request, PortSituation situation, int rows = DefaultRows, int? whyNot = null)
    {
        rows = Math.Clamp(rows, 1, MaxRows);
        var decision = PortAllocator.Decide(request, situation);
        var sheet = new Sheet(request, situation);
        var (leaders, allowed, refused) = sheet.Survey(rows);
        var shown = new List<int>();
        if (decision.Port is { } choice and not PortRequest.AnyPort)
            shown.Add(choice);
        shown.AddRange(sheet.Named());
        shown.AddRange(leaders);
        shown.AddRange(decision.Candidates.Where(static candidate => !candidate.Allowed).Take(rows).Select(static candidate => candidate.Port));
        if (whyNot is { } asked)
            shown.Add(asked);
        var table = shown.Distinct().Select(port => sheet.Row(port, decision))
            .OrderBy(static row => row.Standing).ThenBy(static row => row.Step ?? PortStep.Kernel).ToList();
        return new PortTable(
            request.Node.Value, request.Service, request.Protocol.Name(), request.Ports, request.Mode, sheet.Evidence.Profile, decision.Port, decision.Reason,
            situation.PreviousPort, FactorProfile.Of(sheet.Evidence.Profile).Weights, table, allowed, refused,
            whyNot is { } port ? WhyNot(request, situation, decision, sheet, port) : null);
    }

    private static PortWhyNot WhyNot(PortRequest request, PortSituation situation, PortDecision decision, Sheet sheet, int port)
    {
        var number = PortAllocator.Text(port);
        var other = sheet.Row(port, decision);
        if (decision.Port == port)
            return new PortWhyNot(port, $"{number} is the choice.", []);
        if (other.Standing == PortStanding.Refused)
            return new PortWhyNot(
                port, $"{number} {string.Join(", and it ", other.Objections.Where(static objection => objection.Effect == PortEffect.Veto).Select(static objection => objection.Text))}.", []);
        if (decision.Port is not { } chosen || chosen == PortRequest.AnyPort)
            return new PortWhyNot(port, $"{number} is free, but '{request.Service}' {Wishes(request)}.", []);
        var choice = sheet.Row(chosen, decision);
        var differences = Sheet.Differences(choice, other);
        var winner = PortAllocator.Text(chosen);
        if (other.Step is null)
            return new PortWhyNot(port, $"{number} is free, but '{request.Service}' {Wishes(request)}.", differences);
        if (choice.Step < other.Step)
            return new PortWhyNot(port, $"{number} is free, but '{request.Service}' comes to it only as '{Name(other.Step)}'; {winner} is its '{Name(choice.Step)}'.", differences);
        var kept = !request.Fresh && situation.PreviousPort == chosen ? $"'{request.Service}' keeps {winner} from its last lease. Chosen anew, " : "";
        var compared = string.Create(CultureInfo.InvariantCulture, $"{other.Total:0.000} against {choice.Total:0.000}");
        return sheet.Compare(chosen, port) switch
        {
            _ when request.Mode == Declarations.AllocationMode.Lowest => new PortWhyNot(port, $"{kept}the lowest free port is taken, whatever the scores are.", []),
            0 => new PortWhyNot(port, Sentence($"{kept}{number} is as good as {winner} ({compared}, less than a 64th apart); the {Order(request)} puts {sheet.First(chosen, port)} first."), differences),
            > 0 => new PortWhyNot(port, Sentence($"{kept}{number} scores lower than {winner}: {compared}."), differences),
            _ => new PortWhyNot(port, Sentence($"{kept}{number} would score higher than {winner}: {compared}."), differences),
        };
    }

    private static string Sentence(string text) => char.ToUpperInvariant(text[0]) + text[1..];

    private static string Order(PortRequest request) => request.Mode == Declarations.AllocationMode.Random ? "draw" : "stable hash";

    private static string Name(PortStep? step) => PortDecision.StepName(step ?? PortStep.Kernel);

    private static string Wishes(PortRequest request)
    {
        var wishes = new List<string>();
        if (request.WantedPort is { } wanted)
            wishes.Add(wanted == PortRequest.AnyPort ? "any port that the kernel picks" : PortAllocator.Text(wanted));
        if (request.Pool is { } pool)
            wishes.Add(pool.ToString());
        if (request.EmergencyPort is { } emergency)
            wishes.Add($"in an emergency {PortAllocator.Text(emergency)}");
        if (request.OverflowPool is { } overflow)
            wishes.Add($"at last {overflow}");
        return $"asks for {string.Join(", ", wishes)}";
    }

    /// <summary>The scores and rules of one request.</summary>
    private sealed class Sheet
    {
        private readonly PortRequest _request;
        private readonly PortRanking _ranking;
        private readonly PortScores _scores;
        private readonly PortSearch _search;

        public Sheet(PortRequest request, PortSituation situation)
        {
            _request = request;
            Evidence = situation.Evidence ?? PortEvidence.None;
            _scores = new PortScores(request, Evidence);
            (_search, _ranking) = PortAllocator.Open(request, situation);
        }

        public PortEvidence Evidence { get; }

        /// <summary>The best of the service's pool, and how many of it are allowed and refused.</summary>
        public (IReadOnlyList<int> Leaders, int Allowed, int Refused) Survey(int rows)
        {
            var (leaders, allowed, refused) = (new List<int>(), 0, 0);
            if ((_request.Pool is { Strategy: not PoolStrategy.Static } pool ? pool : _request.OverflowPool) is not { } from)
                return (leaders, allowed, refused);
            foreach (var (first, last) in from.DynamicBands())
            {
                if (!_ranking.Load(first, last))
                    continue;
                var band = _ranking.Best()?.Allowed ?? 0;
                (allowed, refused) = (allowed + band, refused + last - first + 2 - _request.Ports - band);
                leaders.AddRange(_ranking.Leaders(rows - leaders.Count));
            }

            return (leaders, allowed, refused);
        }

        public IEnumerable<int> Named()
        {
            if (_request.WantedPort is { } wanted and not PortRequest.AnyPort)
                yield return wanted;
            if (_request.EmergencyPort is { } emergency)
                yield return emergency;
        }

        public PortTableRow Row(int port, PortDecision decision)
        {
            var step = decision.Port == port ? decision.Step : StepOf(port);
            var candidate = _search.Consider(port, step ?? PortStep.Kernel);
            var standing = decision.Port == port ? PortStanding.Chosen : candidate.Allowed ? PortStanding.Allowed : PortStanding.Refused;
            return new PortTableRow(port, step, standing, PortScores.Share(_scores.Total(port)), _scores.Of(port), candidate.Objections);
        }

        public int Compare(int one, int other) => PortScores.Tier(_scores.Total(one)).CompareTo(PortScores.Tier(_scores.Total(other)));

        public string First(int one, int other)
            => PortAllocator.Text(StableOrder.Weight(_ranking.Seed, one) >= StableOrder.Weight(_ranking.Seed, other) ? one : other);

        public static IReadOnlyList<PortFactorDifference> Differences(PortTableRow choice, PortTableRow other)
            => [.. choice.Scores.Zip(other.Scores)
                .Select(static pair => new PortFactorDifference(
                    pair.First.Factor, (pair.First.Score - pair.Second.Score) * pair.First.Weight, pair.First.Text, pair.Second.Text))
                .Where(static difference => Math.Abs(difference.Difference) > 0.0005)
                .OrderByDescending(static difference => Math.Abs(difference.Difference))];

        private PortStep? StepOf(int port)
            => port == _request.WantedPort ? PortStep.Wanted
                : _request.Pool is { Strategy: not PoolStrategy.Static } pool && pool.Contains(port) ? PortStep.Pool
                : port == _request.EmergencyPort ? PortStep.Emergency
                : _request.OverflowPool?.Contains(port) == true ? PortStep.Overflow
                : null;
    }
}
