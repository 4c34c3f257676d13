using System.Net;
using CsCheck;
using Entrepot.Core.Identities;
using Entrepot.Mirror.Routing;

namespace Entrepot.Tests.Mirror.Routing;

public sealed class EdgeSelectorPropertyTests
{
    private static readonly IPAddress Client = IPAddress.Parse("10.1.2.3");

    private static readonly SiteMap Sites = new([new SiteRule(IPNetwork.Parse("10.1.0.0/16"), "s0"), new SiteRule(IPNetwork.Parse("10.2.0.0/16"), "s1")]);

    private static readonly Gen<EdgeState[]> GenEdges =
        Gen.Select(Gen.Enum<EdgeCondition>(), Gen.Int[0, 5000], Gen.Double[0, 20], Gen.Int[0, 2], Gen.Long[0, 10_000], Gen.Bool)
            .Array[0, 30]
            .Select(static rows => rows.Select(static (row, i) =>
                new EdgeState(NodeName.Parse($"edge-{i}"), row.Item6 ? "http://127.0.0.1:1" : $"http://e{i}.example", [$"s{row.Item4}"])
                {
                    Condition = row.Item1, ActiveTransfers = row.Item2, RecentErrors = row.Item3, CacheBytes = row.Item5,
                }).ToArray());

    private static readonly string[] Clients = ["10.1.0.1", "10.2.0.1", "192.0.2.1", "::1", "::ffff:10.1.0.9"];

    private static readonly Gen<SelectionRequest> GenRequest =
        Gen.Select(Gen.Int[0, 4].Select(static i => Clients[i]), Gen.Byte.Array[8], Gen.Long[0, 20_000], Gen.Int[0, 4], Gen.Bool)
            .Select(static (client, seed, size, avoid, proxy) => new SelectionRequest(IPAddress.Parse(client), Sha256Digest.Of(seed), size)
            {
                Avoid = Enumerable.Range(0, avoid).Select(static i => NodeName.Parse($"edge-{i}")).ToHashSet(), ThroughProxy = proxy,
            });

    private static readonly Gen<SelectionOptions> GenOptions =
        Gen.Select(Gen.Double[1.01, 3], Gen.Int[1, 50]).Select(static (bound, always) => new SelectionOptions { LoadBound = bound, AlwaysAllowed = always });

    [Fact]
    public void Every_edge_is_either_chosen_or_excluded_with_a_reason_that_holds()
        => Gen.Select(GenEdges, GenRequest, GenOptions).Sample((edges, request, options) =>
        {
            var selection = EdgeSelector.Select(request, edges, [], Sites, options);
            selection.Chosen.Select(static c => c.Edge).Concat(selection.Excluded.Select(static e => e.Edge))
                .ShouldBe(edges, ignoreOrder: true);
            foreach (var (edge, score) in selection.Chosen)
            {
                edge.Condition.ShouldBe(EdgeCondition.Healthy);
                request.Avoid!.ShouldNotContain(edge.Name);
                (edge.IsLoopback && !request.ThroughProxy && !IPAddress.IsLoopback(request.Client)).ShouldBeFalse();
                edge.ActiveTransfers.ShouldBeLessThan(options.MaxTransfers);
                score.Score.ShouldBeGreaterThan(0);
                (score.Load * score.Errors * score.Fit).ShouldBeInRange(double.Epsilon, 1);
            }

            foreach (var excluded in selection.Excluded)
                Holds(excluded, selection, request, options).ShouldBeTrue($"{excluded.Edge.Name}: {excluded.Reason}");
        });

    [Fact]
    public void The_order_in_which_edges_come_changes_nothing()
        => Gen.Select(GenEdges, GenRequest, Gen.Int).Sample((edges, request, seed) =>
        {
            var shuffled = edges.OrderBy(edge => HashCode.Combine(edge.Name.Value.Length, edge.Name.Value[^1], seed)).ToArray();
            var one = EdgeSelector.Select(request, edges, [], Sites, new SelectionOptions());
            var other = EdgeSelector.Select(request, shuffled, [], Sites, new SelectionOptions());
            other.Chosen.ShouldBe(one.Chosen);
            other.Excluded.ShouldBe(one.Excluded);
        });

