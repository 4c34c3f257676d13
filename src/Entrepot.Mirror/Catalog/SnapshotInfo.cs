using Entrepot.Core.Identities;

namespace Entrepot.Mirror.Catalog;

/// <summary>A snapshot without its files.</summary>
/// <param name="Mirror">The mirror.</param>
/// <param name="Number">Counted from 1 in each mirror; 0 is the empty state of a new mirror.</param>
/// <param name="Root">SHA-256 of the listing in <c>sha256sum</c> form, sorted by path bytes; see <see cref="SnapshotListing"/>.</param>
/// <param name="PublishedAt">When, UTC.</param>
/// <param name="Actor">Who published it.</param>
/// <param name="Note">Why, possibly empty.</param>
/// <param name="Files">How many files.</param>
/// <param name="Bytes">Their total size, duplicates counted each time.</param>
public sealed record SnapshotInfo(
    MirrorName Mirror, long Number, Sha256Digest Root, DateTimeOffset PublishedAt, string Actor, string Note, int Files, long Bytes);
