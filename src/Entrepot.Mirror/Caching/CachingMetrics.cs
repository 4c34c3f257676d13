using System.Diagnostics.Metrics;
using Entrepot.Mirror.Replication;

namespace Entrepot.Mirror.Caching;

/// <summary>What a cache counts: for <see cref="System.Diagnostics.Metrics"/> under the meter <c>Entrepot.Caching</c>, and as totals for heart-beats.</summary>
public sealed class CachingMetrics : IDisposable
{
    /// <summary>Name of the meter.</summary>
    public const string MeterName = "Entrepot.Caching";

    private readonly Meter _meter;
    private readonly Counter<long> _sentBytes;
    private readonly Counter<long> _fetchedBytes;
    private readonly Counter<long> _failures;
    private readonly Counter<long> _evictedBytes;
    private readonly Counter<long> _passedBytes;
    private readonly Counter<long> _rotten;
    private long _sent, _fetched, _fetches, _errors, _evicted, _passed, _hits, _misses, _rot;
    private int _transfers, _fills;

    /// <summary>Makes the instruments.</summary>
    /// <param name="node">Name of the node, a tag on each.</param>
    public CachingMetrics(string node)
    {
        _meter = new Meter(MeterName, null, [new("node", node)]);
        _sentBytes = _meter.CreateCounter<long>("entrepot.cache.sent", "By", "Bytes sent to readers");
        _fetchedBytes = _meter.CreateCounter<long>("entrepot.cache.fetched", "By", "Proven bytes fetched from upstream");
        _failures = _meter.CreateCounter<long>("entrepot.cache.source_failures", "{failure}", "Failed attempts at a source");
        _evictedBytes = _meter.CreateCounter<long>("entrepot.cache.evicted", "By", "Bytes given up for others");
        _passedBytes = _meter.CreateCounter<long>("entrepot.cache.passed_through", "By", "Bytes served through memory because the disk had no room");
        _rotten = _meter.CreateCounter<long>("entrepot.cache.rotten", "{piece}", "Pieces found rotten");
        _meter.CreateObservableUpDownCounter("entrepot.cache.transfers", () => Transfers, "{transfer}", "Reads in progress");
        _meter.CreateObservableUpDownCounter("entrepot.cache.fills", () => Fills, "{fill}", "Fetches in progress");
    }

    /// <summary>Bytes sent to readers since the start.</summary>
    public long SentBytes => Volatile.Read(ref _sent);

    /// <summary>Proven bytes fetched from upstream since the start.</summary>
    public long FetchedBytes => Volatile.Read(ref _fetched);

    /// <summary>Proven pieces fetched from upstream since the start.</summary>
    public long FetchedPieces => Volatile.Read(ref _fetches);

    /// <summary>Failed attempts and rotten pieces since the start.</summary>
    public long Errors => Volatile.Read(ref _errors);

    /// <summary>Bytes given up for others since the start.</summary>
    public long EvictedBytes => Volatile.Read(ref _evicted);

    /// <summary>Bytes served through memory since the start.</summary>
    public long PassedBytes => Volatile.Read(ref _passed);

    /// <summary>Pieces that readers found held.</summary>
    public long Hits => Volatile.Read(ref _hits);

    /// <summary>Pieces that readers had to wait for.</summary>
    public long Misses => Volatile.Read(ref _misses);

    /// <summary>Pieces found rotten since the start.</summary>
    public long RottenPieces => Volatile.Read(ref _rot);

    /// <summary>Reads in progress.</summary>
    public int Transfers => Volatile.Read(ref _transfers);

    /// <summary>Fetches in progress.</summary>
    public int Fills => Volatile.Read(ref _fills);

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();

    internal void TransferBegan() => Interlocked.Increment(ref _transfers);

    internal void TransferEnded() => Interlocked.Decrement(ref _transfers);

    internal void FillBegan() => Interlocked.Increment(ref _fills);

    internal void FillEnded() => Interlocked.Decrement(ref _fills);

    internal void Sent(long bytes)
    {
        Interlocked.Add(ref _sent, bytes);
        _sentBytes.Add(bytes);
    }

    internal void Looked(int hits, int misses)
    {
        if (hits > 0)
            Interlocked.Add(ref _hits, hits);
        if (misses > 0)
            Interlocked.Add(ref _misses, misses);
    }

    internal void Fetched(string source, long bytes)
    {
        Interlocked.Add(ref _fetched, bytes);
        Interlocked.Increment(ref _fetches);
        _fetchedBytes.Add(bytes, new KeyValuePair<string, object?>("source", source));
    }

    internal void Failed(string source, ReplicationFault reason)
    {
        Interlocked.Increment(ref _errors);
        _failures.Add(1, new("source", source), new("reason", reason.ToString()));
    }

    internal void Evicted(long bytes)
    {
        Interlocked.Add(ref _evicted, bytes);
        _evictedBytes.Add(bytes);
    }

    internal void Passed(long bytes)
    {
        Interlocked.Add(ref _passed, bytes);
        _passedBytes.Add(bytes);
    }

    internal void Rotten()
    {
        Interlocked.Increment(ref _rot);
        Interlocked.Increment(ref _errors);
        _rotten.Add(1);
    }
}
