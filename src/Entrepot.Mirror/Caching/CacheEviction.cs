using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Entrepot.Mirror.Caching;

/// <summary>Chooses what goes when room is needed: whole blobs that nobody uses, the least recently used first; then single pieces of blobs in
/// use that no reader has pinned.</summary>
internal sealed class CacheEviction(PieceCache cache, CachingMetrics metrics, ILogger logger)
{
    /// <summary>At least one part in this many of the capacity is freed at a time, so that the choosing is worth its cost.</summary>
    public const int Share = 64;

    private readonly Lock _lock = new();
    private readonly ConcurrentQueue<(CachedBlob Blob, List<int> Pieces)> _owed = new();
    private volatile bool _holes = true;

    /// <summary>Frees at least the given bytes of the disk if it can.</summary>
    /// <returns>Bytes freed; 0 when everything is in use.</returns>
    public long Run(long needed)
    {
        lock (_lock)
        {
            var target = Math.Max(needed, cache.Space.Capacity / Share);
            var (freed, blobs) = RetireIdle(target, 0);
            var pieces = 0;
            if (freed.Charged < needed && _holes)
                freed += DropPieces(needed - freed.Charged, out pieces);
            Tell(blobs, pieces, freed.Payload);
            return freed.Charged;
        }
    }

    /// <summary>Makes blobs fewer, so that with one more there are no more than allowed, unless all are in use.</summary>
    public void RunForBlobs(int most)
    {
        lock (_lock)
        {
            var over = cache.BlobCount + 1 - most;
            if (over <= 0)
                return;
            var (freed, blobs) = RetireIdle(0, Math.Max(over, most / Share));
            Tell(blobs, 0, freed.Payload);
        }
    }

    /// <summary>Drops a piece whose bytes are bad, even from under its readers.</summary>
    public void Condemn(CachedBlob blob, int piece)
    {
        var withdrawn = blob.Withdraw([piece], force: true);
        if (withdrawn.Count == 0)
            return;
        metrics.Rotten();
        Condemn(blob, withdrawn);
    }

    /// <summary>Tries again to drop what could not be dropped.</summary>
    public void DropOwed()
    {
        for (var left = _owed.Count; left > 0 && _owed.TryDequeue(out var owed); left--)
        {
            var blob = cache.TryAcquire(owed.Blob.Fingerprint.Digest, isUse: false);
            if (ReferenceEquals(blob, owed.Blob))
                Condemn(owed.Blob, owed.Pieces);
            blob?.Release();  // another one, or none: the files have gone, and the pieces with them
        }
    }

    private void Condemn(CachedBlob blob, List<int> withdrawn)
    {
        // Until its bit is off the disk a bad piece's place is not used again.
        if (!TryErase(blob, withdrawn, out _))
            _owed.Enqueue((blob, withdrawn));
    }

    private void Tell(int blobs, int pieces, long payload)
    {
        if (blobs == 0 && pieces == 0)
            return;
        metrics.Evicted(payload);
        Log.Evicted(logger, blobs, pieces, payload);
    }

    /// <summary>Retires idle blobs until so many bytes and so many blobs have gone.</summary>
    private (Freed Freed, int Blobs) RetireIdle(long bytes, int blobs)
    {
        var freed = default(Freed);
        var retired = 0;
        foreach (var blob in cache.Blobs.Where(blob => !blob.IsInUse && (blobs > 0 || blob.Charged > 0)).OrderBy(static blob => blob.LastUsed))
        {
            if (freed.Charged >= bytes && retired >= blobs)
                break;
            if (!blob.TrySeal())
                continue;
            freed += new Freed(blob.Charged, blob.Payload);
            retired++;
            try
            {
                cache.Retire(blob);
            }
            catch (IOException error)
            {
                Log.DiskFailed(logger, error.Message, TimeSpan.Zero);
            }
        }

        return (freed, retired);
    }

    private Freed DropPieces(long needed, out int count)
    {
        var planned = 0L;
        count = 0;
        var candidates = cache.Blobs.Where(static blob => blob.IsInUse)
            .SelectMany(static blob => blob.Droppable().Select(piece => (blob, piece.Piece, piece.Stamp)))
            .OrderBy(static candidate => candidate.Stamp);
        var chosen = new Dictionary<CachedBlob, List<int>>();
        foreach (var (blob, piece, _) in candidates)
        {
            if (planned >= needed)
                break;
            if (!chosen.TryGetValue(blob, out var pieces))
                chosen[blob] = pieces = [];
            pieces.Add(piece);
            planned += CacheSpace.ChargeOf(blob.Fingerprint, piece);
        }

        var freed = default(Freed);
        foreach (var (blob, pieces) in chosen)
        {
            if (!blob.TryAcquire())
                continue;
            try
            {
                var withdrawn = blob.Withdraw(pieces, force: false);
                if (withdrawn.Count == 0)
                    continue;
                if (TryErase(blob, withdrawn, out var erased))
                    (freed, count) = (freed + erased, count + withdrawn.Count);
                else
                    blob.Restore(withdrawn);
            }
            finally
            {
                blob.Release();
            }
        }

        return freed;
    }

    /// <summary>Erases withdrawn pieces and frees their places.</summary>
    private bool TryErase(CachedBlob blob, List<int> withdrawn, out Freed freed)
    {
        freed = default;
        try
        {
            // Where no holes can be made, dropping single pieces frees nothing: done this once, and then no more.
            blob.Change(cache, () => _holes &= blob.Files.Drop(withdrawn, blob, blob.Data(cache)));
        }
        catch (IOException error)
        {
            Log.CommitFailed(logger, blob.Fingerprint.Digest, error.Message);
            return false;
        }

        foreach (var piece in withdrawn)
        {
            cache.Expel(blob, piece);
            freed += new Freed(CacheSpace.ChargeOf(blob.Fingerprint, piece), blob.Fingerprint.LengthOf(piece));
        }

        return true;
    }

    /// <summary>Bytes of the cap, and of pieces, that were given up.</summary>
    private readonly record struct Freed(long Charged, long Payload)
    {
        public static Freed operator +(Freed left, Freed right) => new(left.Charged + right.Charged, left.Payload + right.Payload);
    }
}
