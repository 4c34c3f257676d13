using System.Net;
using System.Text.Json;
using Entrepot.Core.Identities;

namespace Entrepot.FunctionalTests.Scheduler;

public sealed class RedirectTests
{
    [Theory]
    [InlineData("GET")]
    [InlineData("HEAD")]
    public async Task A_file_is_redirected_to_an_edge_with_proof_of_what_is_there(string method)
    {
        await using var site = await SchedulerSite.StartAsync();
        var print = await site.PublishAsync("24.04/disk 1.img", "some bytes");

        using var response = await site.SendAsync(new HttpMethod(method), "/images/24.04/disk%201.img");

        response.StatusCode.ShouldBe(HttpStatusCode.TemporaryRedirect);
        var location = response.Headers.Location!.OriginalString;
        site.Edges.Select(edge => $"{edge.Url}/images/24.04/disk%201.img?digest={print.Digest}").ShouldContain(location);
        response.Headers.CacheControl!.ToString().ShouldBe("no-store");
        response.Headers.ETag!.Tag.ShouldBe($"\"{print.Digest}\"");
        response.Content.Headers.LastModified.ShouldBe(SchedulerSite.Start);
        Header(response, "Repr-Digest").ShouldBe($"sha-256=:{Convert.ToBase64String(print.Digest.ToBytes())}:");
        Header(response, "X-Entrepot-Size").ShouldBe("10");
        var links = response.Headers.GetValues("Link").ToArray();
        links[0].ShouldBe($"<{location}>; rel=duplicate; pri=1");
        links[1].ShouldEndWith($"/images/24.04/disk%201.img?digest={print.Digest}>; rel=duplicate; pri=2");
        links[2].ShouldBe("</images/24.04/disk%201.img.meta4>; rel=describedby; type=\"application/metalink4+xml\"");
        (await response.Content.ReadAsByteArrayAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task At_most_five_duplicates_are_named()
    {
        await using var site = await SchedulerSite.StartAsync(edges: 7);
        await site.PublishAsync("a", "a");
        using var response = await site.GetAsync("/images/a");
        response.Headers.GetValues("Link").Count(static link => link.Contains("rel=duplicate", StringComparison.Ordinal)).ShouldBe(5);
    }

    [Fact]
    public async Task The_same_file_keeps_going_to_the_same_edge_and_others_to_others()
    {
        await using var site = await SchedulerSite.StartAsync();
        await site.PublishManyAsync(["a"], "one"u8.ToArray());
        var first = await LocationAsync(site, "/images/a");
        for (var i = 0; i < 5; i++)
            (await LocationAsync(site, "/images/a")).ShouldBe(first);
        var seen = new HashSet<string>();
        for (var i = 0; i < 24 && seen.Count < 2; i++)
        {
            await site.PublishAsync($"f{i}", $"bytes {i}");
            seen.Add(new Uri(await LocationAsync(site, $"/images/f{i}")).Authority);
        }

        seen.Count.ShouldBe(2);
    }

    [Fact]
    public async Task A_popular_file_spreads_when_its_edge_has_more_than_its_share()
    {
        await using var site = await SchedulerSite.StartAsync(edges: 3);
        await site.PublishAsync("hot", "hot");
        var shares = new Dictionary<string, int>();
        for (var i = 0; i < 120; i++)
        {
            var host = new Uri(await LocationAsync(site, "/images/hot")).Authority;
            shares[host] = shares.GetValueOrDefault(host) + 1;
        }

        shares.Count.ShouldBe(3);
        shares.Values.Max().ShouldBeLessThanOrEqualTo(51);  // 1.25 × 40, and one for the client that is placed
    }

    [Fact]
    public async Task A_client_that_has_the_file_is_told_so_without_a_redirect()
    {
        await using var site = await SchedulerSite.StartAsync();
        var print = await site.PublishAsync("a", "a");
        using var same = await site.GetAsync("/images/a", ("If-None-Match", $"\"{print.Digest}\""));
        same.StatusCode.ShouldBe(HttpStatusCode.NotModified);
        same.Headers.ETag!.Tag.ShouldBe($"\"{print.Digest}\"");
        using var since = await site.GetAsync("/images/a", ("If-Modified-Since", SchedulerSite.Start.ToString("R")));
        since.StatusCode.ShouldBe(HttpStatusCode.NotModified);
        using var other = await site.GetAsync("/images/a", ("If-None-Match", "\"sha256:other\""));
        other.StatusCode.ShouldBe(HttpStatusCode.TemporaryRedirect);
    }

    [Fact]
    public async Task An_edge_that_falls_silent_is_left_out_and_comes_back()
    {
        await using var site = await SchedulerSite.StartAsync();
        await site.PublishAsync("a", "a");
        var first = new Uri(await LocationAsync(site, "/images/a")).Authority;
        var silent = site.Edges.Single(edge => new Uri(edge.Url).Authority == first);
        var other = site.Edges.Single(edge => edge != silent);
        for (var i = 0; i < 4; i++)
        {
            site.Time.Advance(TimeSpan.FromSeconds(5));
            site.Nodes.Accept(other.Beat);
            site.Nodes.Tick();
        }

        (await LocationAsync(site, "/images/a")).ShouldStartWith(other.Url);
        var explained = await site.JsonAsync("/images/a?explain&format=json");
        explained.GetProperty("excluded")[0].GetProperty("edge").GetString().ShouldBe(silent.Name);
        explained.GetProperty("excluded")[0].GetProperty("reason").GetString().ShouldBe("out");
        site.BeatAll();
        site.BeatAll();
        (await LocationAsync(site, "/images/a")).ShouldStartWith(silent.Url);
    }

    [Fact]
    public async Task With_no_edge_the_origin_in_the_process_serves()
    {
        await using var site = await SchedulerSite.StartAsync(edges: 0, withFallback: true);
        await site.PublishAsync("a.txt", "0123456789");
        using var response = await site.GetAsync("/images/a.txt", ("Range", "bytes=2-4"));
        response.StatusCode.ShouldBe(HttpStatusCode.PartialContent);
        (await response.Content.ReadAsStringAsync()).ShouldBe("234");
        response.Content.Headers.ContentType!.MediaType.ShouldBe("text/plain");
        Header(response, "Link").ShouldContain("rel=describedby");
    }

    [Fact]
    public async Task With_no_edge_and_no_origin_the_client_learns_the_reason_of_every_edge()
    {
        await using var site = await SchedulerSite.StartAsync(edges: 1);
        await site.PublishAsync("a", "a");
        site.Nodes.Accept(site.Edges[0].Beat with { Draining = true });
        site.Nodes.Accept(site.Edges[0].Beat with { Node = "newcomer" });
        using var response = await site.GetAsync("/images/a");
        response.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        response.Headers.RetryAfter.ShouldNotBeNull();
        var problem = JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement;
        problem.GetProperty("code").GetString().ShouldBe("scheduler/no-edge");
        problem.GetProperty("errors").EnumerateArray().Select(static e => (e.GetProperty("edge").GetString(), e.GetProperty("reason").GetString()))
            .ShouldBe([("edge-1", "draining"), ("newcomer", "joining")]);
    }

    [Fact]
    public async Task A_client_can_name_edges_that_it_tried()
    {
        await using var site = await SchedulerSite.StartAsync();
        await site.PublishAsync("a", "a");
        var first = site.Edges.Single(edge => LocationAsync(site, "/images/a").GetAwaiter().GetResult().StartsWith(edge.Url, StringComparison.Ordinal));
        (await LocationAsync(site, $"/images/a?avoid={first.Name}")).ShouldNotStartWith(first.Url);
        using var bad = await site.GetAsync("/images/a?avoid=Not%20a%20name");
        bad.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task A_pinned_digest_outlives_the_publish_that_replaces_it()
    {
        await using var site = await SchedulerSite.StartAsync();
        var old = await site.PublishAsync("a", "old");
        await site.PublishAsync("a", "new bytes");
        using var pinned = await site.GetAsync($"/images/a?digest={old.Digest}");
        pinned.Headers.Location!.OriginalString.ShouldEndWith($"/images/a?digest={old.Digest}");
        Header(pinned, "X-Entrepot-Size").ShouldBe("3");
        using var unknown = await site.GetAsync($"/images/a?digest={Sha256Digest.Of("never"u8)}");
        unknown.StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await unknown.Content.ReadAsStringAsync()).ShouldContain("scheduler/pinned-digest");
        using var bad = await site.GetAsync("/images/a?digest=sha256:xyz");
        bad.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
    }

    [Theory]
    [InlineData("/nothing/a", "catalog/mirror-not-found", "nothing")]
    [InlineData("/images/24.04/other.img", "catalog/path-not-found", "/images/24.04/")]
    [InlineData("/images/x/y/z", "catalog/path-not-found", "'x/y/z' in mirror 'images'")]
    [InlineData("/images/24.04/disk.img/", "catalog/path-not-found", "is a file")]
    [InlineData("/images/24.04/none.img.sha256", "catalog/path-not-found", "none.img.sha256")]
    [InlineData("/favicon.ico", "identity/reserved-mirror-name", "favicon.ico")]
    [InlineData("/Upper/a", "identity/mirror-name", "Upper")]
    public async Task What_is_not_there_is_named_with_a_cure(string target, string code, string mentioned)
    {
        await using var site = await SchedulerSite.StartAsync(edges: 0);
        await site.PublishAsync("24.04/disk.img", "x");
        using var response = await site.GetAsync(target);
        response.StatusCode.ShouldBe(HttpStatusCode.NotFound);
        var text = await response.Content.ReadAsStringAsync();
        var problem = JsonDocument.Parse(text).RootElement;
        problem.GetProperty("code").GetString().ShouldBe(code);
        problem.GetProperty("cure").GetString().ShouldNotBeNullOrEmpty();
        $"{problem.GetProperty("detail")} {problem.GetProperty("cure")}".ShouldContain(mentioned);
    }

    [Theory]
    [InlineData("POST")]
    [InlineData("PUT")]
    [InlineData("DELETE")]
    [InlineData("OPTIONS")]
    public async Task Only_GET_and_HEAD_are_answered(string method)
    {
        await using var site = await SchedulerSite.StartAsync(edges: 0);
        using var response = await site.SendAsync(new HttpMethod(method), "/images/a");
        response.StatusCode.ShouldBe(HttpStatusCode.MethodNotAllowed);
        response.Content.Headers.Allow.ShouldBe(["GET", "HEAD"]);
    }

    [Theory]
    [InlineData("/images/../images/a")]
    [InlineData("/images/%2e%2e/a")]
    [InlineData("/images//a")]
    [InlineData("/images/a%2fb")]
    [InlineData("/images/a%00")]
    public async Task Tricky_targets_are_refused(string target)
    {
        await using var site = await SchedulerSite.StartAsync(edges: 0);
        (await site.Surface.SendRawAsync($"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")).ShouldStartWith("HTTP/1.1 400 ");
    }

    internal static string Header(HttpResponseMessage response, string name)
        => string.Join(", ", response.Headers.TryGetValues(name, out var values) ? values : []);

    private static async Task<string> LocationAsync(SchedulerSite site, string target)
    {
        using var response = await site.GetAsync(target);
        return response.Headers.Location!.OriginalString;
    }
}
