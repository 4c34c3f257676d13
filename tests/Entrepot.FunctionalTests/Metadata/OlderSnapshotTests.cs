using System.Net;

namespace Entrepot.FunctionalTests.Metadata;

/// <summary>Requests for an older snapshot, which anybody may send as often as they like.</summary>
public sealed class OlderSnapshotTests : IAsyncLifetime
{
    private MetadataSite _site = null!;

    private long Readings => _site.Push.Catalog.SnapshotReadings;

    public async ValueTask InitializeAsync()
    {
        _site = await MetadataSite.StartAsync();
        (await _site.Push.PutAsync("/images/24.04/disk.img", [1])).EnsureSuccessStatusCode();
        (await _site.Push.PutAsync("/images/24.04/disk.img", [2, 2])).EnsureSuccessStatusCode();
        (await _site.Push.PutAsync("/images/readme", [3])).EnsureSuccessStatusCode();
    }

    public ValueTask DisposeAsync() => _site.DisposeAsync();

    [Fact]
    public async Task Files_headers_and_refusals_do_not_read_the_whole_snapshot()
    {
        var file = await _site.GetJsonAsync("/v1/mirrors/images/tree/24.04/disk.img?snapshot=1");
        (file.GetProperty("size").GetInt64(), file.GetProperty("snapshot").GetInt64()).ShouldBe((1, 1));
        (await _site.GetJsonAsync("/v1/mirrors/images/tree/24.04/disk.img?snapshot=2")).GetProperty("size").GetInt64().ShouldBe(2);
        (await _site.GetJsonAsync("/v1/mirrors/images/snapshots/1")).GetProperty("files").GetInt32().ShouldBe(1);
        (await StatusAsync("tree/readme?snapshot=2")).ShouldBe(HttpStatusCode.NotFound);
        (await StatusAsync("tree/24.04/disk.img/?snapshot=2")).ShouldBe(HttpStatusCode.NotFound);
        (await StatusAsync("tree/24.04/disk.img?snapshot=99")).ShouldBe(HttpStatusCode.NotFound);
        (await StatusAsync("listing?snapshot=99")).ShouldBe(HttpStatusCode.NotFound);
        using var folder = await _site.GetAsync("/v1/mirrors/images/tree/24.04?snapshot=2", ("If-None-Match", "*"));
        folder.StatusCode.ShouldBe(HttpStatusCode.NotModified);

        Readings.ShouldBe(0);
    }

    [Fact]
    public async Task Folders_listings_and_differences_read_each_snapshot_once_however_many_ask()
    {
        string[] paths = ["tree/?snapshot=1", "tree/24.04?snapshot=1", "listing?snapshot=1", "snapshots/1/diff/3", "snapshots/0/diff/1"];

        var answers = await Task.WhenAll(Enumerable.Repeat(paths, 8).SelectMany(all => all).Select(StatusAsync));

        answers.ShouldAllBe(status => status == HttpStatusCode.OK);
        Readings.ShouldBe(1);
        var root = await _site.GetJsonAsync("/v1/mirrors/images/tree/?snapshot=1");
        root.GetProperty("items").EnumerateArray().Select(item => item.GetProperty("name").GetString()).ShouldBe(["24.04"]);
        Readings.ShouldBe(1);
    }

    [Fact]
    public async Task A_snapshot_that_retention_dropped_is_gone_from_memory_too()
    {
        (await StatusAsync("listing?snapshot=1")).ShouldBe(HttpStatusCode.OK);
        using var change = await _site.OrderAsync(HttpMethod.Patch, "/v1/mirrors/images", """{"retention":{"keepSnapshots":1}}""");
        change.StatusCode.ShouldBe(HttpStatusCode.OK, await change.Content.ReadAsStringAsync());
        using var collected = await _site.OrderAsync(HttpMethod.Post, "/v1/gc", """{"dryRun":false}""");
        collected.StatusCode.ShouldBe(HttpStatusCode.OK, await collected.Content.ReadAsStringAsync());

        (await StatusAsync("listing?snapshot=1")).ShouldBe(HttpStatusCode.NotFound);
    }

    private async Task<HttpStatusCode> StatusAsync(string path)
    {
        using var response = await _site.GetAsync($"/v1/mirrors/images/{path}");
        return response.StatusCode;
    }
}
