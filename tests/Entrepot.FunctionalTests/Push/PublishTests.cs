using System.Net;
using System.Text;
using System.Text.Json;
using Entrepot.Core.Identities;
using Entrepot.Server.Api;

namespace Entrepot.FunctionalTests.Push;

/// <summary>Many files as one snapshot: blobs first, then the publication.</summary>
public sealed class PublishTests : IAsyncLifetime
{
    private static readonly DateTimeOffset Modified = new(2026, 2, 3, 4, 5, 6, TimeSpan.Zero);

    private PushSite _site = null!;

    public async ValueTask InitializeAsync() => _site = await PushSite.StartAsync();

    public ValueTask DisposeAsync() => _site.DisposeAsync();

    [Fact]
    public async Task Only_missing_blobs_are_sent_and_all_appear_at_once()
    {
        var files = Enumerable.Range(0, 20).ToDictionary(i => $"dir{i % 3}/file{i}", i => Encoding.ASCII.GetBytes($"content {i / 2}"));
        var digests = files.Values.Select(bytes => Sha256Digest.Of(bytes)).ToList();
        await PushBlobAsync(files["dir0/file0"]);

        var missing = await MissingAsync(digests);
        missing.Count.ShouldBe(9);
        missing.ShouldNotContain(Sha256Digest.Of(files["dir0/file0"]));
        foreach (var bytes in files.Values.Where(bytes => missing.Contains(Sha256Digest.Of(bytes))).DistinctBy(bytes => Sha256Digest.Of(bytes)))
            await PushBlobAsync(bytes);
        (await MissingAsync(digests)).ShouldBeEmpty();
        _site.Current.Number.ShouldBe(0);
        using var response = await PublishAsync(new PublishRequest("tree", true, 0, "nightly", [.. files.Select(file => Entry(file.Key, file.Value))]));

        response.StatusCode.ShouldBe(HttpStatusCode.Created);
        var snapshot = JsonSerializer.Deserialize(await response.Content.ReadAsStringAsync(), ApiJson.Default.SnapshotDocument)!;
        snapshot.Number.ShouldBe(1);
        snapshot.Files.ShouldBe(20);
        snapshot.Note.ShouldBe("nightly");
        snapshot.IsCurrent.ShouldBeTrue();
        foreach (var (path, bytes) in files)
            _site.ReadFile($"tree/{path}").ShouldBe(bytes);
        _site.Current.Entries[0].Modified.ShouldBe(Modified);
    }

