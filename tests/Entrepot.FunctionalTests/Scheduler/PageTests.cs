using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Entrepot.Server.Scheduler;

namespace Entrepot.FunctionalTests.Scheduler;

public sealed partial class PageTests
{
    [Fact]
    public async Task A_page_allows_the_browser_nothing_but_its_own_style()
    {
        await using var site = await SchedulerSite.StartAsync();
        await site.PublishAsync("a", "a");
        foreach (var target in (string[])["/", "/images/", "/images/a?explain", "/images/a?mirrorlist"])
        {
            using var response = await site.GetAsync(target);
            response.StatusCode.ShouldBe(HttpStatusCode.OK, target);
            response.Content.Headers.ContentType!.ToString().ShouldBe("text/html; charset=utf-8");
            var html = await response.Content.ReadAsStringAsync();
            var style = Style().Match(html).Groups[1].Value;
            RedirectTests.Header(response, "Content-Security-Policy").ShouldBe(
                $"default-src 'none'; style-src 'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(style)))}'; img-src data:; "
                + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
            RedirectTests.Header(response, "X-Content-Type-Options").ShouldBe("nosniff");
            html.ShouldNotContain("<script");
            html.ShouldNotContain(" style=");
            html.ShouldNotContain(" onclick=");
        }
    }

    [Fact]
    public async Task A_browser_is_told_in_a_page_what_is_not_there_and_a_tool_in_a_document()
    {
        await using var site = await SchedulerSite.StartAsync();
        await site.PublishAsync("a", "a");

        using var page = await site.GetAsync("/images/%3Cb%3E", ("Accept", "text/html,application/xhtml+xml,*/*;q=0.8"));
        page.StatusCode.ShouldBe(HttpStatusCode.NotFound);
        page.Content.Headers.ContentType!.MediaType.ShouldBe("text/html");
        (await page.Content.ReadAsStringAsync()).ShouldContain("&lt;b&gt;");

        foreach (var accept in (string[])["*/*", "application/json", "application/json, text/html;q=0.5"])
        {
            using var document = await site.GetAsync("/images/nothing", ("Accept", accept));
            document.StatusCode.ShouldBe(HttpStatusCode.NotFound);
            document.Content.Headers.ContentType!.MediaType.ShouldBe("application/problem+json", accept);
        }
    }

    [Theory]
    [InlineData("<script>alert(1)<script>")]
    [InlineData("\"><img src=x onerror=alert(1)>")]
    [InlineData("' onmouseover='alert(1)")]
    [InlineData("javascript:alert(1)")]
    [InlineData("&lt;b&gt;&amp;amp;")]
    [InlineData("a?b#c%41;d=e+f g")]
    [InlineData("\u202Egnp.exe")]
    [InlineData("名前 Ünï 😀")]
    public async Task Any_name_is_shown_as_text_and_its_link_leads_to_the_file(string name)
    {
        await using var site = await SchedulerSite.StartAsync();
        var print = await site.PublishAsync($"dir/{name}", "hostile");
        using var response = await site.GetAsync("/images/dir/");
        var html = await response.Content.ReadAsStringAsync();
        html.ShouldNotContain("<script");
        html.ShouldNotContain("<img");
        var row = Row().Match(html);
        WebUtility.HtmlDecode(row.Groups["text"].Value).ShouldBe(name);
        var link = WebUtility.HtmlDecode(row.Groups["link"].Value);
        var target = new Uri(new Uri($"{site.Url}/images/dir/"), link);
        target.Authority.ShouldBe(new Uri(site.Url).Authority);
        using var file = await site.GetAsync(target.AbsoluteUri);
        file.StatusCode.ShouldBe(HttpStatusCode.TemporaryRedirect);
        file.Headers.ETag!.Tag.ShouldBe($"\"{print.Digest}\"");
        foreach (var page in (string[])["explain", "mirrorlist"])
        {
            using var about = await site.GetAsync($"{target.AbsoluteUri}?{page}");
            var text = await about.Content.ReadAsStringAsync();
            text.ShouldNotContain("<script");
            text.ShouldNotContain("<img");
        }
    }

    [Fact]
    public async Task A_folder_shows_what_is_below_with_sums_dates_and_the_snapshot()
    {
        await using var site = await SchedulerSite.StartAsync();
        await site.PublishAsync("b/one", new byte[3000], new DateTimeOffset(2025, 1, 2, 3, 4, 5, TimeSpan.Zero));
        await site.PublishAsync("b/deep/two", new byte[5000], new DateTimeOffset(2024, 1, 2, 3, 4, 5, TimeSpan.Zero));
        var print = await site.PublishAsync("file", "x");
        var html = await TextAsync(site, "/images/");
        html.ShouldContain("Disk images &lt;b&gt;for&lt;/b&gt; everyone");
        html.ShouldContain("3 files, 7.8 KiB, 1 folder");
        html.ShouldContain("<data value=\"8000\" title=\"8,000 bytes\">7.8 KiB</data>");
        html.ShouldContain("<time datetime=\"2025-01-02T03:04:05Z\">");
        html.ShouldContain("2 files</span>");
        html.ShouldContain(print.Digest.Hex);
        html.ShouldContain("Snapshot 3, published ");
        html.ShouldContain(site.Catalog.View.Get(SchedulerSite.Images).Current.Root.ToString());
    }

    [Theory]
    [InlineData("", "a/ a-b/ big mid small")]
    [InlineData("?sort=name&order=desc", "a-b/ a/ small mid big")]
    [InlineData("?sort=size&order=desc", "a/ a-b/ big mid small")]
    [InlineData("?sort=size", "a-b/ a/ small mid big")]
    [InlineData("?sort=date&order=asc", "a/ a-b/ mid big small")]
    [InlineData("?sort=date&order=desc", "a-b/ a/ small big mid")]
    public async Task A_folder_is_sorted_as_asked_folders_first(string query, string names)
    {
        await using var site = await SchedulerSite.StartAsync(edges: 0);
        await PublishSortableAsync(site);
        var html = await TextAsync(site, "/images/" + query);
        Row().Matches(html).Select(static row => row.Groups["text"].Value + (row.Groups["kind"].Value == "folder" ? "/" : ""))
            .ShouldBe(names.Split(' '));
    }

    [Theory]
    [InlineData("?sort=owner")]
    [InlineData("?order=up")]
    [InlineData("?page=0")]
    [InlineData("?page=-1")]
    [InlineData("?page=99999999999")]
    public async Task An_order_that_does_not_exist_is_refused_with_those_that_do(string query)
    {
        await using var site = await SchedulerSite.StartAsync(edges: 0);
        using var response = await site.GetAsync("/images/" + query);
        response.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await response.Content.ReadAsStringAsync()).ShouldContain("sort=name, size or date");
    }

