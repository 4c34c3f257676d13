using System.Globalization;
using System.Net;
using Entrepot.Core.Identities;
using Entrepot.Mirror.Routing;

namespace Entrepot.Tests.Mirror.Routing;

public sealed class EdgeSelectorTests
{
    private static readonly IPAddress Client = IPAddress.Parse("10.1.2.3");
    private static readonly SelectionOptions Options = new();

    [Theory]
    [InlineData(EdgeCondition.Out, ExcludeReason.Out)]
    [InlineData(EdgeCondition.Draining, ExcludeReason.Draining)]
    [InlineData(EdgeCondition.Joining, ExcludeReason.Joining)]
    public void An_edge_that_takes_no_clients_is_excluded_with_that_reason(EdgeCondition condition, ExcludeReason reason)
    {
        var selection = Select([Edge("a", condition: condition), Edge("b")]);
        selection.Chosen.Single().Edge.Name.Value.ShouldBe("b");
        var excluded = selection.Excluded.Single();
        excluded.Reason.ShouldBe(reason);
        excluded.Describe().ShouldNotBeNullOrEmpty();
    }

    [Fact]
    public void The_registrys_own_words_explain_a_condition()
        => Select([new EdgeState(NodeName.Parse("a"), "http://a", []) { Condition = EdgeCondition.Out, ConditionReason = "Silent for 16 s." }])
            .Excluded.Single().Describe().ShouldBe("Silent for 16 s.");

    [Fact]
    public void A_client_is_not_sent_where_it_asked_not_to_go()
    {
        var request = Request() with { Avoid = new HashSet<NodeName> { NodeName.Parse("a") } };
        var selection = EdgeSelector.Select(request, [Edge("a"), Edge("b")], [], SiteMap.Empty, Options);
        selection.Chosen.Single().Edge.Name.Value.ShouldBe("b");
        selection.Excluded.Single().Reason.ShouldBe(ExcludeReason.Avoided);
    }

    [Theory]
    [InlineData("10.1.2.3", false, false)]
    [InlineData("10.1.2.3", true, true)]
    [InlineData("127.0.0.1", false, true)]
    [InlineData("::ffff:127.0.0.2", false, true)]
    [InlineData("::1", false, true)]
    public void A_loopback_address_is_only_given_to_a_client_on_the_same_machine(string client, bool proxy, bool chosen)
    {
        var edge = new EdgeState(NodeName.Parse("a"), "http://localhost:54321", []) { Condition = EdgeCondition.Healthy };
        var request = new SelectionRequest(IPAddress.Parse(client), Sha256Digest.Of("x"u8), 1) { ThroughProxy = proxy };
        var selection = EdgeSelector.Select(request, [edge], [], SiteMap.Empty, Options);
        selection.Chosen.Length.ShouldBe(chosen ? 1 : 0);
        if (!chosen)
            selection.Excluded.Single().Reason.ShouldBe(ExcludeReason.LoopbackAddress);
    }

    [Theory]
    [InlineData(4095, true)]
    [InlineData(4096, false)]
    public void An_edge_is_full_at_the_stated_number_of_transfers(int transfers, bool chosen)
    {
        var selection = Select([Edge("a", transfers: transfers)]);
        selection.Chosen.Length.ShouldBe(chosen ? 1 : 0);
        if (!chosen)
            selection.Excluded.Single().Describe().ShouldBe("It has 4096 transfers; one edge may have 4096.");
    }

    [Fact]
    public void An_edge_that_fails_often_is_left_out_while_a_better_one_exists()
    {
        var selection = Select([Edge("a", errors: 10), Edge("b", errors: 9.9)]);
        selection.Chosen.Single().Edge.Name.Value.ShouldBe("b");
        selection.Excluded.Single().Reason.ShouldBe(ExcludeReason.RecentErrors);
    }

    [Fact]
    public void Failing_edges_are_still_better_than_none()
        => Select([Edge("a", errors: 50), Edge("b", errors: 12)]).Chosen.Length.ShouldBe(2);

    [Fact]
    public void Errors_push_a_share_of_the_blobs_away_smoothly()
    {
        // Two errors halve the weight: of two edges the failing one keeps a third.
        EdgeState[] edges = [Edge("a", errors: Options.ErrorHalving), Edge("b")];
        var first = Blobs(3000).Count(blob => First(edges, blob) == "a");
        first.ShouldBeInRange(850, 1150);
    }

