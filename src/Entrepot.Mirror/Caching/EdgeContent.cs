using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Mirror.Integrity;
using Entrepot.Mirror.Replication;
using Microsoft.Extensions.Logging;

namespace Entrepot.Mirror.Caching;

/// <summary>Bytes of any blob by piece: from the cache when held, else from a source, verified before one of them is given out or kept.</summary>
public sealed class EdgeContent : IAsyncDisposable
{
    private readonly PieceCache _cache;
    private readonly PieceFiller _filler;
    private readonly CachingMetrics _metrics;
    private readonly int _readAhead;

    /// <summary>Joins a cache with sources. Owns neither.</summary>
    public EdgeContent(
        PieceCache cache, SourceSet sources, CachingOptions options, CachingMetrics metrics, TimeProvider time, ILogger logger)
    {
        options.Validate();
        (_cache, _metrics, _readAhead, Sources) = (cache, metrics, options.ReadAhead, sources);
        Buffers = new FillBuffers(options.BufferBytes, time);
        _filler = new PieceFiller(cache, new PieceFetcher(sources, options, metrics, time, logger), Buffers, options, metrics);
        Scrub = new CacheScrub(cache, _filler, options, time, logger);
    }

    /// <summary>Where pieces come from.</summary>
    public SourceSet Sources { get; }

    /// <summary>Reads again what is held.</summary>
    public CacheScrub Scrub { get; }

    internal FillBuffers Buffers { get; }

    /// <summary>How the cache stands.</summary>
    public CacheStats Look() => _cache.Look((long)Buffers.InUse * FillBuffers.BlockSize);

    /// <summary>The fingerprint of a blob that is known here; it serves while the origin is down.</summary>
    public Fingerprint? TryGetFingerprint(Sha256Digest digest)
    {
        using var reader = TryOpen(digest);
        return reader?.Fingerprint;
    }

    /// <summary>A reader of a blob that is known here, or null.</summary>
    public BlobReader? TryOpen(Sha256Digest digest, bool onlyHeld = false)
        => _cache.TryAcquire(digest) is { } blob ? new BlobReader(_cache, blob, _filler, _metrics, _readAhead, onlyHeld) : null;

    /// <summary>A reader of any blob.</summary>
    /// <param name="fingerprint">From the origin.</param>
    /// <param name="onlyHeld">True to refuse, with <see cref="CachingFault.NotHeld"/>, what would have to be fetched.</param>
    /// <exception cref="FaultException"><see cref="CachingFault.InconsistentFingerprint"/>.</exception>
    public BlobReader Open(Fingerprint fingerprint, bool onlyHeld = false)
        => new(_cache, _cache.Acquire(fingerprint), _filler, _metrics, _readAhead, onlyHeld);

    /// <summary>Ends all fetches.</summary>
    public async ValueTask DisposeAsync()
    {
        await _filler.CloseAsync();
        _filler.Dispose();
    }
}
