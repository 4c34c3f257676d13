using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Entrepot.Mirror.Caching;

/// <summary>The cache's one background loop: makes proven pieces durable in groups, closes idle files, forgets blobs of which nothing is held.</summary>
internal sealed class CacheKeeper : IAsyncDisposable
{
    private static readonly TimeSpan Round = TimeSpan.FromMinutes(1);

    private readonly PieceCache _cache;
    private readonly CachingOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly ConcurrentDictionary<CachedBlob, byte> _dirty = new();
    private readonly ConcurrentDictionary<string, byte> _folders = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _signal = new(0, 1);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _loop;

    public CacheKeeper(PieceCache cache, CachingOptions options, TimeProvider time, ILogger logger)
    {
        (_cache, _options, _time, _logger) = (cache, options, time, logger);
        _loop = Task.Run(LoopAsync);
    }

    /// <summary>The blob has pieces that are not durable yet.</summary>
    public void MarkDirty(CachedBlob blob)
    {
        _dirty[blob] = 0;
        try
        {
            _signal.Release();
        }
        catch (SemaphoreFullException)
        {
            // The loop has been told already.
        }
    }

    /// <summary>Makes durable what is proven now. Syncs each data file once, then its bitmap, then each folder once.</summary>
    public void Commit()
    {
        _cache.Eviction.DropOwed();
        foreach (var blob in _dirty.Keys)
        {
            // Removed first: what is proven from here on marks it again.
            if (!_dirty.TryRemove(blob, out _) || !blob.TryAcquire())
                continue;
            try
            {
                if (Commit(blob) is { } folder)
                    _folders[folder] = 0;
            }
            catch (IOException error)
            {
                // This blob waits for the next round; the others need not.
                _dirty[blob] = 0;
                Log.CommitFailed(_logger, blob.Fingerprint.Digest, error.Message);
            }
            finally
            {
                blob.Release();
            }
        }

        foreach (var folder in _folders.Keys)
        {
            _folders.TryRemove(folder, out _);
            try
            {
                _cache.Disk.SyncFolder(folder);
            }
            catch (IOException error)
            {
                _folders[folder] = 0;
                Log.MaintenanceFailed(_logger, error);
            }
        }
    }

    /// <summary>Closes idle files beyond the limit and forgets empty blobs.</summary>
    public void Tidy()
    {
        _cache.OpenFiles.Tidy();
        foreach (var blob in _cache.Blobs.Where(IsForgotten))
        {
            if (!blob.TrySeal())
                continue;
            if (!blob.IsEmpty)
            {
                blob.Unseal();
                continue;
            }

            try
            {
                _cache.Retire(blob);
            }
            catch (IOException error)
            {
                Log.MaintenanceFailed(_logger, error);
            }
        }

        bool IsForgotten(CachedBlob blob)
            => !blob.IsInUse && blob.IsEmpty && _time.GetElapsedTime(blob.LastUsed) > _options.ForgetEmptyAfter;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loop;
        try
        {
            Commit();
        }
        catch (IOException error)
        {
            Log.MaintenanceFailed(_logger, error);
        }

        _signal.Dispose();
        _stop.Dispose();
    }

    private string? Commit(CachedBlob blob)
    {
        var outcome = blob.Files.Commit(blob, blob.Data(_cache));
        if (outcome.Lost is { } lost)
        {
            foreach (var piece in lost)
                _cache.Expel(blob, piece);
            Log.PiecesLost(_logger, blob.Fingerprint.Digest, lost.Count, outcome.Error!.Message);
            _cache.DiskFailed(outcome.Error);
        }
        else if (outcome.Error is { } error)
        {
            Log.CommitFailed(_logger, blob.Fingerprint.Digest, error.Message);
            _cache.DiskFailed(error);
            _dirty[blob] = 0;  // again with the next group
        }

        return outcome.Folder;
    }

    private async Task LoopAsync()
    {
        try
        {
            var tidied = _time.GetTimestamp();
            while (!_stop.IsCancellationRequested)
            {
                await WaitAsync();
                try
                {
                    Commit();
                    if (_time.GetElapsedTime(tidied) >= Round)
                    {
                        tidied = _time.GetTimestamp();
                        Tidy();
                    }
                }
                catch (Exception error)
                {
                    // One bad round must not end all later ones.
                    Log.MaintenanceFailed(_logger, error);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Closing.
        }
    }

    private async Task WaitAsync()
    {
        using var round = new CancellationTokenSource(Round, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(round.Token, _stop.Token);
        try
        {
            await _signal.WaitAsync(either.Token);
        }
        catch (OperationCanceledException) when (!_stop.IsCancellationRequested)
        {
            return;
        }

        await Task.Delay(_options.CommitDelay, _time, _stop.Token);
    }
}
