using System.Net;
using System.Text.Json;
using Entrepot.Core.Journal;
using Entrepot.FunctionalTests.Push;

namespace Entrepot.FunctionalTests.Metadata;

/// <summary>The journal, over a real connection.</summary>
public sealed class AuditTests : IAsyncLifetime
{
    private MetadataSite _site = null!;

    public async ValueTask InitializeAsync()
    {
        _site = await MetadataSite.StartAsync();
        (await _site.Push.PutAsync("/images/a", [1])).EnsureSuccessStatusCode();
    }

    public ValueTask DisposeAsync() => _site.DisposeAsync();

    [Fact]
    public async Task A_reader_is_journalled_once_for_a_loop_of_pages_and_again_for_another_question()
    {
        for (var after = 0; after < 5; after++)
            (await _site.GetAsync($"/v1/journal?after={after}&count=1")).EnsureSuccessStatusCode();
        (await _site.GetAsync("/v1/journal?who=operator&since=2020-01-01T00:00:00Z")).EnsureSuccessStatusCode();

        var reads = _site.Push.Journal.Where(static entry => entry.Action == "journal.read").ToList();

        reads.Select(static entry => (entry.Actor, entry.Subject)).ShouldBe([("operator@127.0.0.1", "after 0"), ("operator@127.0.0.1", "newest")]);
        reads[1].Details.ShouldBe("""{"way":"page","who":"operator","since":"2020-01-01T00:00:00.0000000\u002B00:00"}""");
    }

    [Fact]
    public async Task The_export_is_proven_against_the_checkpoint_and_the_key_that_were_noted()
    {
        using var signed = await _site.OrderAsync(HttpMethod.Post, "/v1/journal/checkpoint");
        var checkpoint = JsonDocument.Parse(await signed.Content.ReadAsStringAsync()).RootElement;
        using var answer = await _site.GetAsync("/v1/journal/export");
        answer.Content.Headers.ContentType!.MediaType.ShouldBe(JournalExport.MediaType);

        var witness = new JournalWitness { Checkpoints = [JournalCheckpoint.Parse(checkpoint.GetProperty("text").GetString()!, "the answer")] };
        var proof = await JournalExportVerifier.VerifyAsync(await answer.Content.ReadAsStreamAsync(), witness, null, TestContext.Current.CancellationToken);

        (proof.Break, proof.Last).ShouldBe((null, _site.Push.Journal.Count));
    }

    [Fact]
    public async Task A_proof_ends_with_its_result()
    {
        var text = JournalKeeping.PublicKey(_site.Push.State);
        using var response = await _site.OrderAsync(HttpMethod.Post, "/v1/journal/verify", JsonSerializer.Serialize(new { publicKey = text }));

        var last = JsonDocument.Parse((await response.Content.ReadAsStringAsync()).TrimEnd('\n').Split('\n')[^1]).RootElement.GetProperty("result");

        last.TryGetProperty("break", out _).ShouldBeFalse();
        last.GetProperty("last").GetInt64().ShouldBe(_site.Push.Journal.Count);
    }

    [Theory]
    [InlineData("/v1/journal/verify", """{"publicKey":"no key"}""", 400, "journal/malformed")]
    [InlineData("/v1/journal/verify", """{"checkpoints":["none"]}""", 400, "journal/malformed")]
    public async Task What_can_not_be_compared_with_is_refused(string path, string body, int status, string code)
    {
        using var response = await _site.OrderAsync(HttpMethod.Post, path, body);

        ((int)response.StatusCode).ShouldBe(status);
        (await PushSite.ProblemAsync(response)).GetProperty("code").GetString().ShouldBe(code);
    }

    [Theory]
    [InlineData("/v1/journal?since=yesterday")]
    [InlineData("/v1/journal?count=0")]
    public async Task A_query_that_is_none_is_refused(string path)
        => (await _site.GetAsync(path)).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
}