    [Fact]
    public void A_near_edge_comes_before_a_far_one_whatever_their_load()
    {
        var sites = new SiteMap([new SiteRule(IPNetwork.Parse("10.1.0.0/16"), "berlin")]);
        EdgeState[] edges = [Edge("far", site: "paris"), Edge("near", site: "berlin", transfers: 500, errors: 3)];
        foreach (var blob in Blobs(50))
        {
            var selection = EdgeSelector.Select(new SelectionRequest(Client, blob, 1), edges, [], sites, Options);
            selection.Chosen.Select(static c => c.Edge.Name.Value).ShouldBe(["near", "far"]);
            selection.Site!.Value.Site.ShouldBe("berlin");
        }
    }

    [Fact]
    public void A_full_site_overflows_to_the_next_one()
    {
        var sites = new SiteMap([new SiteRule(IPNetwork.Parse("10.1.0.0/16"), "berlin")]);
        EdgeState[] edges = [Edge("far", site: "paris"), Edge("near", site: "berlin", transfers: 4096)];
        EdgeSelector.Select(Request(), edges, [], sites, Options).Chosen.Single().Edge.Name.Value.ShouldBe("far");
    }

    [Fact]
    public void A_blob_larger_than_a_cache_goes_where_it_fits()
    {
        EdgeState[] edges = [Edge("small", cache: 1_000), Edge("large", cache: 1_000_000)];
        var small = Blobs(1000).Count(blob => First(edges, blob, size: 2_000) == "small");
        small.ShouldBeLessThan(150);  // a tenth of the weight
        small.ShouldBeGreaterThan(50);
    }

    [Fact]
    public void Clients_sent_lately_count_as_load_before_the_next_heart_beat_shows_them()
    {
        EdgeState[] edges = [Edge("a"), Edge("b")];
        var selection = EdgeSelector.Select(Request(), edges, [100, 10], SiteMap.Empty, Options);
        selection.Chosen.Single().Edge.Name.Value.ShouldBe("b");
        var excluded = selection.Excluded.Single();
        excluded.Reason.ShouldBe(ExcludeReason.Overloaded);
        excluded.Describe().ShouldBe("One more would make 101 transfers; its share among equally near edges is 70.");
    }

    [Fact]
    public void A_handful_of_transfers_never_counts_as_overload()
        => Select([Edge("a", transfers: 7), Edge("b"), Edge("c"), Edge("d")]).Chosen.Length.ShouldBe(4);

    [Fact]
    public void No_edges_gives_an_empty_outcome()
    {
        var selection = Select([]);
        selection.Chosen.ShouldBeEmpty();
        selection.Excluded.ShouldBeEmpty();
    }

    [Fact]
    public void The_rendezvous_hash_is_part_of_the_contract_and_never_changes()
        => EdgeSelector.Rendezvous(Sha256Digest.Of("entrepot"u8), Edge("edge-1")).ToString("F12", CultureInfo.InvariantCulture)
            .ShouldBe("0.489268276200");

    internal static EdgeState Edge(
        string name, EdgeCondition condition = EdgeCondition.Healthy, int transfers = 0, double errors = 0, string? site = null, long cache = 0)
        => new(NodeName.Parse(name), $"http://{name}.example:54321", site is null ? [] : [site])
        {
            Condition = condition, ActiveTransfers = transfers, RecentErrors = errors, CacheBytes = cache,
        };

    internal static IEnumerable<Sha256Digest> Blobs(int count)
        => Enumerable.Range(0, count).Select(static i => Sha256Digest.Of(BitConverter.GetBytes(i)));

    private static SelectionRequest Request() => new(Client, Sha256Digest.Of("x"u8), 1);

    private static Selection Select(EdgeState[] edges) => EdgeSelector.Select(Request(), edges, [], SiteMap.Empty, Options);

    private static string First(EdgeState[] edges, Sha256Digest blob, long size = 1)
        => EdgeSelector.Select(new SelectionRequest(Client, blob, size), edges, [], SiteMap.Empty, Options).Chosen[0].Edge.Name.Value;
}
