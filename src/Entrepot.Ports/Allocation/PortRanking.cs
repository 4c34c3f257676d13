using System.Numerics;
using System.Runtime.Intrinsics;
using Entrepot.Ports.Allocation.Factors;
using Entrepot.Ports.Declarations;

namespace Entrepot.Ports.Allocation;

/// <summary>Where a port comes among the candidates: the higher tier first, inside a tier the higher weight.</summary>
/// <param name="Tier">Class of equal totals.</param>
/// <param name="Weight">Rendezvous weight, or what takes its place.</param>
internal readonly record struct PortRank(int Tier, ulong Weight) : IComparable<PortRank>
{
    public int CompareTo(PortRank other) => Tier != other.Tier ? Tier.CompareTo(other.Tier) : Weight.CompareTo(other.Weight);

    public static bool operator >(PortRank left, PortRank right) => left.CompareTo(right) > 0;

    public static bool operator <(PortRank left, PortRank right) => left.CompareTo(right) < 0;

    public static bool operator >=(PortRank left, PortRank right) => left.CompareTo(right) >= 0;

    public static bool operator <=(PortRank left, PortRank right) => left.CompareTo(right) <= 0;
}

/// <summary>The first of a band, and how it came to be that.</summary>
/// <param name="Port">The port; of a block the first.</param>
/// <param name="Rank">Where it comes.</param>
/// <param name="Allowed">How many candidates of the band no rule vetoes.</param>
/// <param name="Level">How many of those are in the same tier.</param>
internal readonly record struct PortWinner(int Port, PortRank Rank, int Allowed, int Level);

/// <summary>Ranks the ports of one band after another, over words and spans, without an allocation for any port. Used by one thread at
/// a time; the buffers are the thread's.</summary>
internal sealed class PortRanking
{
    [ThreadStatic]
    private static ulong[]? _words;

    [ThreadStatic]
    private static ushort[]? _sums;

    private readonly PortRequest _request;
    private readonly PortConstraint[] _constraints;
    private readonly ulong[] _vetoed = _words ??= new ulong[PortSet.WordCount];
    private readonly ushort[] _totals = _sums ??= new ushort[PortSet.MaxPort + 1];
    private int _first;
    private int _last;

    /// <summary>Prepares a ranking.</summary>
    /// <param name="request">What the service asks.</param>
    /// <param name="constraints">The rules that concern it.</param>
    /// <param name="scores">The scores, or null when the order alone decides.</param>
    /// <param name="seed">The seed of the order.</param>
    public PortRanking(PortRequest request, PortConstraint[] constraints, PortScores? scores, ulong seed)
        => (_request, _constraints, Scores, Seed) = (request, constraints, request.Mode == AllocationMode.Lowest ? null : scores, seed);

    /// <summary>The scores that count; null when the order alone decides.</summary>
    public PortScores? Scores { get; }

    /// <summary>The seed of the order.</summary>
    public ulong Seed { get; }

    /// <summary>Makes a band the current one.</summary>
    /// <returns>False when it has no room for what is asked.</returns>
    public bool Load(int first, int last)
    {
        (_first, _last) = (first, last - _request.Ports + 1);
        if (_last < first)
            return false;
        Vetoes(first, last);
        if (_request.Ports > 1)
            Erode(last);
        if (Scores is null)
            return true;
        var totals = _totals.AsSpan(0, last - first + 1);
        Scores.Fill(first, totals);
        if (_request.Ports > 1)
            Average(totals, _request.Ports);
        return true;
    }

    /// <summary>Where a port of the current band comes.</summary>
    public PortRank Rank(int port) => new(TierOf(port), Weight(port));

    /// <summary>The first of the current band, or null when every candidate is vetoed.</summary>
    public PortWinner? Best()
    {
        var best = -1;
        var allowed = 0;
        for (var index = _first >> 6; index <= _last >> 6; index++)
        {
            var free = Free(index);
            allowed += BitOperations.PopCount(free);
            if (free != 0)
                best = Math.Max(best, HighestTier(index, free));
        }

        if (best < 0)
            return null;
        var winner = -1;
        var heaviest = 0UL;
        var equals = 0;
        for (var index = _first >> 6; index <= _last >> 6; index++)
        {
            var level = InTier(index, Free(index), best);
            equals += BitOperations.PopCount(level);
            if (_request.Mode == AllocationMode.Lowest)
            {
                if (level != 0 && winner < 0)
                    (winner, heaviest) = ((index << 6) + BitOperations.TrailingZeroCount(level), ulong.MaxValue);
                continue;
            }

            for (; level != 0; level &= level - 1)
            {
                var port = (index << 6) + BitOperations.TrailingZeroCount(level);
                var weight = StableOrder.Weight(Seed, port);
                if (winner < 0 || weight > heaviest)
                    (winner, heaviest) = (port, weight);
            }
        }

        if (_request.Mode == AllocationMode.Lowest)
            heaviest = Weight(winner);

        return new PortWinner(winner, new PortRank(best, heaviest), allowed, equals);
    }

    /// <summary>True when a candidate of a lower tier would have come first by weight alone: the scores have decided.</summary>
    public bool ScoresDecided(PortWinner winner)
    {
        if (Scores is null || winner.Allowed == winner.Level)
            return false;
        for (var index = _first >> 6; index <= _last >> 6; index++)
        {
            for (var free = Free(index); free != 0; free &= free - 1)
            {
                var port = (index << 6) + BitOperations.TrailingZeroCount(free);
                if (Weight(port) > winner.Rank.Weight)
                    return true;
            }
        }

        return false;
    }

