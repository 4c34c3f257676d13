using Microsoft.Extensions.Logging;

namespace Entrepot.Mirror.Caching;

/// <summary>Chooses what goes when room is needed: whole blobs that nobody uses, the least recently used first; then single pieces of blobs in
/// use that no reader has pinned.</summary>
internal sealed class CacheEviction(PieceCache cache, CachingMetrics metrics, ILogger logger)
{
    /// <summary>At least one part in this many of the capacity is freed at a time, so that the choosing is worth its cost.</summary>
    public const int Share = 64;

    private readonly Lock _lock = new();
    private volatile bool _holes = true;

    /// <summary>Frees at least the given bytes if it can.</summary>
    /// <returns>Bytes freed; 0 when everything is in use.</returns>
    public long Run(long needed)
    {
        lock (_lock)
        {
            var target = Math.Max(needed, cache.Capacity / Share);
            var (freed, blobs) = RetireIdle(target);
            var pieces = 0;
            if (freed < needed && _holes)
                freed += DropPieces(needed - freed, out pieces);
            if (freed > 0)
            {
                metrics.Evicted(freed);
                Log.Evicted(logger, blobs, pieces, freed);
            }

            return freed;
        }
    }

    /// <summary>Drops a piece whose bytes are bad, even from under its readers.</summary>
    public void Condemn(CachedBlob blob, int piece)
    {
        metrics.Rotten();
        Drop(blob, [piece], force: true);
    }

    private (long Freed, int Blobs) RetireIdle(long target)
    {
        var freed = 0L;
        var retired = 0;
        foreach (var blob in cache.Blobs.Where(static blob => !blob.IsInUse && !blob.IsEmpty).OrderBy(static blob => blob.LastUsed))
        {
            if (freed >= target)
                break;
            if (!blob.TrySeal())
                continue;
            freed += blob.ReadyBytes;
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

    private long DropPieces(long needed, out int count)
    {
        var freed = 0L;
        count = 0;
        var candidates = cache.Blobs.Where(static blob => blob.IsInUse)
            .SelectMany(static blob => blob.Droppable().Select(piece => (blob, piece.Piece, piece.Stamp)))
            .OrderBy(static candidate => candidate.Stamp);
        var chosen = new Dictionary<CachedBlob, List<int>>();
        foreach (var (blob, piece, _) in candidates)
        {
            if (freed >= needed)
                break;
            if (!chosen.TryGetValue(blob, out var pieces))
                chosen[blob] = pieces = [];
            pieces.Add(piece);
            freed += blob.Fingerprint.LengthOf(piece);
        }

        freed = 0;
        foreach (var (blob, pieces) in chosen)
        {
            if (!blob.TryAcquire())
                continue;
            try
            {
                freed += Drop(blob, pieces, force: false);
                count += pieces.Count;
            }
            finally
            {
                blob.Release();
            }
        }

        return freed;
    }

    private long Drop(CachedBlob blob, IReadOnlyList<int> pieces, bool force)
    {
        var withdrawn = blob.Withdraw(pieces, force);
        if (withdrawn.Count == 0)
            return 0;
        try
        {
            // Where no holes can be made, dropping single pieces frees nothing: done this once, and then no more.
            blob.Change(cache, () => _holes &= blob.Files.Drop(withdrawn, blob, blob.Data(cache)));
        }
        catch (IOException error)
        {
            Log.CommitFailed(logger, blob.Fingerprint.Digest, error.Message);
            if (!force)
                blob.Restore(withdrawn);
            return 0;  // bad bytes stay owned by nobody: their place is not used again by this process
        }

        var freed = 0L;
        foreach (var piece in withdrawn)
        {
            blob.Disown(piece);
            freed += blob.Fingerprint.LengthOf(piece);
        }

        cache.Unreserve(freed);
        return freed;
    }
}
