using Entrepot.Core.Identities;

namespace Entrepot.Mirror.Blobs;

/// <summary>Keeps blobs from being collected while they are on their way into the catalog, until it is disposed.</summary>
internal sealed class BlobHold : IDisposable
{
    private readonly List<StoredBlob> _held;

    private BlobHold(int count) => _held = new List<StoredBlob>(count);

    /// <summary>Takes hold of every blob, or of none.</summary>
    /// <param name="blobs">Which.</param>
    /// <param name="gone">The first that is no longer stored, where null is returned.</param>
    public static BlobHold? TryTake(IReadOnlyCollection<StoredBlob> blobs, out Sha256Digest gone)
    {
        var hold = new BlobHold(blobs.Count);
        gone = default;
        foreach (var blob in blobs)
        {
            if (!blob.Store.TryHold(blob.Fingerprint))
            {
                hold.Dispose();
                gone = blob.Fingerprint.Digest;
                return null;
            }

            hold._held.Add(blob);
        }

        return hold;
    }

    public void Dispose()
    {
        foreach (var blob in _held)
            blob.Store.Release(blob.Fingerprint.Digest);
        _held.Clear();
    }
}
