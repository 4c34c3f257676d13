using System.Text.Json.Serialization;
using Entrepot.Core.Identities;

namespace Entrepot.Server.Api;

/// <summary>Asks for garbage collection.</summary>
/// <param name="DryRun">True to only say what would go.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record GarbageCollectionRequest([property: JsonRequired] bool DryRun);

/// <summary>What garbage collection did, or would do.</summary>
/// <param name="DryRun">True when nothing was changed.</param>
/// <param name="DroppedSnapshots">Snapshots that retention no longer holds, as <c>mirror#number</c>.</param>
/// <param name="Swept">Blobs that went, or would go.</param>
/// <param name="SweptBytes">Their size.</param>
/// <param name="Held">Blobs that stay, each with its reason; cut at 10,000.</param>
/// <param name="HeldCount">How many stay in all.</param>
/// <param name="HeldBytes">Their size.</param>
public sealed record GarbageCollectionDocument(
    bool DryRun, IReadOnlyList<string> DroppedSnapshots, IReadOnlyList<SweptBlob> Swept, long SweptBytes,
    IReadOnlyList<HeldBlob> Held, int HeldCount, long HeldBytes);

/// <summary>A blob that nothing holds.</summary>
public sealed record SweptBlob(Sha256Digest Digest, long Size, string Reason);

/// <summary>A blob that stays, and why.</summary>
public sealed record HeldBlob(Sha256Digest Digest, long Size, string Reason);

/// <summary>Asks for the bytes at rest to be read again.</summary>
/// <param name="Mirror">One mirror, or null for all.</param>
/// <param name="Deep">True for SHA-256 of every piece; false for CRC-32.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record VerifyRequest(string? Mirror, [property: JsonRequired] bool Deep);

/// <summary>One line of the answer to <see cref="VerifyRequest"/>, sent as newline-delimited JSON while it goes on; the last has <c>Done</c> set.</summary>
/// <param name="Blobs">Blobs read so far.</param>
/// <param name="TotalBlobs">Blobs to read.</param>
/// <param name="Bytes">Bytes read so far.</param>
/// <param name="TotalBytes">Bytes to read.</param>
/// <param name="Damaged">What was found since the last line.</param>
/// <param name="Done">True on the last line.</param>
public sealed record VerifyProgress(int Blobs, int TotalBlobs, long Bytes, long TotalBytes, IReadOnlyList<DamageDocument> Damaged, bool Done);

/// <summary>One damaged blob.</summary>
/// <param name="Digest">The blob.</param>
/// <param name="Pieces">The rotten pieces.</param>
/// <param name="Mended">True when it was refetched, proven and put in place.</param>
/// <param name="Detail">From where, or why not.</param>
public sealed record DamageDocument(Sha256Digest Digest, IReadOnlyList<int> Pieces, bool Mended, string Detail);
