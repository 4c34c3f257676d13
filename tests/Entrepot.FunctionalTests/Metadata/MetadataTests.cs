using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Entrepot.Core.Identities;
using Entrepot.FunctionalTests.Push;
using Entrepot.Mirror.Integrity;
using Entrepot.Server.Api;

namespace Entrepot.FunctionalTests.Metadata;

/// <summary>Everything that can be read, over a real connection.</summary>
public sealed class MetadataTests : IAsyncLifetime
{
    private static readonly byte[] Large = MakeContent(2_500_000);

    private MetadataSite _site = null!;

    public async ValueTask InitializeAsync()
    {
        _site = await MetadataSite.StartAsync();
        (await _site.Push.PutAsync("/images/24.04/disk.img", Large, ("X-Modified", "2026-01-02T03:04:05Z"))).EnsureSuccessStatusCode();
        (await _site.Push.PutAsync("/images/24.04/d%c3%bcrer%20%231.txt", "umlaut"u8.ToArray(), ("X-Modified", "2026-01-03T03:04:05Z"))).EnsureSuccessStatusCode();
        (await _site.Push.PutAsync("/images/readme", "hello"u8.ToArray())).EnsureSuccessStatusCode();
    }

    public ValueTask DisposeAsync() => _site.DisposeAsync();

    [Fact]
    public async Task Health_and_readiness_are_told()
    {
        (await (await _site.GetAsync("/healthz")).Content.ReadAsStringAsync()).ShouldBe("alive\n");
        var ready = await _site.GetJsonAsync("/readyz");
        ready.GetProperty("ready").GetBoolean().ShouldBeTrue(ready.ToString());
        ready.GetProperty("checks").EnumerateArray().Select(check => check.GetProperty("name").GetString()).ShouldBe(["state", "blobs", "surfaces"]);
    }

    [Fact]
    public async Task A_surface_that_does_not_answer_makes_the_node_not_ready()
    {
        using var gone = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        gone.Start();
        var port = ((IPEndPoint)gone.LocalEndpoint).Port;
        gone.Stop();
        _site.Network = _site.Network with { Surfaces = [new SurfaceDocument("admin", "origin", $"http://127.0.0.1:{port}", port, "loopback", "test")] };

        using var response = await _site.GetAsync("/readyz");

        response.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        var check = JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement.GetProperty("checks")[2];
        check.GetProperty("ok").GetBoolean().ShouldBeFalse();
        check.GetProperty("detail").GetString()!.ShouldContain($"admin does not answer at http://127.0.0.1:{port}");
    }

    [Fact]
    public async Task Mirrors_are_shown_with_what_is_current()
    {
        var mirror = (await _site.GetJsonAsync("/v1/mirrors")).EnumerateArray().Single();

        mirror.GetProperty("name").GetString().ShouldBe("images");
        mirror.GetProperty("kind").GetString().ShouldBe("hosted");
        mirror.GetProperty("format").GetString().ShouldBe("tree");
        mirror.GetProperty("retention").GetProperty("keepSnapshots").GetInt32().ShouldBe(10);
        mirror.GetProperty("current").GetProperty("number").GetInt64().ShouldBe(3);
        mirror.GetProperty("current").GetProperty("files").GetInt32().ShouldBe(3);
        (await _site.GetJsonAsync("/v1/mirrors/images")).ToString().ShouldBe(mirror.ToString());
    }

    [Fact]
    public async Task Snapshots_are_listed_newest_first_and_by_page()
    {
        Numbers(await _site.GetJsonAsync("/v1/mirrors/images/snapshots")).ShouldBe([3, 2, 1]);
        Numbers(await _site.GetJsonAsync("/v1/mirrors/images/snapshots?count=2")).ShouldBe([3, 2]);
        Numbers(await _site.GetJsonAsync("/v1/mirrors/images/snapshots?before=2")).ShouldBe([1]);
        (await _site.GetJsonAsync("/v1/mirrors/images/snapshots/2")).GetProperty("isCurrent").GetBoolean().ShouldBeFalse();
        (await _site.GetJsonAsync("/v1/mirrors/images/snapshots/3")).GetProperty("actor").GetString().ShouldBe("operator@127.0.0.1");

        static IEnumerable<long> Numbers(JsonElement page) => page.EnumerateArray().Select(snapshot => snapshot.GetProperty("number").GetInt64());
    }

