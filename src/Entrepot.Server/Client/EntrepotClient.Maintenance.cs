using System.Runtime.CompilerServices;
using System.Text.Json;
using Entrepot.Core.Faults;
using Entrepot.Server.Api;
using Entrepot.Server.Drills;

namespace Entrepot.Server.Client;

/// <content>Garbage collection and verification.</content>
public sealed partial class EntrepotClient
{
    /// <summary>How long garbage collection may take; it deletes files, so it is given more time than other calls.</summary>
    public static readonly TimeSpan CollectionTimeout = TimeSpan.FromMinutes(30);

    /// <summary>How long a verification may go on without a word.</summary>
    public static readonly TimeSpan VerifySilence = TimeSpan.FromMinutes(5);

    /// <summary>Collects garbage, or says what would go.</summary>
    public async Task<GarbageCollectionDocument> CollectGarbageAsync(bool dryRun, CancellationToken cancellation = default)
    {
        using var response = await SendAsync(
            "admin", HttpMethod.Post, "/v1/gc", Json(new GarbageCollectionRequest(dryRun), ApiJson.Default.GarbageCollectionRequest), cancellation, CollectionTimeout);
        return await ReadAsync(response, "admin", ApiJson.Default.GarbageCollectionDocument, cancellation);
    }

    /// <summary>Rehearses an incident on the node.</summary>
    /// <param name="drill">Which.</param>
    /// <param name="request">How.</param>
    /// <param name="cancellation">Gives up.</param>
    public async Task<DrillDocument> DrillAsync(string drill, DrillRequest request, CancellationToken cancellation = default)
    {
        using var response = await SendAsync(
            "admin", HttpMethod.Post, $"/v1/drills/{drill}", Json(request, ApiJson.Default.DrillRequest), cancellation, DrillLimits.Longest);
        return await ReadAsync(response, "admin", ApiJson.Default.DrillDocument, cancellation);
    }

    /// <summary>Has the bytes at rest read again, and tells how it goes. The last step has <see cref="VerifyProgress.Done"/>.</summary>
    /// <exception cref="FaultException">Also when the answer ends before it is done.</exception>
    public async IAsyncEnumerable<VerifyProgress> VerifyAsync(VerifyRequest request, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        using var response = await SendAsync("admin", HttpMethod.Post, "/v1/verify", Json(request, ApiJson.Default.VerifyRequest), cancellation);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(cancellation));
        while (true)
        {
            VerifyProgress? step;
            using var silence = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            silence.CancelAfter(VerifySilence);
            try
            {
                var line = await reader.ReadLineAsync(silence.Token) ?? throw new IOException("the answer ended before it was complete");
                if (line.Length == 0)
                    continue;
                step = JsonSerializer.Deserialize(line, ApiJson.Default.VerifyProgress) ?? throw new JsonException("null");
            }
            catch (Exception error) when (!cancellation.IsCancellationRequested)
            {
                throw Translate(error, UrlOf("admin"));
            }

            yield return step;
            if (step.Done)
                yield break;
        }
    }
}
