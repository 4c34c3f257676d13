using Entrepot.Core.Identities;

namespace Entrepot.Mirror.Blobs;

/// <summary>A blob's file as it lies on disk.</summary>
/// <param name="Digest">The blob that it says it is.</param>
/// <param name="Size">Length in bytes.</param>
/// <param name="LastWritten">When it was written, UTC.</param>
public readonly record struct BlobFile(Sha256Digest Digest, long Size, DateTimeOffset LastWritten);
