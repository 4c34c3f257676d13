using System.Net;
using System.Text.Json;
using Entrepot.Core.Identities;
using Entrepot.FunctionalTests.Push;
using Entrepot.Mirror.Routing;
using Entrepot.Server.Configuration;
using Entrepot.Server.Scheduler;

namespace Entrepot.FunctionalTests.Scheduler;

public sealed class ProxyTests
{
    private static readonly SchedulerOptions Proxy = new() { Mode = RoutingMode.Proxy };

    [Fact]
    public async Task The_bytes_come_through_the_scheduler_with_the_edges_headers_and_its_own()
    {
        await using var site = await SchedulerSite.StartAsync(options: Proxy);
        var print = await site.PublishAsync("24.04/disk 1.txt", "0123456789");
        using var response = await site.GetAsync("/images/24.04/disk%201.txt", ("Cookie", "secret=1"), ("Authorization", "Basic c2VjcmV0"));
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        (await response.Content.ReadAsStringAsync()).ShouldBe("0123456789");
        response.Content.Headers.ContentLength.ShouldBe(10);
        response.Headers.ETag!.Tag.ShouldBe($"\"{print.Digest}\"");
        response.Headers.GetValues("Repr-Digest").Count().ShouldBe(1);
        RedirectTests.Header(response, "X-Entrepot-Size").ShouldBe("10");
        response.Headers.GetValues("Link").Count().ShouldBe(3);
        response.Headers.AcceptRanges.ShouldBe(["bytes"]);
        var asked = site.Edges.SelectMany(static edge => edge.Requests).Single();
        asked.Target.ShouldBe($"/images/24.04/disk%201.txt?digest={print.Digest}");
        asked.Headers.Cookie.ShouldBeEmpty();
        asked.Headers.Authorization.ShouldBeEmpty();
    }

    [Fact]
    public async Task Ranges_and_conditions_reach_the_edge()
    {
        await using var site = await SchedulerSite.StartAsync(options: Proxy);
        var print = await site.PublishAsync("a", "0123456789");
        using var part = await site.GetAsync("/images/a", ("Range", "bytes=3-5"), ("If-Range", $"\"{print.Digest}\""));
        part.StatusCode.ShouldBe(HttpStatusCode.PartialContent);
        part.Content.Headers.ContentRange!.ToString().ShouldBe("bytes 3-5/10");
        (await part.Content.ReadAsStringAsync()).ShouldBe("345");
        using var beyond = await site.GetAsync("/images/a", ("Range", "bytes=10-"));
        beyond.StatusCode.ShouldBe(HttpStatusCode.RequestedRangeNotSatisfiable);
        using var same = await site.GetAsync("/images/a", ("If-None-Match", $"\"{print.Digest}\""));
        same.StatusCode.ShouldBe(HttpStatusCode.NotModified);
        using var head = await site.SendAsync(HttpMethod.Head, "/images/a");
        head.StatusCode.ShouldBe(HttpStatusCode.OK);
        head.Content.Headers.ContentLength.ShouldBe(10);
    }

    [Fact]
    public async Task A_dead_edge_is_replaced_before_the_first_byte_and_reported()
    {
        await using var site = await SchedulerSite.StartAsync(options: Proxy);
        await site.PublishAsync("a", "0123456789");
        var first = await FirstAsync(site);
        await site.KillAsync(site.Edge(first));
        for (var i = 0; i < 2; i++)
        {
            using var response = await site.GetAsync("/images/a");
            (await response.Content.ReadAsStringAsync()).ShouldBe("0123456789");
        }

        ErrorsOf(site, first).ShouldBeGreaterThan(0);
    }

    [Theory]
    [InlineData(EdgeManner.Broken)]
    [InlineData(EdgeManner.Empty)]
    [InlineData(EdgeManner.Wrong)]
    [InlineData(EdgeManner.Stranger)]
    [InlineData(EdgeManner.Shortened)]
    public async Task An_edge_that_can_not_deliver_is_replaced_and_reported(EdgeManner manner)
    {
        await using var site = await SchedulerSite.StartAsync(options: Proxy);
        await site.PublishAsync("a", "0123456789");
        var first = await FirstAsync(site);
        site.Edge(first).Manner = manner;
        using var response = await site.GetAsync("/images/a");
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        (await response.Content.ReadAsStringAsync()).ShouldBe("0123456789");
        site.Edge(first).Requests.ShouldNotBeEmpty();
        ErrorsOf(site, first).ShouldBeGreaterThan(0);
    }

    [Fact]
    public async Task An_edge_that_cuts_in_the_middle_cuts_the_client_who_resumes()
    {
        await using var site = await SchedulerSite.StartAsync(options: Proxy);
        var bytes = new byte[300_000];
        new Random(3).NextBytes(bytes);
        await site.PublishAsync("a", bytes);
        var first = await FirstAsync(site);
        site.Edge(first).Manner = EdgeManner.Cutting;
        using var response = await site.GetAsync("/images/a");
        response.Content.Headers.ContentLength.ShouldBe(bytes.Length);
        site.Edge(first).CutNow.SetResult();
        await Should.ThrowAsync<Exception>(() => response.Content.ReadAsByteArrayAsync());  // never a short body that looks whole
        await PushSite.EventuallyAsync(() => ErrorsOf(site, first) > 0, "the cut is reported");
        site.Edge(first).Manner = EdgeManner.Honest;
        using var rest = await site.GetAsync("/images/a", ("Range", "bytes=150000-"));
        (await rest.Content.ReadAsByteArrayAsync()).ShouldBe(bytes[150_000..]);
    }

    [Fact]
    public async Task When_every_edge_fails_the_client_learns_why()
    {
        await using var site = await SchedulerSite.StartAsync(options: Proxy);
        await site.PublishAsync("a", "0123456789");
        await site.KillAsync(site.Edges[0]);
        site.Edges[1].Manner = EdgeManner.Broken;
        using var response = await site.GetAsync("/images/a");
        response.StatusCode.ShouldBe(HttpStatusCode.BadGateway);
        var problem = JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement;
        problem.GetProperty("code").GetString().ShouldBe("scheduler/edges-failed");
        problem.GetProperty("errors").EnumerateArray().Select(static e => e.GetProperty("edge").GetString())
            .ShouldBe(["edge-1", "edge-2"], ignoreOrder: true);
    }

    [Fact]
    public async Task When_every_edge_fails_the_origin_in_the_process_serves()
    {
        await using var site = await SchedulerSite.StartAsync(options: Proxy, withFallback: true);
        await site.PublishAsync("a", "0123456789");
        foreach (var edge in site.Edges)
            edge.Manner = EdgeManner.Empty;
        using var response = await site.GetAsync("/images/a");
        (await response.Content.ReadAsStringAsync()).ShouldBe("0123456789");
    }

    private static async Task<string> FirstAsync(SchedulerSite site)
        => (await site.JsonAsync("/images/a?explain&format=json")).GetProperty("chosen")[0].GetProperty("edge").GetString()!;

    private static double ErrorsOf(SchedulerSite site, string name)
    {
        EdgeState? found = null;
        foreach (var edge in site.Nodes.View.Edges)
            found = edge.Name == NodeName.Parse(name) ? edge : found;
        return found!.RecentErrors;
    }
}
