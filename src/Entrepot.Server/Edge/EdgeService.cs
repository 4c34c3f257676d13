using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Core.State;
using Entrepot.Mirror.Caching;
using Entrepot.Mirror.Integrity;
using Entrepot.Mirror.Replication;
using Entrepot.Ports.Reachability;
using Entrepot.Server.Api;
using Entrepot.Server.Hosting;
using Entrepot.Server.PortWatch;
using Microsoft.Extensions.Logging;

namespace Entrepot.Server.Edge;

/// <summary>One edge: its cache, its sources, what it knows of the origin, and the loops that keep it in order.</summary>
public sealed class EdgeService : IAsyncDisposable
{
    /// <summary>Longest wait for a connection to the origin or to a peer.</summary>
    internal static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(3);

    private readonly EdgeOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly HttpClient _toOrigin;
    private readonly HttpClient _toPeers;
    private readonly OriginClient _origin;
    private readonly CachingMetrics _metrics;
    private readonly PieceCache _cache;
    private readonly TreeMemory _memory;
    private readonly PeerFinder _peers;
    private readonly HeartbeatSender _heart;
    private readonly SingleFlight<Sha256Digest, Fingerprint> _asking = new();
    private readonly BackgroundLoops _loops;

    private EdgeService(EdgeOptions options, StateDatabase state, HttpMessageHandler toOrigin, HttpMessageHandler toPeers, TimeProvider time, ILoggerFactory loggers)
    {
        (_options, _time, _logger) = (options, time, loggers.CreateLogger("Entrepot.Edge." + options.Node.Value));
        _toOrigin = new HttpClient(toOrigin) { Timeout = Timeout.InfiniteTimeSpan };
        _toPeers = new HttpClient(toPeers) { Timeout = Timeout.InfiniteTimeSpan };
        _metrics = new CachingMetrics(options.Node.Value);
        var caching = new CachingOptions
        {
            Folder = options.CacheFolder,
            CapacityBytes = options.Capacity,
            ScrubRate = options.ScrubRate,
            ScrubCycle = options.ScrubCycle,
            ScrubDeepCycle = options.ScrubDeepCycle,
        };
        try
        {
            _cache = PieceCache.Open(caching, _metrics, time, _logger);
        }
        catch
        {
            _toOrigin.Dispose();
            _toPeers.Dispose();
            _metrics.Dispose();
            throw;
        }

        Keys = new EdgeKeys(options.Keys, time);
        _origin = new OriginClient(_toOrigin, options.Origin, options.OriginTimeout, time, Keys);
        var sources = new SourceSet([], time);
        _peers = new PeerFinder(options, sources, _origin, Keys, _toOrigin, _toPeers, time, _logger);
        sources.Replace([_peers.Origin]);
        Content = new EdgeContent(_cache, sources, caching, _metrics, time, _logger);
        _memory = new TreeMemory(state, options.Node, time, _logger);
        Trees = new MirrorTrees(_origin, _memory, options, time);
        _heart = new HeartbeatSender(options, Content, _metrics, _origin, Keys, time, _logger);
        _loops = new BackgroundLoops(_logger);
    }

    /// <summary>The cache with its sources.</summary>
    public EdgeContent Content { get; }

    internal MirrorTrees Trees { get; }

    /// <summary>By what it decides who may have which bytes.</summary>
    internal EdgeKeys Keys { get; }

    /// <summary>Opens the cache; nothing listens and nothing is told yet.</summary>
    /// <param name="options">What the edge is told.</param>
    /// <param name="state">Where it writes down what it learns of its mirrors.</param>
    /// <param name="toOrigin">Makes the connections to the origin.</param>
    /// <param name="toPeers">Makes the connections to other edges.</param>
    /// <param name="time">The clock.</param>
    /// <param name="loggers">Where it logs.</param>
    /// <exception cref="FaultException"><see cref="CachingFault.Folder"/>.</exception>
    public static EdgeService Open(
        EdgeOptions options, StateDatabase state, HttpMessageHandler toOrigin, HttpMessageHandler toPeers, TimeProvider time, ILoggerFactory loggers)
        => new(options, state, toOrigin, toPeers, time, loggers);

