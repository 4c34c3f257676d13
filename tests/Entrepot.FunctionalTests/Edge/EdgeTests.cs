using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Entrepot.Server.Api;

namespace Entrepot.FunctionalTests.Edge;

public sealed partial class EdgeTests : IAsyncLifetime
{
    private const int MiB = 1 << 20;

    private readonly string _folder = Directory.CreateTempSubdirectory("entrepot-edge-").FullName;
    private FakeOrigin _origin = null!;
    private RunningEdge _edge = null!;

    public async ValueTask InitializeAsync()
    {
        _origin = await FakeOrigin.StartAsync();
        _edge = await RunningEdge.StartAsync(_origin, _folder, "edge-1");
    }

    public async ValueTask DisposeAsync()
    {
        await _edge.DisposeAsync();
        await _origin.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task A_file_comes_whole_with_its_validators_and_the_second_time_without_the_origin()
    {
        var bytes = Bytes((3 * MiB) + 7);
        var fingerprint = _origin.Publish("a/disk.img", bytes);

        using var first = await _edge.Http.GetAsync("/images/a/disk.img");
        (await first.Content.ReadAsByteArrayAsync()).AsSpan().SequenceEqual(bytes).ShouldBeTrue();
        var second = await _edge.Http.GetByteArrayAsync("/images/a/disk.img");

        second.AsSpan().SequenceEqual(bytes).ShouldBeTrue();
        first.Headers.ETag!.Tag.ShouldBe($"\"{fingerprint.Digest}\"");
        first.Headers.CacheControl!.NoCache.ShouldBeTrue();
        first.Content.Headers.LastModified.ShouldBe(FakeOrigin.Modified);
        first.Content.Headers.ContentLength.ShouldBe(bytes.Length);
        _origin.Count("blob").ShouldBe(4);
        _origin.Count("fingerprint").ShouldBe(1);
        _origin.Count("tree").ShouldBe(1);
    }

    [Fact]
    public async Task A_range_costs_only_its_pieces()
    {
        var bytes = Bytes(5 * MiB);
        _origin.Publish("disk.img", bytes);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/images/disk.img");
        request.Headers.Range = new RangeHeaderValue((2 * MiB) + 5, (2 * MiB) + 104);

        using var response = await _edge.Http.SendAsync(request);

        response.StatusCode.ShouldBe(HttpStatusCode.PartialContent);
        (await response.Content.ReadAsByteArrayAsync()).ShouldBe(bytes[((2 * MiB) + 5)..((2 * MiB) + 105)]);
        _origin.Count("blob").ShouldBe(1);
    }

    [Fact]
    public async Task With_the_digest_in_the_address_the_origin_is_asked_for_the_files_time_once()
    {
        var bytes = Bytes(1000);
        var fingerprint = _origin.Publish("disk.iso", bytes);

        using var response = await _edge.Http.GetAsync($"/images/disk.iso?digest={fingerprint.Digest}");

        (await response.Content.ReadAsByteArrayAsync()).ShouldBe(bytes);
        response.Headers.CacheControl!.ToString().ShouldContain("immutable");
        response.Content.Headers.LastModified.ShouldBe(FakeOrigin.Modified);
        for (var i = 0; i < 3; i++)
        {
            _origin.Publish($"other-{i}", [1]);
            _edge.Time.Advance(TimeSpan.FromSeconds(2));
            await _edge.Http.GetByteArrayAsync($"/images/disk.iso?digest={fingerprint.Digest}");
        }

        _origin.Count("tree").ShouldBe(1);
        _origin.Count("mirror").ShouldBe(1);
    }

    [Fact]
    public async Task An_older_version_by_its_digest_has_no_time_and_an_origin_that_is_down_costs_none()
    {
        var old = _origin.Publish("disk.iso", [1]);
        await _edge.Http.GetByteArrayAsync($"/images/disk.iso?digest={old.Digest}");
        var young = _origin.Publish("disk.iso", [2]);
        _edge.Time.Advance(TimeSpan.FromSeconds(2));
        (await _edge.Http.GetByteArrayAsync($"/images/disk.iso?digest={young.Digest}")).ShouldBe([2]);

        using var older = await _edge.Http.GetAsync($"/images/disk.iso?digest={old.Digest}");
        (await older.Content.ReadAsByteArrayAsync()).ShouldBe([1]);
        older.Content.Headers.LastModified.ShouldBeNull();
        _origin.Down = true;
        _edge.Time.Advance(TimeSpan.FromSeconds(10));
        using var held = await _edge.Http.GetAsync($"/images/disk.iso?digest={young.Digest}");
        held.Content.Headers.LastModified.ShouldBe(FakeOrigin.Modified);
    }

    [Fact]
    public async Task A_new_snapshot_is_seen_after_a_second_and_a_busy_path_asks_the_origin_once_a_second()
    {
        var (old, fresh) = (Bytes(100), Bytes(101));
        _origin.Publish("f", old);
        for (var i = 0; i < 20; i++)
            await _edge.Http.GetByteArrayAsync("/images/f");
        _origin.Count("mirror").ShouldBe(1);
        _origin.Publish("f", fresh);

        (await _edge.Http.GetByteArrayAsync("/images/f")).ShouldBe(old);
        _edge.Time.Advance(TimeSpan.FromSeconds(1.1));
        (await _edge.Http.GetByteArrayAsync("/images/f")).ShouldBe(fresh);
        _origin.Count("mirror").ShouldBe(2);
    }

    [Theory]
    [InlineData("/images/none", HttpStatusCode.NotFound, "catalog/path-not-found")]
    [InlineData("/images/a", HttpStatusCode.NotFound, "edge/folder")]
    [InlineData("/images/", HttpStatusCode.NotFound, "edge/folder")]
    [InlineData("/", HttpStatusCode.NotFound, "edge/folder")]
    [InlineData("/images/a/disk.img?digest=md5:1", HttpStatusCode.BadRequest, "edge/digest")]
    [InlineData("/v1/blobs/abc", HttpStatusCode.BadRequest, "edge/digest")]
    [InlineData("/images/%2e%2e/x", HttpStatusCode.BadRequest, "identity/path-traversal")]
    [InlineData("/images/a%2fdisk.img", HttpStatusCode.BadRequest, "identity/path-character")]
    [InlineData("/v1/blobs/sha256:0000000000000000000000000000000000000000000000000000000000000000", HttpStatusCode.NotFound, "catalog/blob-not-found")]
    public async Task What_is_not_there_is_refused_with_its_reason(string address, HttpStatusCode status, string code)
    {
        _origin.Publish("a/disk.img", Bytes(10));
        var request = new Uri(_edge.Http.BaseAddress + address[1..], new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });

        using var response = await _edge.Http.GetAsync(request);

        response.StatusCode.ShouldBe(status);
        (await Code(response)).ShouldBe(code);
    }

