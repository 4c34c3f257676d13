using System.Globalization;
using System.Text.Json;
using Entrepot.Core.Identities;
using Entrepot.Server.Api;

namespace Entrepot.Server.Client;

/// <content>Mirrors, snapshots and what they hold.</content>
public sealed partial class EntrepotClient
{
    /// <summary>Every mirror, by name.</summary>
    public Task<IReadOnlyList<MirrorDocument>> ListMirrorsAsync(CancellationToken cancellation = default)
        => GetAsync("metadata", "/v1/mirrors", ApiJson.Default.IReadOnlyListMirrorDocument, cancellation);

    /// <summary>One mirror.</summary>
    public Task<MirrorDocument> GetMirrorAsync(MirrorName mirror, CancellationToken cancellation = default)
        => GetAsync("metadata", $"/v1/mirrors/{mirror}", ApiJson.Default.MirrorDocument, cancellation);

    /// <summary>Makes a mirror.</summary>
    public Task<MirrorDocument> CreateMirrorAsync(CreateMirrorRequest request, CancellationToken cancellation = default)
        => CallAsync(
            "admin", HttpMethod.Post, "/v1/mirrors", Json(request, ApiJson.Default.CreateMirrorRequest), ApiJson.Default.MirrorDocument, cancellation);

    /// <summary>Changes a mirror's settings; what is null stays as it is.</summary>
    public Task<MirrorDocument> UpdateMirrorAsync(MirrorName mirror, UpdateMirrorRequest request, CancellationToken cancellation = default)
        => CallAsync(
            "admin", HttpMethod.Patch, $"/v1/mirrors/{mirror}", Json(request, ApiJson.Default.UpdateMirrorRequest), ApiJson.Default.MirrorDocument, cancellation);

    /// <summary>Deletes a mirror with all its snapshots; its blobs go with the next garbage collection after their grace.</summary>
    public async Task DeleteMirrorAsync(MirrorName mirror, CancellationToken cancellation = default)
    {
        using var response = await SendAsync("admin", HttpMethod.Delete, $"/v1/mirrors/{mirror}", null, cancellation);
    }

    /// <summary>A mirror's snapshots, the newest first.</summary>
    public Task<IReadOnlyList<SnapshotDocument>> ListSnapshotsAsync(MirrorName mirror, CancellationToken cancellation = default)
        => GetAsync("metadata", $"/v1/mirrors/{mirror}/snapshots", ApiJson.Default.IReadOnlyListSnapshotDocument, cancellation);

    /// <summary>What changed from one snapshot to another.</summary>
    public Task<SnapshotDiffDocument> DiffAsync(MirrorName mirror, long from, long to, CancellationToken cancellation = default)
        => GetAsync("metadata", Invariant($"/v1/mirrors/{mirror}/snapshots/{from}/diff/{to}"), ApiJson.Default.SnapshotDiffDocument, cancellation);

    /// <summary>Publishes an older snapshot's content again.</summary>
    public Task<SnapshotDocument> RollbackAsync(MirrorName mirror, RollbackRequest request, CancellationToken cancellation = default)
        => CallAsync(
            "admin", HttpMethod.Post, $"/v1/mirrors/{mirror}/rollback", Json(request, ApiJson.Default.RollbackRequest), ApiJson.Default.SnapshotDocument,
            cancellation);

    /// <summary>The file or the folder at a path.</summary>
    /// <param name="mirror">The mirror.</param>
    /// <param name="path">Without slashes at the ends; empty for the root folder.</param>
    /// <param name="snapshot">Null for the current one.</param>
    /// <param name="cancellation">Ends the call.</param>
    /// <returns>One of the two, the other null.</returns>
    public async Task<(FileDocument? File, FolderDocument? Folder)> GetTreeAsync(
        MirrorName mirror, string path, long? snapshot = null, CancellationToken cancellation = default)
    {
        var target = $"/v1/mirrors/{mirror}/tree/{(path.Length == 0 ? "" : ContentPath.Parse(path).ToUrl())}{AtSnapshot(snapshot)}";
        var json = await GetAsync("metadata", target, ClientJson.Default.JsonElement, cancellation);
        try
        {
            return json.ValueKind == JsonValueKind.Object && json.TryGetProperty("items", out _)
                ? (null, json.Deserialize(ApiJson.Default.FolderDocument))
                : (json.Deserialize(ApiJson.Default.FileDocument), null);
        }
        catch (JsonException error)
        {
            throw Translate(error, UrlOf("metadata"));
        }
    }

    /// <summary>Every file of a snapshot by its digest, and the snapshot's root digest proven by the listing's own bytes.</summary>
    /// <param name="mirror">The mirror.</param>
    /// <param name="snapshot">Null for the current one.</param>
    /// <param name="cancellation">Ends the call.</param>
    public async Task<ListedSnapshot> GetListingAsync(MirrorName mirror, long? snapshot = null, CancellationToken cancellation = default)
    {
        using var response = await SendAsync("metadata", HttpMethod.Get, $"/v1/mirrors/{mirror}/listing{AtSnapshot(snapshot)}", null, cancellation);
        try
        {
            return ListedSnapshot.Parse(await response.Content.ReadAsByteArrayAsync(cancellation));
        }
        catch (Exception error) when (!cancellation.IsCancellationRequested)
        {
            throw Translate(error, UrlOf("metadata"));
        }
    }

    /// <summary>What proves a blob.</summary>
    public Task<FingerprintDocument> GetFingerprintAsync(Sha256Digest blob, CancellationToken cancellation = default)
        => GetAsync("metadata", $"/v1/blobs/{blob}/fingerprint", ApiJson.Default.FingerprintDocument, cancellation);

    /// <summary>The nodes that sent heart-beats.</summary>
    public Task<IReadOnlyList<NodeDocument>> ListNodesAsync(CancellationToken cancellation = default)
        => GetAsync("metadata", "/v1/nodes", ApiJson.Default.IReadOnlyListNodeDocument, cancellation);

    private static string AtSnapshot(long? snapshot) => snapshot is { } number ? Invariant($"?snapshot={number}") : "";

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