    /// <summary>Begins to tell the origin of this edge and to look for peers, once it listens.</summary>
    /// <param name="url">Base address for downloads, without a trailing slash.</param>
    /// <param name="portReason">Why its port is the one it is.</param>
    public void Announce(string url, string portReason)
    {
        _heart.Address = new EdgeAddress(url, portReason);
        _loops.Start("heart-beat", _heart.RunAsync);
        _loops.Start("peers", _peers.RunAsync);
        _loops.Start("scrub", Content.Scrub.RunAsync);
        if (_options.ProbeInterval is { } interval)
            _loops.Start("probes", cancellation => ProbeAsync(interval, cancellation));
        Log.EdgeStarted(_logger, _options.Node.Value, url, Content.Look().HeldBytes);
    }

    private Task ProbeAsync(TimeSpan interval, CancellationToken cancellation)
    {
        var prober = new SurfaceProber(_options.Node, _options.Origin, new PortProber(new SocketProbe(_time)), _time);
        return prober.RunAsync(TargetsAsync, interval, reports => _heart.Probes = reports, cancellation);

        async Task<IReadOnlyList<ProbeTargetDocument>?> TargetsAsync(CancellationToken token)
        {
            try
            {
                return await _origin.GetProbeTargetsAsync(token);
            }
            catch (FaultException)
            {
                return null;  // the heart-beat tells that the origin is away
            }
        }
    }

    /// <summary>Asks for no new clients, at once; requests are still answered.</summary>
    public async Task DrainAsync(CancellationToken cancellation)
    {
        _heart.Draining = true;
        if (_heart.Address is not null)
            await _heart.BeatAsync(cancellation);
    }

    /// <summary>Tells the origin, and with it the scheduler, that this edge listens elsewhere now.</summary>
    /// <returns>False when the origin could not be told: it is told with the next beat that gets through.</returns>
    internal Task<bool> MoveAsync(string url, string portReason, CancellationToken cancellation)
    {
        _heart.Address = new EdgeAddress(url, portReason);
        return _heart.BeatAsync(cancellation);
    }

    /// <summary>Takes a move back: the origin is told now if there is time, else with the next beat.</summary>
    internal async Task StayAsync(string url, string portReason, CancellationToken cancellation)
    {
        _heart.Address = new EdgeAddress(url, portReason);
        if (!cancellation.IsCancellationRequested)
            await _heart.BeatAsync(cancellation);
    }

    /// <summary>How the edge stands.</summary>
    public CacheDocument Look()
    {
        var stats = Content.Look();
        return new CacheDocument(
            _options.Node.Value, stats.Blobs, stats.HeldBytes, stats.CapacityBytes, stats.FreeBytes, stats.BufferedBytes, stats.OpenFiles,
            stats.DiskPaused, _metrics.Transfers, _metrics.Fills, _metrics.SentBytes, _metrics.FetchedBytes, _metrics.PassedBytes,
            _metrics.EvictedBytes, _metrics.Hits, _metrics.Misses, _metrics.Errors, _metrics.RottenPieces,
            [.. Content.Sources.Look().Select(static source => new SourceDocument(
                source.Name, source.IsBenched, source.BenchedUntil, source.LastFailure?.Reason.ToString(), source.LastFailure?.Detail,
                (long)source.BytesPerSecond, source.Bytes, source.Failures))],
            Content.Scrub.Last is { } pass
                ? new ScrubDocument(
                    pass.Began, pass.Deep, pass.Pieces, pass.Bytes,
                    [.. pass.Rotten.Select(static piece => new DamageDocument(piece.Digest, [piece.Piece], piece.Mended, piece.Detail))])
                : null);
    }

    /// <summary>A reader of a blob.</summary>
    /// <param name="digest">Which.</param>
    /// <param name="onlyHeld">True to neither ask nor fetch.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    /// <exception cref="FaultException">The blob is unknown, or the origin can't be asked.</exception>
    internal async ValueTask<BlobReader> OpenAsync(Sha256Digest digest, bool onlyHeld, CancellationToken cancellation)
    {
        if (Content.TryOpen(digest, onlyHeld) is { } known)
            return known;
        if (onlyHeld)
            throw Fault.Of(
                CachingFault.NotHeld, FaultKind.Unavailable, $"{digest} is not held here, and only held bytes were asked for.").ToException();
        return Content.Open(await _asking.RunAsync(digest, () => _origin.GetFingerprintAsync(digest, CancellationToken.None), cancellation));
    }

    /// <summary>Stops the loops, ends the fetches and makes the cache durable.</summary>
    public async ValueTask DisposeAsync()
    {
        await _loops.DisposeAsync();
        await Content.DisposeAsync();
        await _cache.DisposeAsync();
        await _memory.DisposeAsync();
        _heart.Dispose();
        _toOrigin.Dispose();
        _toPeers.Dispose();
        _metrics.Dispose();
    }
}