    [Fact]
    public async Task Head_costs_no_bytes_and_other_methods_are_refused()
    {
        _origin.Publish("f", Bytes(100));
        using var head = await _edge.Http.SendAsync(new HttpRequestMessage(HttpMethod.Head, "/images/f"));
        using var put = await _edge.Http.PutAsync("/images/f", new ByteArrayContent([1]));

        head.Content.Headers.ContentLength.ShouldBe(100);
        _origin.Count("blob").ShouldBe(0);
        put.StatusCode.ShouldBe(HttpStatusCode.MethodNotAllowed);
    }

    [Fact]
    public async Task Wrong_bytes_from_the_origin_reach_nobody()
    {
        _origin.Publish("f", Bytes(2 * MiB));
        _origin.Lies = true;
        // What the file is, is known before the clock begins to run faster than the origin can answer.
        (await _edge.Http.SendAsync(new HttpRequestMessage(HttpMethod.Head, "/images/f"))).StatusCode.ShouldBe(HttpStatusCode.OK);

        using var request = new HttpRequestMessage(HttpMethod.Get, "/images/f");
        request.Headers.Range = new RangeHeaderValue(MiB, (2 * MiB) - 1);
        var asking = _edge.Http.SendAsync(request);
        while (!asking.IsCompleted)
        {
            _edge.Time.Advance(TimeSpan.FromSeconds(1));
            await Task.WhenAny(asking, Task.Delay(10));
        }

        using var response = await asking;
        response.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        (await Code(response)).ShouldBe("caching/piece-unavailable");
        _edge.Service.Look().HeldBytes.ShouldBe(0);
        _edge.Service.Look().Errors.ShouldBeGreaterThan(0);
    }

