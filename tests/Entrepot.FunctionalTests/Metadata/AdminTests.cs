using System.Net;
using System.Text.Json;
using Entrepot.Core.Identities;
using Entrepot.FunctionalTests.Push;
using Entrepot.Server.Api;

namespace Entrepot.FunctionalTests.Metadata;

/// <summary>Orders, over a real connection.</summary>
public sealed class AdminTests : IAsyncLifetime
{
    private MetadataSite _site = null!;

    public async ValueTask InitializeAsync() => _site = await MetadataSite.StartAsync();

    public ValueTask DisposeAsync() => _site.DisposeAsync();

    [Fact]
    public async Task A_mirror_is_made_changed_and_removed()
    {
        using var made = await _site.OrderAsync(
            HttpMethod.Post, "/v1/mirrors", """{"name":"firmware","description":"for routers","retention":{"keepSnapshots":3,"keepDays":30}}""");
        made.StatusCode.ShouldBe(HttpStatusCode.Created);
        made.Headers.Location!.OriginalString.ShouldBe("/v1/mirrors/firmware");
        var mirror = await JsonAsync(made);
        mirror.GetProperty("retention").GetProperty("keepDays").GetInt32().ShouldBe(30);
        mirror.GetProperty("current").GetProperty("number").GetInt64().ShouldBe(0);

        var changed = await JsonAsync(await _site.OrderAsync(HttpMethod.Patch, "/v1/mirrors/firmware", """{"retention":{"keepSnapshots":1}}"""));
        changed.GetProperty("description").GetString().ShouldBe("for routers");
        changed.GetProperty("retention").ToString().ShouldBe("""{"keepSnapshots":1}""");
        (await _site.OrderAsync(HttpMethod.Delete, "/v1/mirrors/firmware")).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        (await _site.GetAsync("/v1/mirrors/firmware")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        _site.Push.Journal.Select(entry => (entry.Action, entry.Actor)).Skip(1).ShouldBe(
            [("mirror.create", "operator@127.0.0.1"), ("mirror.update", "operator@127.0.0.1"), ("mirror.delete", "operator@127.0.0.1")]);
    }

    [Theory]
    [InlineData("""{"name":"images"}""", 409, "catalog/mirror-exists")]
    [InlineData("""{"name":"v1"}""", 400, "identity/reserved-mirror-name")]
    [InlineData("""{"name":"a/b"}""", 400, "identity/mirror-name")]
    [InlineData("""{"name":"a","kind":"synced"}""", 501, "catalog/kind-unsupported")]
    [InlineData("""{"name":"a","kind":"7"}""", 400, "admin/unknown-kind")]
    [InlineData("""{"name":"a","format":"zip"}""", 400, "admin/unknown-kind")]
    [InlineData("""{"name":"a","retention":{"keepSnapshots":0}}""", 400, "catalog/invalid-retention")]
    [InlineData("""{"name":"a","retenton":{}}""", 400, "http/body")]
    [InlineData("""{"name":null}""", 400, "http/body")]
    [InlineData("""{}""", 400, "http/body")]
    [InlineData("""{"name":"a" """, 400, "http/body")]
    public async Task A_mirror_that_can_not_be_is_refused(string json, int status, string code)
    {
        using var response = await _site.OrderAsync(HttpMethod.Post, "/v1/mirrors", json);

        ((int)response.StatusCode).ShouldBe(status, await response.Content.ReadAsStringAsync());
        (await PushSite.ProblemAsync(response)).GetProperty("code").GetString().ShouldBe(code);
    }

    [Fact]
    public async Task An_older_snapshot_becomes_current_again()
    {
        (await _site.Push.PutAsync("/images/a", [1])).EnsureSuccessStatusCode();
        (await _site.Push.PutAsync("/images/a", [2])).EnsureSuccessStatusCode();

        using var response = await _site.OrderAsync(HttpMethod.Post, "/v1/mirrors/images/rollback", """{"snapshot":1,"note":"two was bad"}""");

        response.StatusCode.ShouldBe(HttpStatusCode.Created);
        var snapshot = await JsonAsync(response);
        snapshot.GetProperty("number").GetInt64().ShouldBe(3);
        snapshot.GetProperty("note").GetString().ShouldBe("two was bad");
        _site.Push.ReadFile("a").ShouldBe([1]);
        (await _site.OrderAsync(HttpMethod.Post, "/v1/mirrors/images/rollback", """{"snapshot":9}""")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Garbage_is_named_then_collected()
    {
        (await _site.OrderAsync(HttpMethod.Patch, "/v1/mirrors/images", """{"retention":{"keepSnapshots":1}}""")).EnsureSuccessStatusCode();
        (await _site.Push.PutAsync("/images/a", [1])).EnsureSuccessStatusCode();
        (await _site.Push.PutAsync("/images/a", [2, 2])).EnsureSuccessStatusCode();

        var dry = await JsonAsync(await _site.OrderAsync(HttpMethod.Post, "/v1/gc", """{"dryRun":true}"""));
        dry.GetProperty("dryRun").GetBoolean().ShouldBeTrue();
        dry.GetProperty("droppedSnapshots")[0].GetString().ShouldBe("images#1");
        dry.GetProperty("held").EnumerateArray().Select(held => held.GetProperty("reason").GetString())
            .ShouldContain("referenced by mirror images snapshot 2 path a");
        _site.Push.BlobFiles().Length.ShouldBe(2);

        // The first run drops the snapshot, which releases its blob; a later one sweeps it.
        await PushSite.EventuallyAsync(
            () =>
            {
                _site.OrderAsync(HttpMethod.Post, "/v1/gc", """{"dryRun":false}""").GetAwaiter().GetResult().EnsureSuccessStatusCode();
                return _site.Push.BlobFiles().Length == 1;
            },
            "the old blob goes");
        _site.Push.ReadFile("a").ShouldBe([2, 2]);
    }

    [Fact]
    public async Task Verification_tells_how_far_it_is_line_by_line()
    {
        var digest = Sha256Digest.Of([1]);
        _site.Progress = [
            new VerifyProgress(1, 2, 10, 20, [], false),
            new VerifyProgress(2, 2, 20, 20, [new DamageDocument(digest, [0, 3], true, "from edge-1")], true),
        ];

        using var response = await _site.OrderAsync(HttpMethod.Post, "/v1/verify", """{"mirror":"images","deep":true}""");

        response.Content.Headers.ContentType!.MediaType.ShouldBe("application/x-ndjson");
        var lines = (await response.Content.ReadAsStringAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        lines.Length.ShouldBe(2);
        var last = JsonSerializer.Deserialize(lines[1], ApiJson.Default.VerifyProgress)!;
        last.Done.ShouldBeTrue();
        last.Damaged.Single().Digest.ShouldBe(digest);
        (await _site.OrderAsync(HttpMethod.Post, "/v1/verify", """{"mirror":"nowhere","deep":false}""")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    private static async Task<JsonElement> JsonAsync(HttpResponseMessage response)
    {
        var text = await response.Content.ReadAsStringAsync();
        response.IsSuccessStatusCode.ShouldBeTrue(text);
        return JsonDocument.Parse(text).RootElement;
    }
}
