using Entrepot.Mirror.Integrity;

namespace Entrepot.Mirror.Blobs;

/// <summary>Bytes that were hashed and agree with everything the sender stated, still in their temporary file. Made only by
/// <see cref="StagedBlob"/>; the one thing that <see cref="BlobStore.Store"/> takes.</summary>
public sealed class VerifiedBlob
{
    internal VerifiedBlob(Fingerprint fingerprint, string path, bool isKept = false) => (Fingerprint, Path, IsKept) = (fingerprint, path, isKept);

    /// <summary>What the bytes are.</summary>
    public Fingerprint Fingerprint { get; }

    internal string Path { get; }

    /// <summary>True when the file stays where it is should storing fail, because it belongs to an upload that can be finished again.</summary>
    internal bool IsKept { get; }
}

/// <summary>A blob that is durable on this node's disk under its own name. Made only by <see cref="BlobStore"/>; the one thing that
/// the catalog takes.</summary>
public sealed class StoredBlob
{
    internal StoredBlob(Fingerprint fingerprint, BlobStore store) => (Fingerprint, Store) = (fingerprint, store);

    /// <summary>What the bytes are.</summary>
    public Fingerprint Fingerprint { get; }

    internal BlobStore Store { get; }
}
