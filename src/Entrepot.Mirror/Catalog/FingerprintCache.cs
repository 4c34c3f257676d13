using System.Collections.Concurrent;
using Entrepot.Core.Identities;
using Entrepot.Mirror.Integrity;

namespace Entrepot.Mirror.Catalog;

/// <summary>Recently used fingerprints, bounded by their piece lists. Two generations: what is used moves to the young one, and when that
/// is full the old one goes. A hit takes no lock.</summary>
public sealed class FingerprintCache
{
    /// <summary>Pieces in one generation: 40 bytes each, so the cache stays below 12 MiB.</summary>
    private const int PiecesPerGeneration = 128 << 10;

    /// <summary>What an entry costs besides its pieces, counted in pieces.</summary>
    private const int Overhead = 8;

    private readonly Lock _writing = new();
    private ConcurrentDictionary<Sha256Digest, Fingerprint> _young = new();
    private ConcurrentDictionary<Sha256Digest, Fingerprint> _old = new();
    private int _weight;
    private long _epoch;

    /// <summary>To be taken before a value is read from the database, and handed to <see cref="Add"/>.</summary>
    public long Epoch => Volatile.Read(ref _epoch);

    /// <summary>The fingerprint of a blob, or null when it is not held.</summary>
    public Fingerprint? Find(Sha256Digest digest)
    {
        if (_young.TryGetValue(digest, out var found))
            return found;
        if (!_old.TryGetValue(digest, out found))
            return null;
        Add(found, Epoch);
        return found;
    }

    /// <summary>Keeps a value, unless something was forgotten since it was read: it might be that.</summary>
    public void Add(Fingerprint fingerprint, long epoch)
    {
        lock (_writing)
        {
            if (epoch != _epoch || !_young.TryAdd(fingerprint.Digest, fingerprint))
                return;
            _weight += fingerprint.Pieces.Length + Overhead;
            if (_weight < PiecesPerGeneration)
                return;
            (_old, _young, _weight) = (_young, new ConcurrentDictionary<Sha256Digest, Fingerprint>(), 0);
        }
    }

    /// <summary>Drops fingerprints that may have changed, and whatever is being read of them.</summary>
    public void Forget(IEnumerable<Sha256Digest> digests)
    {
        lock (_writing)
        {
            _epoch++;
            foreach (var digest in digests)
            {
                // The weight stays: it is a bound, not a count.
                _young.TryRemove(digest, out _);
                _old.TryRemove(digest, out _);
            }
        }
    }
}