    /// <summary>Visits the vetoed candidates of the current band that come before a rank, or all when it is null.</summary>
    public void VisitRefused(PortRank? threshold, Action<int, PortRank> visit)
    {
        for (var index = _first >> 6; index <= _last >> 6; index++)
        {
            for (var refused = _vetoed[index] & PortSet.WordOfRange(index, _first, _last); refused != 0; refused &= refused - 1)
            {
                var port = (index << 6) + BitOperations.TrailingZeroCount(refused);
                if (threshold is { } mark && TierOf(port) < mark.Tier)
                    continue;
                var rank = Rank(port);
                if (threshold is null || rank > threshold)
                    visit(port, rank);
            }
        }
    }

    /// <summary>The candidates of the current band that no rule vetoes, best first, at most <paramref name="most"/>.</summary>
    public IReadOnlyList<int> Leaders(int most)
    {
        var leaders = new PriorityQueue<int, PortRank>();
        for (var index = _first >> 6; index <= _last >> 6; index++)
        {
            for (var free = Free(index); free != 0; free &= free - 1)
            {
                var port = (index << 6) + BitOperations.TrailingZeroCount(free);
                leaders.Enqueue(port, Rank(port));
                if (leaders.Count > most)
                    leaders.Dequeue();
            }
        }

        var order = new int[leaders.Count];
        for (var index = order.Length - 1; index >= 0; index--)
            order[index] = leaders.Dequeue();
        return order;
    }

    private ulong Free(int index) => ~_vetoed[index] & PortSet.WordOfRange(index, _first, _last);

    private int TierOf(int port) => Scores is null ? 0 : PortScores.Tier(_totals[port - _first]);

    private ulong Weight(int port)
        => _request.Mode == AllocationMode.Lowest ? (ulong)(PortSet.MaxPort - port) : StableOrder.Weight(Seed, port);

    private int HighestTier(int index, ulong free)
    {
        if (Scores is null)
            return 0;
        var highest = 0;
        if (free == ulong.MaxValue)
        {
            ReadOnlySpan<ushort> totals = _totals.AsSpan((index << 6) - _first, 64);
            var lanes = Vector256.Max(
                Vector256.Max(Vector256.Create(totals), Vector256.Create(totals[16..])),
                Vector256.Max(Vector256.Create(totals[32..]), Vector256.Create(totals[48..])));
            for (var lane = 0; lane < Vector256<ushort>.Count; lane++)
                highest = Math.Max(highest, lanes[lane]);
            return PortScores.Tier(highest);
        }

        for (; free != 0; free &= free - 1)
            highest = Math.Max(highest, _totals[(index << 6) + BitOperations.TrailingZeroCount(free) - _first]);
        return PortScores.Tier(highest);
    }

    private ulong InTier(int index, ulong free, int tier)
    {
        if (Scores is null || free == 0)
            return free;
        var level = 0UL;
        if (free == ulong.MaxValue)
        {
            ReadOnlySpan<ushort> totals = _totals.AsSpan((index << 6) - _first, 64);
            var lowest = Vector256.Create(PortScores.Lowest(tier));
            for (var part = 0; part < 64; part += Vector256<ushort>.Count)
                level |= (ulong)Vector256.GreaterThanOrEqual(Vector256.Create(totals[part..]), lowest).ExtractMostSignificantBits() << part;
            return level;
        }

        for (var rest = free; rest != 0; rest &= rest - 1)
        {
            if (PortScores.Tier(_totals[(index << 6) + BitOperations.TrailingZeroCount(rest) - _first]) == tier)
                level |= rest & (~rest + 1);
        }

        return level;
    }

    /// <summary>Fills the words that cover a range with the union of all vetoes.</summary>
    private void Vetoes(int first, int last)
    {
        var (from, to) = (first >> 6, last >> 6);
        _vetoed.AsSpan(from, to - from + 1).Clear();
        foreach (var constraint in _constraints)
        {
            if (constraint.Effect != PortEffect.Veto)
                continue;
            var words = constraint.Ports.Words;
            for (var index = from; index <= to; index++)
                _vetoed[index] |= words[index];
        }
    }

    /// <summary>Vetoes every port that does not begin a block of free ones: each bit takes on those of the ports after it, in steps that
    /// double.</summary>
    private void Erode(int last)
    {
        var (from, to) = (_first >> 6, last >> 6);
        for (var covered = 1; covered < _request.Ports;)
        {
            var step = Math.Min(covered, _request.Ports - covered);
            var (words, bits) = (step >> 6, step & 63);
            for (var index = from; index <= to; index++)
            {
                var later = Word(index + words, to) >> bits;
                if (bits > 0)
                    later |= Word(index + words + 1, to) << (64 - bits);
                _vetoed[index] |= later;
            }

            covered += step;
        }
    }

    private ulong Word(int index, int to) => index <= to ? _vetoed[index] : ulong.MaxValue;

    /// <summary>Replaces the total of each port by the mean of the block that it begins.</summary>
    private static void Average(Span<ushort> totals, int ports)
    {
        var sum = 0;
        for (var index = 0; index < ports; index++)
            sum += totals[index];
        for (var index = 0; index + ports <= totals.Length; index++)
        {
            var leaving = totals[index];
            totals[index] = (ushort)(sum / ports);
            sum += (index + ports < totals.Length ? totals[index + ports] : 0) - leaving;
        }
    }
}
