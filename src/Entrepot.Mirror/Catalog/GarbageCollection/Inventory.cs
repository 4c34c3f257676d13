using Entrepot.Core.Identities;
using Entrepot.Mirror.Blobs;

namespace Entrepot.Mirror.Catalog.GarbageCollection;

/// <summary>Everything that <see cref="GarbageCollectionPlan.Make"/> decides by, as it was at one moment.</summary>
/// <param name="Now">That moment, UTC.</param>
/// <param name="Grace">How long a blob stays after it was last needed.</param>
/// <param name="Mirrors">The mirrors with their snapshots.</param>
/// <param name="References">What files refer to which blobs; read once.</param>
/// <param name="Blobs">The blobs in the catalog.</param>
/// <param name="Files">The blob files on disk. Read before the rest, so that no new blob looks like an orphan.</param>
/// <param name="LastTouched">When this process last stored or found a blob, or null.</param>
/// <param name="IsHeld">Whether a blob is on its way into the catalog.</param>
public sealed record Inventory(
    DateTimeOffset Now, TimeSpan Grace, IReadOnlyList<InventoryMirror> Mirrors, IEnumerable<InventoryReference> References,
    IReadOnlyList<InventoryBlob> Blobs, IReadOnlyList<BlobFile> Files,
    Func<Sha256Digest, DateTimeOffset?> LastTouched, Func<Sha256Digest, bool> IsHeld)
{
    /// <summary>Which blobs' rows the manifests of repositories need, each with the repository; read once.</summary>
    public IEnumerable<(long Blob, string Repository)> Manifests { get; init; } = [];
}

/// <summary>A mirror.</summary>
/// <param name="Id">Its row.</param>
/// <param name="Name">Its name.</param>
/// <param name="Retention">How long its snapshots stay.</param>
/// <param name="Snapshots">Number and time of each snapshot, in ascending order; the last is the current one.</param>
public sealed record InventoryMirror(
    long Id, MirrorName Name, Retention Retention, IReadOnlyList<(long Number, DateTimeOffset PublishedAt)> Snapshots);

/// <summary>A file that is in the snapshots from one number until before another.</summary>
/// <param name="Mirror">The mirror's row.</param>
/// <param name="Path">The file's path.</param>
/// <param name="Since">The first snapshot with it.</param>
/// <param name="Until">The first without it; null when the current one has it.</param>
/// <param name="Blob">The blob's row.</param>
public sealed record InventoryReference(long Mirror, string Path, long Since, long? Until, long Blob);

/// <summary>A blob in the catalog.</summary>
/// <param name="Id">Its row.</param>
/// <param name="Digest">Its name.</param>
/// <param name="Size">Length in bytes.</param>
/// <param name="StoredAt">When it was last stored or sent again.</param>
/// <param name="ReleasedAt">When a snapshot that referred to it was last dropped, or null.</param>
public sealed record InventoryBlob(long Id, Sha256Digest Digest, long Size, DateTimeOffset StoredAt, DateTimeOffset? ReleasedAt);
