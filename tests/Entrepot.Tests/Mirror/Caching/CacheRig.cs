using System.Buffers;
using Entrepot.Mirror.Caching;
using Entrepot.Mirror.Replication;
using Entrepot.Tests.Mirror.Replication;
using Microsoft.Extensions.Logging.Abstractions;

namespace Entrepot.Tests.Mirror.Caching;

/// <summary>A cache in a temporary folder with fake sources.</summary>
internal sealed class CacheRig : IAsyncDisposable
{
    private readonly bool _ownsFolder;
    private bool _closed;

    public CacheRig(
        IEnumerable<IPieceSource> sources, Func<CachingOptions, CachingOptions>? adjust = null, TimeProvider? time = null,
        ICacheDisk? disk = null, string? folder = null)
    {
        _ownsFolder = folder is null;
        Folder = folder ?? TestFolder.Make("entrepot-cache-");
        Time = time ?? TimeProvider.System;
        Options = new CachingOptions { Folder = Folder, Patience = TimeSpan.Zero, CommitDelay = TimeSpan.FromHours(1) };
        Options = adjust?.Invoke(Options) ?? Options;
        Metrics = new CachingMetrics("test");
        Cache = PieceCache.Open(Options, disk ?? new CacheDisk(), Metrics, Time, NullLogger.Instance);
        Sources = new SourceSet(sources, Time);
        Content = new EdgeContent(Cache, Sources, Options, Metrics, Time, NullLogger.Instance);
    }

    public string Folder { get; }

    public TimeProvider Time { get; }

    public CachingOptions Options { get; }

    public CachingMetrics Metrics { get; }

    public PieceCache Cache { get; }

    public SourceSet Sources { get; }

    public EdgeContent Content { get; }

    public async Task<byte[]> ReadAsync(
        TestBlob blob, long offset, long length, bool onlyHeld = false, ArrayBufferWriter<byte>? arrived = null, CancellationToken cancellation = default)
    {
        using var reader = Content.Open(blob.Fingerprint, onlyHeld);
        return await Collect.Async(writer => reader.SendAsync(writer, offset, length, cancellation).AsTask(), arrived);
    }

    public Task<byte[]> ReadAllAsync(TestBlob blob) => ReadAsync(blob, 0, blob.Bytes.Length);

    /// <summary>Ends the process as a crash would: nothing more is made durable.</summary>
    public async ValueTask CloseAsync()
    {
        if (_closed)
            return;
        _closed = true;
        await Content.DisposeAsync();
        await Cache.DisposeAsync();
        Metrics.Dispose();
    }

    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        if (_ownsFolder)
            Directory.Delete(Folder, recursive: true);
    }
}
