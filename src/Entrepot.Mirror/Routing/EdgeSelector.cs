using System.Buffers;
using System.Net;
using System.Runtime.InteropServices;
using Entrepot.Core.Identities;

namespace Entrepot.Mirror.Routing;

/// <summary>Chooses edges for a client. Pure: the same input gives the same outcome, in whatever order the edges come; no clock, no
/// randomness, no I/O.</summary>
/// <remarks>In order: (1) edges that can't serve are excluded; (2) so are those that fail often, while others don't; (3) so are, among
/// equally near edges, those that carry more than their share; (4) the rest is ordered by distance, then by weighted rendezvous hash.
/// Steps 2 and 3 always leave an edge of each distance that they looked at.</remarks>
public static class EdgeSelector
{
    /// <summary>Chooses.</summary>
    /// <param name="request">Who wants what.</param>
    /// <param name="edges">Every known edge, healthy or not.</param>
    /// <param name="assigned">Clients sent to each edge lately that its heart-beat does not show yet, in the order of
    /// <paramref name="edges"/>; empty for none.</param>
    /// <param name="sites">Where clients are.</param>
    /// <param name="options">Bounds and weights.</param>
    public static Selection Select(
        SelectionRequest request, ReadOnlySpan<EdgeState> edges, ReadOnlySpan<int> assigned, SiteMap sites, SelectionOptions options)
    {
        if (request.Client.IsIPv4MappedToIPv6)
            request = request with { Client = request.Client.MapToIPv4() };
        var site = sites.Find(request.Client);
        var candidates = ArrayPool<Candidate>.Shared.Rent(Math.Max(edges.Length, 1));
        try
        {
            var (count, trusted) = (0, 0);
            var excluded = new List<ExcludedEdge>();
            for (var i = 0; i < edges.Length; i++)
            {
                var edge = edges[i];
                if (Refuse(request, edge, options) is { } refusal)
                {
                    excluded.Add(refusal);
                    continue;
                }

                if (edge.RecentErrors < options.ErrorLimit)
                    trusted++;
                candidates[count++] = new Candidate(
                    edge, sites.Distance(site?.Site, edge.Sites), edge.ActiveTransfers + (i < assigned.Length ? assigned[i] : 0));
            }

            var kept = candidates.AsSpan(0, count);
            if (trusted > 0 && trusted < count)
                kept = KeepTrusted(kept, excluded, options.ErrorLimit);
            kept = KeepWithinBound(kept, excluded, options, request);
            var chosen = Ranked(kept);
            excluded.Sort(static (left, right) => string.CompareOrdinal(left.Edge.Name.Value, right.Edge.Name.Value));
            return new Selection(site, ImmutableCollectionsMarshal.AsImmutableArray(chosen), [.. excluded]);
        }
        finally
        {
            ArrayPool<Candidate>.Shared.Return(candidates, clearArray: true);
        }
    }

    /// <summary>The rendezvous hash of a blob and an edge, between 0 and 1, both excluded. Part of the contract: another scheduler or a
    /// client that knows the edges comes to the same order.</summary>
    public static double Rendezvous(Sha256Digest digest, EdgeState edge)
    {
        // The finaliser of SplitMix64 (Steele, Lea and Flood, 2014) over the digest's first 64 bits and the edge's XXH3.
        var mixed = digest.Prefix64 ^ edge.Seed;
        mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
        mixed ^= mixed >> 31;
        return ((mixed >> 11) + 0.5) * (1.0 / (1UL << 53));
    }

    private static ExcludedEdge? Refuse(in SelectionRequest request, EdgeState edge, SelectionOptions options) => edge.Condition switch
    {
        EdgeCondition.Out => new ExcludedEdge(edge, ExcludeReason.Out),
        EdgeCondition.Draining => new ExcludedEdge(edge, ExcludeReason.Draining),
        EdgeCondition.Joining => new ExcludedEdge(edge, ExcludeReason.Joining),
        _ when request.Avoid?.Contains(edge.Name) == true => new ExcludedEdge(edge, ExcludeReason.Avoided),
        _ when request.IsPrivate && !edge.ChecksAddresses => new ExcludedEdge(edge, ExcludeReason.NoKey),
        _ when edge.IsLoopback && !request.ThroughProxy && !IPAddress.IsLoopback(request.Client)
            => new ExcludedEdge(edge, ExcludeReason.LoopbackAddress),
        _ when edge.ActiveTransfers >= options.MaxTransfers
            => new ExcludedEdge(edge, ExcludeReason.AtCapacity, edge.ActiveTransfers, options.MaxTransfers),
        _ => null,
    };

