using System.Collections.Concurrent;
using Entrepot.Core.Faults;
using Entrepot.Mirror.Integrity;

namespace Entrepot.Mirror.Caching;

/// <summary>Runs fetches: into the file when there is room, through memory when there is not.</summary>
internal sealed class PieceFiller(
    PieceCache cache, PieceFetcher fetcher, FillBuffers buffers, CachingOptions options, CachingMetrics metrics) : IDisposable
{
    private readonly SemaphoreSlim _slots = new(options.MaxFills, options.MaxFills);
    private readonly ConcurrentDictionary<PieceFill, Task> _running = new();
    private volatile bool _closing;

    /// <summary>The cache's coarse clock for pieces.</summary>
    public int Stamp => cache.Stamp;

    /// <summary>Begins a fetch. Returns at once; called under the blob's lock by a user of the blob.</summary>
    public void Start(CachedBlob blob, PieceFill fill)
    {
        // The fetch outlives the reader that began it, so it is a user of its own.
        if (!blob.TryAcquire())
            throw new InvalidOperationException("A fetch was begun by somebody who does not hold the blob.");
        metrics.FillBegan();
        var ended = new TaskCompletionSource();
        _running[fill] = ended.Task;
        _ = Task.Run(async () =>
        {
            try
            {
                await RunAsync(blob, fill);
            }
            finally
            {
                blob.Release();
                metrics.FillEnded();
                _running.TryRemove(fill, out _);
                ended.SetResult();
            }
        });
    }

    /// <summary>Ends all fetches; whoever waits for one gets <see cref="CachingFault.Closed"/>.</summary>
    public async Task CloseAsync()
    {
        _closing = true;
        foreach (var (fill, _) in _running)
            await fill.Stop.CancelAsync();
        await Task.WhenAll(_running.Values);
    }

    public void Dispose() => _slots.Dispose();

    private async Task RunAsync(CachedBlob blob, PieceFill fill)
    {
        try
        {
            if (fill.After is { } before)
                await before.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (_closing)
                throw new OperationCanceledException();
            if (!fill.Through && (await TryToDiskAsync(blob, fill) || blob.TryDefer(fill)))
                return;
            await ThroughMemoryAsync(blob, fill);
        }
        catch (OperationCanceledException) when (_closing)
        {
            blob.Fail(fill, Fault.Of(CachingFault.Closed, FaultKind.Unavailable, "The edge is shutting down.", "Use another edge.").ToException());
        }
        catch (Exception error)
        {
            // Whoever waits gets it, whatever it is.
            blob.Fail(fill, error);
        }
    }

    private async Task<bool> TryToDiskAsync(CachedBlob blob, PieceFill fill)
    {
        if (!cache.TryAdmit(blob, fill.Piece))
            return false;
        VerifiedPiece? proof = null;
        try
        {
            using var memory = await buffers.ReserveAsync(1, options.BufferPatience, fill.Stop.Token);
            await _slots.WaitAsync(fill.Stop.Token);
            try
            {
                var sink = new FileSink(cache, blob, fill.Piece, memory[0]);
                proof = await fetcher.FetchAsync(blob.Fingerprint, fill.Piece, sink, fill.Stop.Token);
            }
            finally
            {
                _slots.Release();
            }
        }
        catch (IOException error)
        {
            // What a source does wrong never comes as an exception, so this is our own disk.
            cache.DiskFailed(error);
        }
        finally
        {
            if (proof is null)
                cache.Discard(blob, fill.Piece);
        }

        if (proof is null)
            return false;
        blob.Keep(fill, proof, cache.Stamp, cache.Now);
        cache.MarkDirty(blob);
        return true;
    }

    private async Task ThroughMemoryAsync(CachedBlob blob, PieceFill fill)
    {
        var length = blob.Fingerprint.LengthOf(fill.Piece);
        var memory = await buffers.ReserveAsync(FillBuffers.BlocksFor(length), options.BufferPatience, fill.Stop.Token);
        try
        {
            await _slots.WaitAsync(fill.Stop.Token);
            try
            {
                var proof = await fetcher.FetchAsync(blob.Fingerprint, fill.Piece, new MemorySink(memory), fill.Stop.Token);
                metrics.Passed(length);
                blob.Hand(fill, new MemoryPiece(proof, memory));
            }
            finally
            {
                _slots.Release();
            }
        }
        catch
        {
            memory.Dispose();
            throw;
        }
    }
}