    [Fact]
    public async Task A_peer_that_holds_the_piece_gives_it_when_the_origin_can_not()
    {
        var bytes = Bytes(2 * MiB);
        var fingerprint = _origin.Publish("f", bytes);
        await using var peer = await RunningEdge.StartAsync(_origin, _folder, "edge-2");
        await peer.Http.GetByteArrayAsync("/images/f");
        _origin.Nodes.Add(new NodeDocument(
            new HeartbeatRequest("edge-2", "local", peer.Http.BaseAddress!.AbsoluteUri.TrimEnd('/'), "1", "", 0, 0, 0, 0, 0, 0, false),
            FakeOrigin.Modified, "healthy", ""));
        _edge.Service.Announce(_edge.Http.BaseAddress!.AbsoluteUri.TrimEnd('/'), "test");
        using var head = await _edge.Http.SendAsync(new HttpRequestMessage(HttpMethod.Head, "/images/f"));
        await Until(() => _edge.Service.Look().Sources.Count == 2);
        _origin.Down = true;

        (await _edge.Http.GetByteArrayAsync($"/v1/blobs/{fingerprint.Digest}")).AsSpan().SequenceEqual(bytes).ShouldBeTrue();
        _edge.Service.Look().Sources.Single(source => source.Name == "edge-2").Bytes.ShouldBe(2 * MiB);
    }

    [Fact]
    public async Task Who_asks_for_held_bytes_only_gets_504_for_others()
    {
        var fingerprint = _origin.Publish("f", Bytes(10));
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/v1/blobs/{fingerprint.Digest}");
        request.Headers.CacheControl = new CacheControlHeaderValue { OnlyIfCached = true };

        using var response = await _edge.Http.SendAsync(request);

        response.StatusCode.ShouldBe(HttpStatusCode.GatewayTimeout);
        _origin.Count("fingerprint").ShouldBe(0);
    }

    [Fact]
    public async Task Heart_beats_carry_what_the_edge_did()
    {
        var bytes = Bytes(MiB);
        _origin.Publish("f", bytes);
        _edge.Service.Announce("http://edge.example", "the first of the pool");
        await Until(() => _origin.Beats.Count == 1);
        await _edge.Http.GetByteArrayAsync("/images/f");
        _edge.Time.Advance(TimeSpan.FromSeconds(5));
        await Until(() => _origin.Beats.Count == 2);

        var beat = _origin.Beats.Last();
        beat.Node.ShouldBe("edge-1");
        beat.Url.ShouldBe("http://edge.example");
        beat.PortReason.ShouldBe("the first of the pool");
        beat.BytesPerSecond.ShouldBe(MiB / 5);
        beat.HeldBytes.ShouldBe(MiB);
        beat.FreeBytes.ShouldBeGreaterThan(0);
        beat.RecentErrors.ShouldBe(0);
    }

    [Fact]
    public async Task The_cache_can_be_looked_at()
    {
        _origin.Publish("f", Bytes(10));
        await _edge.Http.GetByteArrayAsync("/images/f");

        var document = JsonSerializer.Deserialize(await _edge.Http.GetStringAsync("/v1/cache"), ApiJson.Default.CacheDocument)!;

        document.HeldBytes.ShouldBe(10);
        document.Misses.ShouldBe(1);
        document.Sources.Single().Name.ShouldBe("origin");
        (await _edge.Http.GetStringAsync("/healthz")).ShouldBe("alive\n");
    }

    private async Task RestartAsync(bool down)
    {
        await _edge.DisposeAsync();
        _origin.Down = down;
        _edge = await RunningEdge.StartAsync(_origin, _folder, "edge-1");
    }

    private static byte[] Bytes(int count)
    {
        var bytes = new byte[count];
        new Random(count).NextBytes(bytes);
        return bytes;
    }

    private static async Task<string> Code(HttpResponseMessage response)
        => JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement.GetProperty("code").GetString()!;

    private static async Task Until(Func<bool> condition)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (!condition())
            await Task.Delay(5, deadline.Token);
    }
}
