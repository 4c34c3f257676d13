using System.Collections.Immutable;
using Entrepot.Core.Identities;

namespace Entrepot.Mirror.Scrubbing;

/// <summary>A blob whose bytes at rest were found rotten.</summary>
/// <param name="Digest">The blob.</param>
/// <param name="Pieces">The rotten pieces; none when only the file's length was wrong.</param>
/// <param name="IsMended">True when they were refetched, proven and put in place.</param>
/// <param name="Detail">From where they were fetched, or why they could not be.</param>
public sealed record BlobDamage(Sha256Digest Digest, ImmutableArray<int> Pieces, bool IsMended, string Detail);

/// <summary>How far a verification has come.</summary>
/// <param name="Blobs">Blobs read so far.</param>
/// <param name="TotalBlobs">Blobs to read.</param>
/// <param name="Bytes">Bytes read so far.</param>
/// <param name="TotalBytes">Bytes to read.</param>
/// <param name="Damaged">What was found since the last report.</param>
/// <param name="IsDone">True in the last report.</param>
public sealed record ScrubProgress(
    int Blobs, int TotalBlobs, long Bytes, long TotalBytes, ImmutableArray<BlobDamage> Damaged, bool IsDone);
