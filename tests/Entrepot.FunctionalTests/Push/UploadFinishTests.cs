using System.Net;
using System.Net.Http.Headers;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Core.Journal;

namespace Entrepot.FunctionalTests.Push;

/// <summary>Resumable uploads whose last step fails.</summary>
public sealed class UploadFinishTests : IAsyncLifetime
{
    private static readonly byte[] Content = [.. Enumerable.Range(0, 3_000_000).Select(i => (byte)(i * 7 >> 5))];

    private PushSite _site = null!;

    public async ValueTask InitializeAsync() => _site = await PushSite.StartAsync();

    public ValueTask DisposeAsync() => _site.DisposeAsync();

    [Fact]
    public async Task An_upload_that_a_full_state_database_refuses_is_finished_later_without_its_bytes()
    {
        var location = await CreateAsync("/images/a.img");
        await FillStateAsync();

        using (var refused = await PatchAsync(location, 0, Content))
        {
            refused.StatusCode.ShouldBe(HttpStatusCode.InsufficientStorage);
            refused.Headers.GetValues("Upload-Complete").ShouldBe(["?0"]);
            refused.Headers.GetValues("Upload-Offset").ShouldBe([$"{Content.Length}"]);
        }

        using (var again = await PatchAsync(location, Content.Length, []))
            again.StatusCode.ShouldBe(HttpStatusCode.InsufficientStorage);
        await _site.State.WriteAsync(transaction => transaction.Execute("PRAGMA max_page_count = 1000000"));
        await ShouldFinishAsync(location);
    }

    [Fact]
    public async Task An_upload_that_a_stopping_node_refuses_is_finished_after_the_restart()
    {
        var location = await CreateAsync("/images/a.img", ("Repr-Digest", $"sha-256=:{Convert.ToBase64String(Sha256Digest.Of(Content).ToBytes())}:"));
        await _site.State.DisposeAsync();
        using (var refused = await PatchAsync(location, 0, Content))
            refused.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);

        await _site.RestartAsync();

        await ShouldFinishAsync(location);
    }

    [Fact]
    public async Task An_upload_whose_bytes_could_not_get_their_name_is_finished_from_its_own_file()
    {
        var location = await CreateAsync("/images/a.img");
        var digest = Sha256Digest.Of(Content);
        var obstacle = Path.Combine(_site.BlobFolder, "sha256", digest.Hex[..2], digest.Hex);
        Directory.CreateDirectory(obstacle);
        using (var refused = await PatchAsync(location, 0, Content))
        {
            refused.StatusCode.ShouldBe(HttpStatusCode.InternalServerError);
            refused.Headers.GetValues("Upload-Complete").ShouldBe(["?0"]);
        }

        Directory.Delete(obstacle);

        await ShouldFinishAsync(location);
    }

    [Fact]
    public async Task Bytes_after_the_last_one_are_refused_and_statements_are_compared_although_the_bytes_are_stored()
    {
        var location = await CreateAsync("/images/a.img");
        await FillStateAsync();
        (await PatchAsync(location, 0, Content)).Dispose();

        using var more = await PatchAsync(location, Content.Length, [1]);
        using var other = await PatchAsync(location, Content.Length, [], ("Repr-Digest", $"sha-256=:{Convert.ToBase64String(new byte[32])}:"));

        more.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        other.StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
        using var head = await _site.SendAsync(HttpMethod.Head, location);
        head.StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task An_upload_whose_stored_bytes_were_collected_meanwhile_begins_anew()
    {
        var location = await CreateAsync("/images/a.img");
        await FillStateAsync();
        (await PatchAsync(location, 0, Content)).Dispose();
        File.Delete(_site.BlobFiles().Single(file => Path.GetFileName(file) == Sha256Digest.Of(Content).Hex));

        using var late = await PatchAsync(location, Content.Length, []);

        late.StatusCode.ShouldBe(HttpStatusCode.NotFound);
        _site.Leftovers().ShouldBeEmpty();
    }

    [Fact]
    public async Task An_upload_that_the_request_itself_is_to_blame_for_ends()
    {
        var location = await CreateAsync("/images/a.img", ("If-None-Match", "*"));
        (await _site.PutAsync("/images/a.img", [1])).EnsureSuccessStatusCode();

        using var refused = await PatchAsync(location, 0, Content);

        refused.StatusCode.ShouldBe(HttpStatusCode.PreconditionFailed);
        refused.Headers.GetValues("Upload-Complete").ShouldBe(["?1"]);
        using var head = await _site.SendAsync(HttpMethod.Head, location);
        head.StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    private async Task ShouldFinishAsync(string location)
    {
        using var head = await _site.SendAsync(HttpMethod.Head, location);
        head.StatusCode.ShouldBe(HttpStatusCode.NoContent);
        head.Headers.GetValues("Upload-Complete").ShouldBe(["?0"]);
        head.Headers.GetValues("Upload-Offset").ShouldBe([$"{Content.Length}"]);

        using var answer = await PatchAsync(location, Content.Length, []);

        answer.StatusCode.ShouldBe(HttpStatusCode.Created, await answer.Content.ReadAsStringAsync());
        answer.Headers.GetValues("Upload-Complete").ShouldBe(["?1"]);
        _site.ReadFile("a.img").ShouldBe(Content);
        _site.Leftovers().ShouldHaveSingleItem().ShouldEndWith(".json");
    }

    /// <summary>Lets the database grow no more, and fills what room it has with rows smaller than those of any push.</summary>
    private async Task FillStateAsync()
    {
        await _site.State.WriteAsync(transaction => transaction.Execute("PRAGMA max_page_count = 1"));
        var entry = new JournalEntry(default, "", "", "", "{}");
        await Should.ThrowAsync<FaultException>(async () =>
        {
            while (true)
                await _site.State.WriteAsync(transaction => JournalTable.Append(transaction, entry));
        });
    }

    private async Task<string> CreateAsync(string target, params (string Name, string Value)[] headers)
    {
        using var response = await _site.PutAsync(target, [], [.. headers, ("Upload-Complete", "?0")]);
        response.StatusCode.ShouldBe(HttpStatusCode.Created, await response.Content.ReadAsStringAsync());
        return response.Headers.Location!.OriginalString;
    }

    private async Task<HttpResponseMessage> PatchAsync(string location, long offset, byte[] part, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Patch, location) { Content = new ByteArrayContent(part) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/partial-upload");
        request.Headers.Add("Upload-Offset", $"{offset}");
        request.Headers.Add("Upload-Complete", "?1");
        foreach (var (name, value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        return await _site.Http.SendAsync(request, TestContext.Current.CancellationToken);
    }
}