    [Fact]
    public void When_an_edge_goes_only_the_blobs_it_held_move()
        => Gen.Select(Gen.Int[2, 20], Gen.Int[0, 19]).Sample((count, gone) =>
        {
            var before = Idle(count);
            var leaving = before[gone % count];
            var after = before.Where(edge => edge != leaving).ToArray();
            foreach (var blob in EdgeSelectorTests.Blobs(50))
            {
                var first = First(before, blob);
                if (first != leaving)
                    First(after, blob).ShouldBe(first);
            }
        });

    [Fact]
    public void When_an_edge_comes_blobs_move_only_to_it_and_only_its_share()
    {
        var before = Idle(9);
        EdgeState[] after = [.. before, .. Idle(10).Skip(9)];
        var moved = 0;
        foreach (var blob in EdgeSelectorTests.Blobs(5000))
        {
            var (was, now) = (First(before, blob), First(after, blob));
            if (was.Name == now.Name)
                continue;
            now.Name.ShouldBe(after[9].Name);
            moved++;
        }

        moved.ShouldBeInRange(420, 580);  // a tenth, within four standard deviations
    }

    [Theory]
    [InlineData(2)]
    [InlineData(5)]
    [InlineData(16)]
    public void Blobs_spread_evenly_over_idle_edges(int count)
    {
        var edges = Idle(count);
        var shares = EdgeSelectorTests.Blobs(8000).GroupBy(blob => First(edges, blob).Name).Select(static g => g.Count()).ToArray();
        shares.Length.ShouldBe(count);
        var mean = 8000.0 / count;
        foreach (var share in shares)
            share.ShouldBeInRange((int)(mean - (4.5 * Math.Sqrt(mean))), (int)(mean + (4.5 * Math.Sqrt(mean))));
    }

    [Fact]
    public void No_edge_ever_carries_more_than_its_bound_however_popular_the_blobs_are()
        => Gen.Select(Gen.Int[1, 12], Gen.Double[1.05, 2], Gen.Int[1, 4]).Sample((count, bound, popular) =>
        {
            var options = new SelectionOptions { LoadBound = bound, AlwaysAllowed = 1 };
            var edges = Idle(count);
            var loads = new int[count];
            var blobs = EdgeSelectorTests.Blobs(popular).ToArray();
            for (var placed = 1; placed <= 200; placed++)
            {
                var selection = EdgeSelector.Select(new SelectionRequest(Client, blobs[placed % popular], 1), edges, loads, SiteMap.Empty, options);
                loads[Array.IndexOf(edges, selection.Chosen[0].Edge)]++;
                loads.Max().ShouldBeLessThanOrEqualTo((int)Math.Ceiling(bound * placed / count));
            }
        }, iter: 40);

    private static bool Holds(ExcludedEdge excluded, Selection selection, SelectionRequest request, SelectionOptions options)
    {
        excluded.Describe().ShouldNotBeNullOrWhiteSpace();
        var edge = excluded.Edge;
        return excluded.Reason switch
        {
            ExcludeReason.Out => edge.Condition == EdgeCondition.Out,
            ExcludeReason.Draining => edge.Condition == EdgeCondition.Draining,
            ExcludeReason.Joining => edge.Condition == EdgeCondition.Joining,
            ExcludeReason.Avoided => request.Avoid!.Contains(edge.Name),
            ExcludeReason.LoopbackAddress => edge.IsLoopback,
            ExcludeReason.AtCapacity => edge.ActiveTransfers >= options.MaxTransfers,
            // A better one was there, and something of it is left.
            ExcludeReason.RecentErrors => edge.RecentErrors >= options.ErrorLimit && selection.Chosen.Length > 0,
            ExcludeReason.Overloaded => excluded.Value > excluded.Limit && selection.Chosen.Length > 0,
            _ => false,
        };
    }

    private static EdgeState[] Idle(int count) => [.. Enumerable.Range(0, count).Select(static i => EdgeSelectorTests.Edge($"edge-{i}"))];

    private static EdgeState First(EdgeState[] edges, Sha256Digest blob)
        => EdgeSelector.Select(new SelectionRequest(Client, blob, 1), edges, [], SiteMap.Empty, new SelectionOptions()).Chosen[0].Edge;
}
