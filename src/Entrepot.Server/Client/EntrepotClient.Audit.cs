using System.Runtime.CompilerServices;
using System.Text.Json;
using Entrepot.Core.Journal;
using Entrepot.Server.Api;

namespace Entrepot.Server.Client;

/// <content>The journal.</content>
public sealed partial class EntrepotClient
{
    /// <summary>Reads entries, oldest first.</summary>
    public Task<IReadOnlyList<JournalEntryDocument>> ReadJournalAsync(JournalQuery query, CancellationToken cancellation = default)
        => GetAsync(JournalSurface("metadata"), "/v1/journal" + AuditFeed.ToUrl(query), ApiJson.Default.IReadOnlyListJournalEntryDocument, cancellation);

    /// <summary>Has the node prove its journal; the last step has the result.</summary>
    public async IAsyncEnumerable<AuditProgress> VerifyJournalAsync(AuditRequest request, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        using var response = await SendAsync(JournalSurface("admin"), HttpMethod.Post, "/v1/journal/verify", Json(request, ApiJson.Default.AuditRequest), cancellation);
        await using var steps = AuditFeed.ReadAsync(await response.Content.ReadAsStreamAsync(cancellation), cancellation).GetAsyncEnumerator(cancellation);
        while (true)
        {
            try
            {
                if (!await steps.MoveNextAsync())
                    yield break;
            }
            catch (Exception error) when (!cancellation.IsCancellationRequested)
            {
                throw Translate(error, UrlOf(JournalSurface("admin")));
            }

            yield return steps.Current;
        }
    }

    /// <summary>Has the node sign a checkpoint, and tells the newest.</summary>
    public async Task<CheckpointDocument> SignJournalAsync(CancellationToken cancellation = default)
    {
        using var response = await SendAsync(JournalSurface("admin"), HttpMethod.Post, "/v1/journal/checkpoint", null, cancellation);
        await using var answer = await response.Content.ReadAsStreamAsync(cancellation);
        return await JsonSerializer.DeserializeAsync(answer, ApiJson.Default.CheckpointDocument, cancellation) ?? throw new JsonException("null");
    }

    /// <summary>Copies the export.</summary>
    public async Task ExportJournalAsync(DateTimeOffset? since, Stream destination, CancellationToken cancellation = default)
    {
        var query = since is { } begin ? $"?since={Uri.EscapeDataString(begin.ToString("O", System.Globalization.CultureInfo.InvariantCulture))}" : "";
        using var response = await SendAsync(JournalSurface("metadata"), HttpMethod.Get, "/v1/journal/export" + query, null, cancellation);
        try
        {
            await response.Content.CopyToAsync(destination, cancellation);
        }
        catch (Exception error) when (error is HttpRequestException or HttpIOException)
        {
            throw Translate(error, UrlOf(JournalSurface("metadata")));
        }
    }

    /// <summary>How far an audit service's copy is.</summary>
    public Task<JournalCopyDocument> GetJournalCopyAsync(CancellationToken cancellation = default)
        => GetAsync("audit", "/v1/journal/copy", ApiJson.Default.JournalCopyDocument, cancellation);

    /// <summary>An audit service answers by itself what other surfaces share among them.</summary>
    private string JournalSurface(string usual) => Network.Surfaces is [{ Surface: "audit" }] ? "audit" : usual;
}
