using Entrepot.Core.Identities;
using Entrepot.Server.Api;

namespace Entrepot.Server.Client;

/// <content>Publishing.</content>
public sealed partial class EntrepotClient
{
    /// <summary>Most digests in one question (<see cref="MissingBlobsRequest"/>).</summary>
    public const int MissingBatch = 10_000;

    /// <summary>How long a publication may take: the catalog writes a row per file.</summary>
    public static readonly TimeSpan PublishTimeout = TimeSpan.FromMinutes(10);

    /// <summary>Which of the blobs are not stored there.</summary>
    public async Task<IReadOnlySet<Sha256Digest>> FindMissingAsync(IReadOnlyCollection<Sha256Digest> blobs, CancellationToken cancellation = default)
    {
        var missing = new HashSet<Sha256Digest>();
        foreach (var batch in blobs.Distinct().Chunk(MissingBatch))
        {
            var answer = await CallAsync(
                "push", HttpMethod.Post, "/v1/blobs/missing", Json(new MissingBlobsRequest(batch), ApiJson.Default.MissingBlobsRequest),
                ApiJson.Default.MissingBlobsDocument, cancellation);
            missing.UnionWith(answer.Missing);
        }

        return missing;
    }

    /// <summary>Publishes files whose blobs are there as one snapshot.</summary>
    public async Task<SnapshotDocument> PublishAsync(MirrorName mirror, PublishRequest request, CancellationToken cancellation = default)
    {
        using var response = await SendAsync(
            "push", HttpMethod.Post, $"/v1/mirrors/{mirror}/snapshots", Json(request, ApiJson.Default.PublishRequest), cancellation, PublishTimeout);
        return await ReadAsync(response, "push", ApiJson.Default.SnapshotDocument, cancellation);
    }

    /// <summary>Removes a file by a new snapshot.</summary>
    /// <param name="mirror">The mirror.</param>
    /// <param name="path">The file.</param>
    /// <param name="expected">What the file must hold, so that nothing is removed that was not looked at.</param>
    /// <param name="note">Why, or null.</param>
    /// <param name="cancellation">Ends the call.</param>
    public async Task<PushResult> DeleteFileAsync(
        MirrorName mirror, ContentPath path, Sha256Digest expected, string? note, CancellationToken cancellation = default)
    {
        var target = $"/{mirror}/{path.ToUrl()}{(string.IsNullOrEmpty(note) ? "" : $"?note={Uri.EscapeDataString(note)}")}";
        using var response = await SendAsync("push", HttpMethod.Delete, target, null, cancellation, match: $"\"{expected}\"");
        return await ReadAsync(response, "push", ApiJson.Default.PushResult, cancellation);
    }
}