    [Fact]
    public async Task Only_when_asked_are_other_files_below_the_prefix_removed()
    {
        (await _site.PutAsync("/images/tree/old", [1])).EnsureSuccessStatusCode();
        (await _site.PutAsync("/images/treehouse", [2])).EnsureSuccessStatusCode();
        await PushBlobAsync([3]);

        (await PublishAsync(new PublishRequest("tree/", false, null, null, [Entry("new", [3])]))).EnsureSuccessStatusCode();
        _site.Current.Entries.Select(entry => entry.Path.Value).ShouldBe(["tree/new", "tree/old", "treehouse"]);
        (await PublishAsync(new PublishRequest("tree", true, null, null, [Entry("new", [3])]))).EnsureSuccessStatusCode();
        _site.Current.Entries.Select(entry => entry.Path.Value).ShouldBe(["tree/new", "treehouse"]);
        (await PublishAsync(new PublishRequest("tree", true, null, null, [Entry("new", [3])]))).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await PublishAsync(new PublishRequest("", true, null, null, [Entry("alone", [3])]))).EnsureSuccessStatusCode();
        _site.Current.Entries.Select(entry => entry.Path.Value).ShouldBe(["alone"]);
    }

    [Fact]
    public async Task A_publication_of_blobs_that_were_not_pushed_changes_nothing()
    {
        await PushBlobAsync([1]);

        using var response = await PublishAsync(new PublishRequest("", false, null, null, [Entry("a", [1]), Entry("b", [2])]));

        response.StatusCode.ShouldBe(HttpStatusCode.Conflict);
        var problem = await PushSite.ProblemAsync(response);
        problem.GetProperty("code").GetString().ShouldBe("push/blobs-missing");
        problem.GetProperty("detail").GetString()!.ShouldContain(Sha256Digest.Of([2]).ToString());
        _site.Current.Number.ShouldBe(0);
    }

    [Fact]
    public async Task A_publication_for_another_base_is_refused()
    {
        await PushBlobAsync([1]);
        (await PublishAsync(new PublishRequest("", false, 0, null, [Entry("a", [1])]))).StatusCode.ShouldBe(HttpStatusCode.Created);

        using var late = await PublishAsync(new PublishRequest("", false, 0, null, [Entry("b", [1])]));

        late.StatusCode.ShouldBe(HttpStatusCode.PreconditionFailed);
        (await PushSite.ProblemAsync(late)).GetProperty("code").GetString().ShouldBe("catalog/base-changed");
    }

    [Theory]
    [InlineData("{}", 400)]
    [InlineData("", 400)]
    [InlineData("null", 400)]
    [InlineData("{\"prefix\":null,\"delete\":false,\"entries\":[]}", 400)]
    [InlineData("{\"prefix\":\"\",\"delete\":false,\"entries\":[{\"path\":\"../a\",\"digest\":\"sha256:00\",\"modified\":\"2026-01-01T00:00:00Z\"}]}", 400)]
    [InlineData("{\"prefix\":\"..\",\"delete\":true,\"entries\":[]}", 400)]
    [InlineData("{\"prefix\":\"/a\",\"delete\":true,\"entries\":[]}", 400)]
    [InlineData("{\"prefix\":\"a\",\"delete\":true,\"entries\":[],\"dleete\":true}", 400)]
    [InlineData("[1", 400)]
    public async Task A_publication_that_is_malformed_is_refused(string json, int status)
    {
        using var response = await SendJsonAsync("/v1/mirrors/images/snapshots", json);

        ((int)response.StatusCode).ShouldBe(status, await response.Content.ReadAsStringAsync());
        (await PushSite.ProblemAsync(response)).GetProperty("cure").GetString().ShouldNotBeNull();
        _site.Current.Number.ShouldBe(0);
    }

    [Fact]
    public async Task A_document_that_a_web_page_could_send_unasked_is_refused()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/blobs/missing") { Content = new StringContent("{\"digests\":[]}", Encoding.UTF8, "text/plain") };
        using var response = await _site.Http.SendAsync(request, TestContext.Current.CancellationToken);

        response.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task More_digests_than_the_limit_are_refused()
    {
        var digests = Enumerable.Range(0, 10_001).Select(i => Sha256Digest.Of(BitConverter.GetBytes(i))).ToList();

        using var response = await SendJsonAsync("/v1/blobs/missing", JsonSerializer.Serialize(new MissingBlobsRequest(digests), ApiJson.Default.MissingBlobsRequest));
        response.StatusCode.ShouldBe(HttpStatusCode.RequestEntityTooLarge);
        (await MissingAsync(digests[1..])).Count.ShouldBe(10_000);
    }

    [Fact]
    public async Task A_blob_that_is_here_need_not_be_sent_to_those_who_ask_first()
    {
        var content = new byte[2_000_000];
        var digest = await PushBlobAsync(content);
        using var connection = await _site.ConnectAsync();
        await connection.SendAsync($"PUT /v1/blobs/{digest} HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: {content.Length}\r\n\r\n");

        var answer = await connection.ReceiveUntilAsync("\"created\":");

        answer.ShouldStartWith("HTTP/1.1 200");
        (await _site.PutAsync($"/v1/blobs/{digest}", content)).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await _site.PutAsync($"/v1/blobs/{digest}", [1])).StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
        (await _site.SendAsync(HttpMethod.Head, $"/v1/blobs/{Sha256Digest.Of([7])}")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    private static PublishEntry Entry(string path, byte[] bytes) => new(ContentPath.Parse(path), Sha256Digest.Of(bytes), Modified);

    private async Task<Sha256Digest> PushBlobAsync(byte[] bytes)
    {
        var digest = Sha256Digest.Of(bytes);
        using var response = await _site.PutAsync($"/v1/blobs/{digest}", bytes);
        response.StatusCode.ShouldBe(HttpStatusCode.Created);
        var result = await PushSite.ResultAsync(response);
        result.Mirror.ShouldBeNull();
        result.Digest.ShouldBe(digest);
        return digest;
    }

    private async Task<IReadOnlyList<Sha256Digest>> MissingAsync(IReadOnlyList<Sha256Digest> digests)
    {
        using var response = await SendJsonAsync("/v1/blobs/missing", JsonSerializer.Serialize(new MissingBlobsRequest(digests), ApiJson.Default.MissingBlobsRequest));
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        return JsonSerializer.Deserialize(await response.Content.ReadAsStringAsync(), ApiJson.Default.MissingBlobsDocument)!.Missing;
    }

    private Task<HttpResponseMessage> PublishAsync(PublishRequest request)
        => SendJsonAsync("/v1/mirrors/images/snapshots", JsonSerializer.Serialize(request, ApiJson.Default.PublishRequest));

    private async Task<HttpResponseMessage> SendJsonAsync(string target, string json)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, target) { Content = new StringContent(json, Encoding.UTF8, "application/json") };
        return await _site.Http.SendAsync(request, TestContext.Current.CancellationToken);
    }
}
