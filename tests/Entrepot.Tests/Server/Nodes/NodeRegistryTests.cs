using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Mirror.Routing;
using Entrepot.Server.Api;
using Entrepot.Server.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Entrepot.Tests.Server.Nodes;

public sealed class NodeRegistryTests
{
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UnixEpoch.AddYears(56));
    private readonly List<NodeStateChange> _changes = [];
    private readonly NodeRegistry _registry;

    public NodeRegistryTests() => _registry = new NodeRegistry(new NodeOptions(), _time, NullLogger<NodeRegistry>.Instance, _changes.Add);

    [Fact]
    public void The_first_heart_beat_makes_a_node_join_and_the_second_makes_it_healthy()
    {
        Beat("a");
        State("a").ShouldBe("joining");
        Wait(5);
        Beat("a");
        State("a").ShouldBe("healthy");
        _changes.Select(static c => (c.From, c.To)).ShouldBe([(null, "joining"), ("joining", "healthy")]);
    }

    [Theory]
    [InlineData(15, "healthy")]
    [InlineData(16, "out")]
    public void Three_missed_heart_beats_take_a_node_out(int silence, string state)
    {
        Healthy("a");
        Wait(silence);
        State("a").ShouldBe(state);
    }

    [Fact]
    public void Two_good_heart_beats_bring_a_node_back()
    {
        Healthy("a");
        Wait(60);
        Beat("a");
        State("a").ShouldBe("out");
        Document("a").Reason.ShouldBe("It is back, with 1 of 2 good heart-beats in a row.");
        Wait(5);
        Beat("a");
        State("a").ShouldBe("healthy");
    }

    [Fact]
    public void Rare_heart_beats_never_bring_a_node_back()
    {
        Healthy("a");
        for (var i = 0; i < 10; i++)
        {
            Wait(16);
            Beat("a");
            State("a").ShouldBe("out");
        }
    }

    [Fact]
    public void A_late_heart_beat_counts_as_late_even_when_nobody_looked_at_the_clock()
    {
        Healthy("a");
        _time.Advance(TimeSpan.FromSeconds(16));
        Beat("a");
        State("a").ShouldBe("out");
        _changes[^1].ShouldBe(_changes[^1] with { From = "healthy", To = "out" });
    }

    [Fact]
    public void A_node_that_drains_gets_no_clients_until_it_has_proven_itself_again()
    {
        Healthy("a");
        Wait(5);
        Beat("a", draining: true);
        State("a").ShouldBe("draining");
        Edge("a").Condition.ShouldBe(EdgeCondition.Draining);
        Wait(5);
        Beat("a");
        State("a").ShouldBe("joining");
        Wait(5);
        Beat("a");
        State("a").ShouldBe("healthy");
    }

    [Fact]
    public void A_node_that_drains_and_falls_silent_is_out()
    {
        Beat("a", draining: true);
        Wait(16);
        State("a").ShouldBe("out");
    }

    [Fact]
    public void A_node_at_a_new_address_has_to_prove_it()
    {
        Healthy("a");
        Wait(11);
        Beat("a", url: "http://10.0.0.9:54322");
        State("a").ShouldBe("joining");
        Document("a").Reason.ShouldBe("It moved to http://10.0.0.9:54322, with 1 of 2 good heart-beats in a row.");
        Edge("a").Url.ShouldBe("http://10.0.0.9:54322");
    }

    [Fact]
    public void Of_two_nodes_with_one_name_the_first_keeps_it_and_the_second_is_told()
    {
        Healthy("a");
        var url = Edge("a").Url;
        for (var i = 0; i < 5; i++)
        {
            var fault = Should.Throw<FaultException>(() => Beat("a", url: "http://10.0.0.9:54322")).Fault;
            fault.Is(NodeFault.Duplicate).ShouldBeTrue();
            fault.Message.ShouldContain(url);
            Wait(5);
            Beat("a");
        }

        State("a").ShouldBe("healthy");
        Beat("a", draining: true);
        Beat("a", url: "http://10.0.0.9:54322");
        Edge("a").Url.ShouldBe("http://10.0.0.9:54322");
    }

    [Fact]
    public void A_running_edge_that_changes_its_port_stays_healthy_and_nobody_else_can_take_its_name()
    {
        for (var i = 0; i < 2; i++)
        {
            Beat("a", instance: "secret");
            Wait(5);
        }

        Beat("a", url: "http://10.0.0.1:54399", instance: "secret");

        State("a").ShouldBe("healthy");
        Edge("a").Url.ShouldBe("http://10.0.0.1:54399");
        Document("a").Last.Instance.ShouldBeNull("it is what the edge is known by");
        foreach (var other in new[] { "guess", null })
            Should.Throw<FaultException>(() => Beat("a", url: "http://10.0.0.9:54322", instance: other)).Fault.Is(NodeFault.Duplicate).ShouldBeTrue();
    }

    [Fact]
    public void The_reason_for_being_out_names_the_last_heart_beat()
    {
        Healthy("a");
        Wait(16);
        Document("a").Reason.ShouldBe("It missed 3 heart-beats: the last came at 2026-01-01 00:00:05Z, one was due every 5 s.");
    }

    [Fact]
    public void What_a_heart_beat_says_reaches_the_selector()
    {
        _registry.Accept(Request("a") with { Site = "berlin, lab", ActiveTransfers = 7, RecentErrors = 3, HeldBytes = 10, FreeBytes = 20, CapacityBytes = 100 });
        var edge = Edge("a");
        edge.Sites.ShouldBe(["berlin", "lab"]);
        edge.ActiveTransfers.ShouldBe(7);
        edge.RecentErrors.ShouldBe(3);
        edge.CacheBytes.ShouldBe(30);  // a full disk is a smaller cache
    }

    [Fact]
    public void Errors_fade_by_half_in_half_a_minute()
    {
        Healthy("a");
        _registry.ReportError(NodeName.Parse("a"), EdgeError.Corrupt, "piece 3 lied");
        Edge("a").RecentErrors.ShouldBe(10);
        for (var i = 0; i < 6; i++)
        {
            Wait(5);
            Beat("a");
        }

        Edge("a").RecentErrors.ShouldBe(5, 0.001);
        Document("a").Reason.ShouldContain("piece 3 lied");
    }

    [Fact]
    public void Errors_are_forgotten_in_the_end()
    {
        Healthy("a");
        for (var i = 0; i < 1000; i++)
            _registry.ReportError(NodeName.Parse("a"), EdgeError.Cut, "");
        Edge("a").RecentErrors.ShouldBe(100);
        Wait(600);
        Edge("a").RecentErrors.ShouldBe(0);
    }

    [Fact]
    public void An_error_of_an_unknown_edge_is_ignored()
    {
        _registry.ReportError(NodeName.Parse("stranger"), EdgeError.Corrupt, "");
        _registry.View.Documents.ShouldBeEmpty();
    }

    [Fact]
    public void Clients_sent_lately_are_counted_and_fade_together()
    {
        Healthy("b");
        Healthy("a");
        for (var i = 0; i < 80; i++)
            _registry.View.Assign(NodeName.Parse("b"));
        _registry.View.Assign(NodeName.Parse("stranger"));
        _registry.View.Assigned.ToArray().ShouldBe([0, 80]);
        Beat("aa");  // membership changes, the count stays with its node
        _registry.View.Assigned.ToArray().ShouldBe([0, 0, 80]);
        Wait(1);
        _registry.View.Assigned.ToArray().ShouldBe([0, 0, 70]);
        Wait(60);
        _registry.View.Assigned.ToArray().ShouldBe([0, 0, 0]);
    }

    [Fact]
    public void A_view_once_taken_does_not_change()
    {
        Healthy("a");
        var before = _registry.View;
        Healthy("b");
        Wait(60);
        before.Edges.Length.ShouldBe(1);
        before.Documents.Single().State.ShouldBe("healthy");
    }

    [Fact]
    public void A_node_long_out_is_forgotten()
    {
        Healthy("a");
        Wait(16);
        _time.Advance(TimeSpan.FromHours(24));
        _registry.Tick();
        _registry.View.Documents.ShouldBeEmpty();
        _changes[^1].To.ShouldBeNull();
    }

    [Fact]
    public void The_number_of_nodes_is_bounded_and_only_those_out_make_room()
    {
        var registry = new NodeRegistry(new NodeOptions { MaxNodes = 2 }, _time, NullLogger<NodeRegistry>.Instance, _changes.Add);
        registry.Accept(Request("a"));
        _time.Advance(TimeSpan.FromSeconds(10));
        registry.Accept(Request("b"));
        Should.Throw<FaultException>(() => registry.Accept(Request("c"))).Fault.Is(NodeFault.TooMany).ShouldBeTrue();
        _time.Advance(TimeSpan.FromSeconds(10));
        registry.Tick();
        registry.Accept(Request("c"));
        registry.View.Documents.Select(static d => d.Last.Node).ShouldBe(["b", "c"]);
    }

    [Fact]
    public async Task The_watch_ticks_every_second_until_it_is_stopped()
    {
        Healthy("a");
        using var stop = new CancellationTokenSource();
        var watch = _registry.RunAsync(stop.Token);
        var noticed = new TaskCompletionSource();
        var registry = new NodeRegistry(new NodeOptions(), _time, NullLogger<NodeRegistry>.Instance, change =>
        {
            if (change.To == "out")
                noticed.SetResult();
        });
        registry.Accept(Request("b"));
        var other = registry.RunAsync(stop.Token);
        for (var i = 0; i < 20; i++)
            _time.Advance(TimeSpan.FromSeconds(1));
        await noticed.Task.WaitAsync(TimeSpan.FromSeconds(30));
        await stop.CancelAsync();
        await Task.WhenAll(watch, other);
    }

    [Theory]
    [InlineData("Edge 1", "http://a", "s", "v")]
    [InlineData("a", "ftp://a", "s", "v")]
    [InlineData("a", "a:80", "s", "v")]
    [InlineData("a", "http://a/", "s", "v")]
    [InlineData("a", "http://u@a", "s", "v")]
    [InlineData("a", "http://a?x", "s", "v")]
    [InlineData("a", "http://a#x", "s", "v")]
    [InlineData("a", "http://a/>;rel=x", "s", "v")]
    [InlineData("a", "http://0.0.0.0:54321", "s", "v")]
    [InlineData("a", "http://[::]:54321", "s", "v")]
    [InlineData("a", "http://a", "", "v")]
    [InlineData("a", "http://a", "Berlin!", "v")]
    [InlineData("a", "http://a", "a,b,c,d,e,f,g,h,i", "v")]
    [InlineData("a", "http://a", "s", "")]
    [InlineData("a", "http://a", "s", "1\r\nX: y")]
    [InlineData("a", "http://169.254.169.254", "berlin", "1")]
    [InlineData("a", "http://[fe80::1]:54321", "berlin", "1")]
    [InlineData("a", "http://[::ffff:169.254.169.254]", "berlin", "1")]
    [InlineData("a", "http://224.0.0.1:54321", "berlin", "1")]
    [InlineData(null, null, null, null)]
    public void A_heart_beat_that_could_hurt_is_refused(string? node, string? url, string? site, string? version)
    {
        var beat = Request("a") with { Node = node!, Url = url!, Site = site!, Version = version! };
        var fault = Should.Throw<FaultException>(() => _registry.Accept(beat)).Fault;
        fault.Is(NodeFault.Heartbeat).ShouldBeTrue(fault.Code);
        fault.Cure.ShouldNotBeNullOrEmpty();
        _registry.View.Documents.ShouldBeEmpty();
    }

    [Fact]
    public void All_that_is_wrong_with_a_heart_beat_is_told_at_once()
        => HeartbeatRules.Check(Request("a") with { Node = "Ä", Url = "x", Site = "", ActiveTransfers = -1 })!.Message
            .ShouldBe("The heart-beat of 'Ä' is refused: 'Ä' is not a node name. 'x' is no base address of at most 256 characters. "
                + "'' is no site: name 1–8, each as a node is named, separated by commas. Counts and sizes can't be negative.");

    [Theory]
    [InlineData("http://10.0.0.1:54321")]
    [InlineData("https://edge-1.example.org")]
    [InlineData("http://[2001:db8::1]:54321")]
    [InlineData("http://proxy.example/edges/1")]
    public void Ordinary_addresses_are_taken(string url)
        => HeartbeatRules.Check(Request("a") with { Url = url }).ShouldBeNull();

    private static HeartbeatRequest Request(string node)
        => new(node, "berlin", $"http://{node}.example:54321", "0.1.0", "static", 0, 0, 0, 0, 0, 0, false);

    private void Beat(string node, bool draining = false, string? url = null, string? instance = null)
    {
        var request = Request(node) with { Draining = draining, Instance = instance };
        _registry.Accept(url is null ? request : request with { Url = url });
    }

    private void Healthy(string node)
    {
        Beat(node);
        Wait(5);
        Beat(node);
        State(node).ShouldBe("healthy");
    }

    private void Wait(int seconds)
    {
        for (var i = 0; i < seconds; i++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            _registry.Tick();
        }
    }

    private NodeDocument Document(string node) => _registry.View.Documents.Single(d => d.Last.Node == node);

    private string State(string node) => Document(node).State;

    private EdgeState Edge(string node)
    {
        foreach (var edge in _registry.View.Edges)
        {
            if (edge.Name.Value == node)
                return edge;
        }

        throw new InvalidOperationException(node);
    }
}