    [Fact]
    public async Task A_large_folder_is_cut_into_pages_that_link_to_each_other()
    {
        await using var site = await SchedulerSite.StartAsync(edges: 0, options: new SchedulerOptions { PageSize = 100 });
        await site.PublishManyAsync(Enumerable.Range(0, 250).Select(static i => $"f{i:000}"), "x"u8.ToArray());
        var last = await TextAsync(site, "/images/?sort=name&order=asc&page=3");
        Row().Count(last).ShouldBe(50);
        last.ShouldContain("Page 3 of 3");
        last.ShouldContain("rel=\"prev\" href=\"?sort=name&amp;order=asc&amp;page=2\"");
        last.ShouldNotContain("rel=\"next\"");
        using var beyond = await site.GetAsync("/images/?page=4");
        beyond.StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task A_hundred_thousand_files_in_one_folder_are_listed()
    {
        await using var site = await SchedulerSite.StartAsync(edges: 0);
        await site.PublishManyAsync(Enumerable.Range(0, 100_000).Select(static i => $"flat/f{i:000000}"), "x"u8.ToArray());
        var document = await site.JsonAsync("/images/flat/?format=json");
        document.GetProperty("items").GetArrayLength().ShouldBe(100_000);
        var html = await TextAsync(site, "/images/flat/?sort=date&order=desc&page=100");
        Row().Matches(html)[^1].Groups["text"].Value.ShouldBe("f000000");
    }

    [Theory]
    [InlineData("/images/dir/?format=json", null)]
    [InlineData("/images/dir/", "application/json")]
    [InlineData("/images/dir/", "application/json, */*")]
    public async Task A_folder_is_a_document_for_programs(string target, string? accept)
    {
        await using var site = await SchedulerSite.StartAsync(edges: 0);
        var print = await site.PublishAsync("dir/file", "x");
        await site.PublishAsync("dir/sub/other", "yy");
        using var response = await site.GetAsync(target, accept is null ? [] : [("Accept", accept)]);
        response.Content.Headers.ContentType!.MediaType.ShouldBe("application/json");
        response.Headers.Vary.ShouldBe(["Accept"]);
        var folder = JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement;
        folder.GetProperty("mirror").GetString().ShouldBe("images");
        folder.GetProperty("path").GetString().ShouldBe("dir");
        folder.GetProperty("snapshot").GetInt64().ShouldBe(2);
        var items = folder.GetProperty("items");
        items[0].GetProperty("name").GetString().ShouldBe("sub");
        items[0].GetProperty("type").GetString().ShouldBe("folder");
        items[0].TryGetProperty("digest", out _).ShouldBeFalse();
        items[1].GetProperty("digest").GetString().ShouldBe(print.Digest.ToString());
    }

    [Theory]
    [InlineData("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")]
    [InlineData("*/*")]
    [InlineData("not a media type")]
    public async Task Browsers_and_curl_get_the_page(string accept)
    {
        await using var site = await SchedulerSite.StartAsync(edges: 0);
        using var response = await site.GetAsync("/images/", ("Accept", accept));
        response.Content.Headers.ContentType!.MediaType.ShouldBe("text/html");
    }

    [Fact]
    public async Task The_front_page_lists_the_mirrors_in_both_forms()
    {
        await using var site = await SchedulerSite.StartAsync(edges: 0);
        await site.PublishAsync("a", "abc");
        (await TextAsync(site, "/")).ShouldContain("<a href=\"/images/\">images/</a>");
        var mirrors = await site.JsonAsync("/?format=json");
        mirrors[0].GetProperty("name").GetString().ShouldBe("images");
        mirrors[0].GetProperty("kind").GetString().ShouldBe("hosted");
        mirrors[0].GetProperty("current").GetProperty("bytes").GetInt64().ShouldBe(3);
    }

    [Theory]
    [InlineData("/images", "/images/")]
    [InlineData("/images/a%20b", "/images/a%20b/")]
    [InlineData("/images/a%20b?sort=size&order=desc", "/images/a%20b/?sort=size&order=desc")]
    public async Task A_folder_without_its_slash_is_redirected_for_good(string target, string location)
    {
        await using var site = await SchedulerSite.StartAsync(edges: 0);
        await site.PublishAsync("a b/c", "x");
        using var response = await site.GetAsync(target);
        response.StatusCode.ShouldBe(HttpStatusCode.PermanentRedirect);
        response.Headers.Location!.OriginalString.ShouldBe(location);
    }

    [Fact]
    public async Task A_page_is_revalidated_until_something_is_published()
    {
        await using var site = await SchedulerSite.StartAsync(edges: 0);
        await site.PublishAsync("a", "x");
        using var first = await site.GetAsync("/images/");
        using var again = await site.GetAsync("/images/", ("If-None-Match", first.Headers.ETag!.ToString()));
        again.StatusCode.ShouldBe(HttpStatusCode.NotModified);
        using var json = await site.GetAsync("/images/?format=json", ("If-None-Match", first.Headers.ETag!.ToString()));
        json.StatusCode.ShouldBe(HttpStatusCode.OK);
        await site.Catalog.RollbackAsync(SchedulerSite.Images, 0, "test");
        await site.Catalog.RollbackAsync(SchedulerSite.Images, 1, "test");  // the same root under another number
        using var rolled = await site.GetAsync("/images/", ("If-None-Match", first.Headers.ETag!.ToString()));
        rolled.StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task HEAD_of_a_page_has_its_headers_and_no_body()
    {
        await using var site = await SchedulerSite.StartAsync();
        await site.PublishAsync("a", "x");
        foreach (var target in (string[])["/", "/images/", "/images/?format=json", "/images/a?explain", "/images/a?mirrorlist&format=json"])
        {
            using var head = await site.SendAsync(HttpMethod.Head, target);
            using var get = await site.GetAsync(target);
            head.StatusCode.ShouldBe(HttpStatusCode.OK);
            head.Content.Headers.ContentType.ShouldBe(get.Content.Headers.ContentType);
            (await head.Content.ReadAsByteArrayAsync()).ShouldBeEmpty();
        }
    }

    [Fact]
    public async Task A_mirror_list_names_every_edge_and_the_scheduler_itself()
    {
        await using var site = await SchedulerSite.StartAsync();
        var print = await site.PublishAsync("a b", "x");
        var list = await site.JsonAsync("/images/a%20b?mirrorlist&format=json");
        list.GetProperty("digest").GetString().ShouldBe(print.Digest.ToString());
        var sources = list.GetProperty("sources").EnumerateArray().ToArray();
        sources.Length.ShouldBe(3);
        sources[^1].GetProperty("url").GetString().ShouldBe($"{site.Url}/images/a%20b?digest={print.Digest}");
        sources[^1].TryGetProperty("edge", out _).ShouldBeFalse();
        (await TextAsync(site, "/images/a%20b?mirrorlist")).ShouldContain(site.Edges[0].Url);
    }

    [Fact]
    public async Task An_explanation_shows_the_parts_of_every_score_and_acts_on_nothing()
    {
        await using var site = await SchedulerSite.StartAsync();
        await site.PublishAsync("a", "x");
        var explained = await site.JsonAsync("/images/a?explain", ("Accept", "application/json"));
        explained.GetProperty("client").GetString().ShouldBe("127.0.0.1");
        explained.GetProperty("mode").GetString().ShouldBe("redirect");
        var chosen = explained.GetProperty("chosen").EnumerateArray().ToArray();
        chosen.Length.ShouldBe(2);
        chosen[0].GetProperty("priority").GetInt32().ShouldBe(1);
        chosen[0].GetProperty("loadWeight").GetDouble().ShouldBe(1);
        explained.GetProperty("outcome").GetString().ShouldBe($"The client is sent to {chosen[0].GetProperty("edge").GetString()}.");
        site.Nodes.View.Assigned.ToArray().ShouldAllBe(static count => count == 0);
        using var acted = await site.GetAsync("/images/a");
        acted.Headers.Location!.OriginalString.ShouldBe(chosen[0].GetProperty("url").GetString());
    }

    private static async Task PublishSortableAsync(SchedulerSite site)
    {
        var day = SchedulerSite.Start;
        await site.PublishAsync("a/x", new byte[900], day.AddDays(-9));
        await site.PublishAsync("a-b/x", new byte[800], day.AddDays(-8));
        await site.PublishAsync("big", new byte[500], day.AddDays(-2));
        await site.PublishAsync("mid", new byte[300], day.AddDays(-3));
        await site.PublishAsync("small", new byte[100], day.AddDays(-1));
    }

    private static async Task<string> TextAsync(SchedulerSite site, string target)
    {
        using var response = await site.GetAsync(target);
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        return await response.Content.ReadAsStringAsync();
    }

    [GeneratedRegex("<style>(.*?)</style>", RegexOptions.Singleline)]
    private static partial Regex Style();

    [GeneratedRegex("<td class=\"n (?<kind>file|folder)\"><a href=\"(?<link>[^\"]*)\"><bdi>(?<text>.*?)</bdi>")]
    private static partial Regex Row();
}