    [Fact]
    public async Task Two_snapshots_are_compared()
    {
        (await _site.Push.PutAsync("/images/readme", "changed"u8.ToArray())).EnsureSuccessStatusCode();
        (await _site.Push.SendAsync(HttpMethod.Delete, "/images/24.04/disk.img")).EnsureSuccessStatusCode();

        var diff = await _site.GetJsonAsync("/v1/mirrors/images/snapshots/2/diff/5");

        diff.GetProperty("added").EnumerateArray().Single().GetProperty("path").GetString().ShouldBe("readme");
        diff.GetProperty("removed").EnumerateArray().Single().GetProperty("path").GetString().ShouldBe("24.04/disk.img");
        diff.GetProperty("changed").GetArrayLength().ShouldBe(0);
        (await _site.GetJsonAsync("/v1/mirrors/images/snapshots/3/diff/4")).GetProperty("changed")[0].GetProperty("toSize").GetInt64().ShouldBe(7);
    }

    [Fact]
    public async Task The_listing_is_what_sha256sum_writes_and_its_digest_is_the_root()
    {
        using var response = await _site.GetAsync("/v1/mirrors/images/listing");
        var listing = await response.Content.ReadAsByteArrayAsync();

        Encoding.UTF8.GetString(listing).ShouldBe(
            $"{Sha256Digest.Of(Large).Hex}  24.04/disk.img\n{Sha256Digest.Of("umlaut"u8).Hex}  24.04/dürer #1.txt\n{Sha256Digest.Of("hello"u8).Hex}  readme\n");
        var root = _site.Push.Current.Root;
        Sha256Digest.Of(listing).ShouldBe(root);
        response.Headers.ETag!.Tag.ShouldBe($"\"{root}\"");
        response.Content.Headers.ContentType!.MediaType.ShouldBe("text/plain");
        (await _site.GetAsync("/v1/mirrors/images/listing", ("If-None-Match", $"\"{root}\""))).StatusCode.ShouldBe(HttpStatusCode.NotModified);
        (await (await _site.GetAsync("/v1/mirrors/images/listing?snapshot=1")).Content.ReadAsStringAsync()).ShouldEndWith("24.04/disk.img\n");
        (await (await _site.GetAsync("/v1/mirrors/images/listing?snapshot=0")).Content.ReadAsStringAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_folder_has_folders_first_and_sums()
    {
        var root = await _site.GetJsonAsync("/v1/mirrors/images/tree/");
        root.GetProperty("items").EnumerateArray().Select(item => item.GetProperty("name").GetString()).ShouldBe(["24.04", "readme"]);
        var folder = root.GetProperty("items")[0];
        folder.GetProperty("type").GetString().ShouldBe("folder");
        folder.GetProperty("size").GetInt64().ShouldBe(Large.Length + 6);
        folder.GetProperty("files").GetInt32().ShouldBe(2);
        folder.GetProperty("modified").GetDateTimeOffset().ShouldBe(new DateTimeOffset(2026, 1, 3, 3, 4, 5, TimeSpan.Zero));
        (await _site.GetJsonAsync("/v1/mirrors/images/tree")).ToString().ShouldBe(root.ToString());
        (await _site.GetJsonAsync("/v1/mirrors/images/tree/24.04/")).GetProperty("path").GetString().ShouldBe("24.04");
        (await _site.GetJsonAsync("/v1/mirrors/images/tree/24.04")).GetProperty("items").GetArrayLength().ShouldBe(2);
        (await _site.GetJsonAsync("/v1/mirrors/images/tree/?snapshot=1")).GetProperty("items").GetArrayLength().ShouldBe(1);
    }

    [Fact]
    public async Task A_file_is_looked_up_whatever_its_name()
    {
        var file = await _site.GetJsonAsync("/v1/mirrors/images/tree/24.04/d%C3%BCrer%20%231.txt");

        file.GetProperty("path").GetString().ShouldBe("24.04/dürer #1.txt");
        file.GetProperty("digest").GetString().ShouldBe(Sha256Digest.Of("umlaut"u8).ToString());
        file.GetProperty("size").GetInt64().ShouldBe(6);
        file.GetProperty("modified").GetString().ShouldBe("2026-01-03T03:04:05+00:00");
    }

    [Fact]
    public async Task A_document_that_the_client_has_is_not_sent_again()
    {
        foreach (var address in new[] { "/v1/mirrors/images/tree/", "/v1/mirrors/images/tree/readme", "/v1/mirrors/images/snapshots/1/diff/2" })
        {
            using var first = await _site.GetAsync(address);
            var tag = first.Headers.ETag!.Tag;
            (await _site.GetAsync(address, ("If-None-Match", $"\"other\", W/{tag}"))).StatusCode.ShouldBe(HttpStatusCode.NotModified, address);
            (await _site.GetAsync(address, ("If-None-Match", "\"other\""))).StatusCode.ShouldBe(HttpStatusCode.OK);
        }

        using var before = await _site.GetAsync("/v1/mirrors/images/tree/readme");
        (await _site.Push.PutAsync("/images/another", [1])).EnsureSuccessStatusCode();
        (await _site.GetAsync("/v1/mirrors/images/tree/readme", ("If-None-Match", before.Headers.ETag!.Tag))).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_blob_is_read_whole_or_in_part()
    {
        var digest = Sha256Digest.Of(Large);
        using var whole = await _site.GetAsync($"/v1/blobs/{digest}");
        (await whole.Content.ReadAsByteArrayAsync()).ShouldBe(Large);
        whole.Headers.CacheControl!.ToString().ShouldContain("immutable");
        using var part = await _site.GetAsync($"/v1/blobs/{digest}", ("Range", "bytes=1000000-1999999"));
        part.StatusCode.ShouldBe(HttpStatusCode.PartialContent);
        (await part.Content.ReadAsByteArrayAsync()).ShouldBe(Large[1_000_000..2_000_000]);
        (await _site.GetAsync($"/v1/blobs/{digest}", ("Range", "bytes=9999999-"))).StatusCode.ShouldBe(HttpStatusCode.RequestedRangeNotSatisfiable);
        var head = await Curl.RunAsync("-I", $"{_site.Metadata.Url}v1/blobs/{digest}");
        head.Body.ShouldContain($"Content-Length: {Large.Length}");
    }

    [Fact]
    public async Task A_fingerprint_proves_every_piece()
    {
        var text = (await _site.GetJsonAsync($"/v1/blobs/{Sha256Digest.Of(Large)}/fingerprint")).ToString();
        var document = JsonSerializer.Deserialize(text, ApiJson.Default.FingerprintDocument)!;

        var pieces = Fingerprint.UnpackPieces(document.Pieces);
        pieces.Length.ShouldBe(3);
        for (var i = 0; i < pieces.Length; i++)
            pieces[i].Sha256.ShouldBe(Sha256Digest.Of(Large.AsSpan()[(i * document.PieceSize)..Math.Min((i + 1) * document.PieceSize, Large.Length)]));
        document.Crc32.ShouldBe(System.IO.Hashing.Crc32.HashToUInt32(Large).ToString("x8"));
    }

    [Fact]
    public async Task Network_nodes_ports_and_journal_are_shown()
    {
        (await _site.GetJsonAsync("/v1/network")).GetProperty("surfaces").GetArrayLength().ShouldBe(2);
        (await _site.GetJsonAsync("/v1/nodes")).GetArrayLength().ShouldBe(0);
        (await _site.GetJsonAsync("/v1/ports")).GetArrayLength().ShouldBe(0);
        var port = await _site.GetJsonAsync($"/v1/ports/{_site.Metadata.Address.Port}");
        port.GetProperty("verdict").GetString().ShouldBe("Unleased");
        port.GetProperty("listeners")[0].GetProperty("ours").GetBoolean().ShouldBeTrue();

        var journal = await _site.GetJsonAsync("/v1/journal");
        journal.EnumerateArray().Select(entry => entry.GetProperty("action").GetString()).ShouldBe(
            ["mirror.create", "snapshot.publish", "snapshot.publish", "snapshot.publish", "journal.read"]);
        journal[1].GetProperty("details").GetProperty("files").GetInt32().ShouldBe(1);
        var later = await _site.GetJsonAsync("/v1/journal?after=2&count=1");
        later.EnumerateArray().Single().GetProperty("sequence").GetInt64().ShouldBe(3);
        var newest = await _site.GetJsonAsync("/v1/journal?count=2");
        newest.EnumerateArray().Select(entry => entry.GetProperty("sequence").GetInt64()).ShouldBe([4, 5]);
        (await _site.GetJsonAsync("/v1/journal?action=mirror")).GetArrayLength().ShouldBe(1);
    }

    [Theory]
    [InlineData("/v1/mirrors/nowhere", 404, "catalog/mirror-not-found")]
    [InlineData("/v1/mirrors/NoWhere", 400, "identity/mirror-name")]
    [InlineData("/v1/mirrors/images/snapshots/99", 404, "catalog/snapshot-not-found")]
    [InlineData("/v1/mirrors/images/snapshots/x", 404, "http/not-found")]
    [InlineData("/v1/mirrors/images/snapshots?count=0", 400, "http/body")]
    [InlineData("/v1/mirrors/images/snapshots?count=x", 400, "http/body")]
    [InlineData("/v1/mirrors/images/tree/nothing", 404, "catalog/path-not-found")]
    [InlineData("/v1/mirrors/images/tree/readme/", 404, "catalog/path-not-found")]
    [InlineData("/v1/mirrors/images/tree/a%2fb", 400, "identity/path-character")]
    [InlineData("/v1/mirrors/images/tree/?snapshot=7", 404, "catalog/snapshot-not-found")]
    [InlineData("/v1/blobs/sha256:12", 400, "http/target")]
    [InlineData("/v1/blobs/sha256:0000000000000000000000000000000000000000000000000000000000000000", 404, "blob/not-found")]
    [InlineData("/v1/ports/70000", 400, "port/request-invalid")]
    [InlineData("/v1/ports/80?protocol=icmp", 400, "http/body")]
    [InlineData("/v1/journal?after=-1", 400, "http/body")]
    [InlineData("/v1/journal?count=1001", 400, "http/body")]
    [InlineData("/nothing/here", 404, "http/not-found")]
    public async Task Every_refusal_is_a_problem_with_code_and_cure(string address, int status, string code)
    {
        using var response = await _site.GetAsync(address);

        ((int)response.StatusCode).ShouldBe(status);
        var problem = await PushSite.ProblemAsync(response);
        problem.GetProperty("code").GetString().ShouldBe(code);
        problem.GetProperty("cure").GetString().ShouldNotBeNullOrEmpty();
    }

    [Fact]
    public async Task Messages_are_written_as_people_read_them()
    {
        using var refusal = await _site.GetAsync("/v1/mirrors/nowhere");
        (await refusal.Content.ReadAsStringAsync()).ShouldContain("There is no mirror 'nowhere'.");
        using var tree = await _site.GetAsync("/v1/mirrors/images/tree/24.04");
        (await tree.Content.ReadAsStringAsync()).ShouldContain("dürer #1.txt");
        tree.Headers.GetValues("X-Content-Type-Options").ShouldBe(["nosniff"]);
    }

    [Fact]
    public async Task Nothing_can_be_changed_here()
    {
        foreach (var method in new[] { HttpMethod.Put, HttpMethod.Post, HttpMethod.Delete, HttpMethod.Patch })
        {
            using var request = new HttpRequestMessage(method, "/v1/mirrors/images");
            using var response = await _site.Metadata.Http.SendAsync(request, TestContext.Current.CancellationToken);
            response.StatusCode.ShouldBe(HttpStatusCode.MethodNotAllowed);
            response.Content.Headers.Allow.ShouldBe(["GET", "HEAD"], ignoreOrder: true);
            (await PushSite.ProblemAsync(response)).GetProperty("code").GetString().ShouldBe("http/method");
        }
    }

    private static byte[] MakeContent(int length)
    {
        var content = new byte[length];
        RandomNumberGenerator.Fill(content);
        return content;
    }
}