    /// <summary>Applies the bounded load to each group of equally near edges and scores who stays.</summary>
    private static Span<Candidate> KeepWithinBound(
        Span<Candidate> candidates, List<ExcludedEdge> excluded, SelectionOptions options, SelectionRequest request)
    {
        var farthest = 0;
        foreach (var candidate in candidates)
            farthest = Math.Max(farthest, candidate.Distance);
        var bounds = BoundsOf(candidates, farthest, options);
        var kept = 0;
        foreach (var candidate in candidates)
        {
            var bound = bounds[candidate.Distance];
            if (candidate.Load + 1 > bound)
                excluded.Add(new ExcludedEdge(candidate.Edge, ExcludeReason.Overloaded, candidate.Load + 1, bound));
            else
                candidates[kept++] = candidate with { Score = ScoreOf(candidate, request, bound, options) };
        }

        return candidates[..kept];
    }

    /// <summary>The bound of each distance.</summary>
    private static long[] BoundsOf(ReadOnlySpan<Candidate> candidates, int farthest, SelectionOptions options)
    {
        var totals = new long[farthest + 1];
        var counts = new int[farthest + 1];
        foreach (var candidate in candidates)
        {
            totals[candidate.Distance] += candidate.Load;
            counts[candidate.Distance]++;
        }

        for (var distance = 0; distance <= farthest; distance++)
            totals[distance] = BoundOf(totals[distance], Math.Max(1, counts[distance]), options);
        return totals;
    }

    /// <summary>The candidates in their order. Small keys are sorted instead of the candidates, which are large to move.</summary>
    private static ChosenEdge[] Ranked(ReadOnlySpan<Candidate> candidates)
    {
        var ranks = new Rank[candidates.Length];
        for (var i = 0; i < ranks.Length; i++)
            ranks[i] = new Rank(candidates[i].Distance, candidates[i].Score.Score, candidates[i].Edge.Name.Value, i);
        Array.Sort(ranks);
        var chosen = new ChosenEdge[ranks.Length];
        for (var i = 0; i < chosen.Length; i++)
        {
            var candidate = candidates[ranks[i].Index];
            chosen[i] = new ChosenEdge(candidate.Edge, candidate.Score);
        }

        return chosen;
    }

    /// <summary>The most transfers that an edge may come to have: the given share of the mean after this client is placed.</summary>
    internal static long BoundOf(long totalLoad, int edges, SelectionOptions options)
        => Math.Max(options.AlwaysAllowed, (long)Math.Ceiling(options.LoadBound * (totalLoad + 1) / edges));

    private static ScoreParts ScoreOf(in Candidate candidate, in SelectionRequest request, long bound, SelectionOptions options)
    {
        var edge = candidate.Edge;
        var hash = Rendezvous(request.Digest, edge);
        var load = 1 - (0.5 * Math.Min(1, (double)candidate.Load / bound));
        var errors = options.ErrorHalving / (options.ErrorHalving + edge.RecentErrors);
        var fit = edge.CacheBytes == 0 || request.Size <= edge.CacheBytes ? 1 : 0.1;
        return new ScoreParts(candidate.Distance, hash, load, errors, fit, -(load * errors * fit) / Math.Log(hash));
    }

    private static Span<Candidate> KeepTrusted(Span<Candidate> candidates, List<ExcludedEdge> excluded, double limit)
    {
        var kept = 0;
        foreach (var candidate in candidates)
        {
            if (candidate.Edge.RecentErrors >= limit)
                excluded.Add(new ExcludedEdge(candidate.Edge, ExcludeReason.RecentErrors, candidate.Edge.RecentErrors, limit));
            else
                candidates[kept++] = candidate;
        }

        return candidates[..kept];
    }

    private readonly record struct Candidate(EdgeState Edge, int Distance, long Load)
    {
        public ScoreParts Score { get; init; }
    }

    /// <summary>Nearest first, then the highest score, then by name.</summary>
    private readonly record struct Rank(int Distance, double Score, string Name, int Index) : IComparable<Rank>
    {
        public int CompareTo(Rank other)
        {
            if (Distance != other.Distance)
                return Distance.CompareTo(other.Distance);
            var order = other.Score.CompareTo(Score);
            return order != 0 ? order : string.CompareOrdinal(Name, other.Name);
        }
    }
}
