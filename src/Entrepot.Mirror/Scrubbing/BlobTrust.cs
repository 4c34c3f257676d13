using System.Buffers;
using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Threading.Channels;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Mirror.Blobs;
using Entrepot.Mirror.Integrity;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;

namespace Entrepot.Mirror.Scrubbing;

/// <summary>Sees to it that the origin sends no bytes that have rotted since the last scrub: before a piece is sent its CRC-32 is compared, unless
/// it was within <see cref="PieceTrust.MaxAge"/> and the file is as it was. What is rotten is refused and handed to the scrubber, which
/// records and mends it. A trusted piece costs no lock and no allocation.</summary>
[SuppressMessage("Design", "CA1001", Justification = "The semaphores never make a wait handle.")]
public sealed class BlobTrust
{
    /// <summary>Comparisons of different pieces that can run at once; who wants the same piece waits for the one that runs.</summary>
    private const int Lanes = 64;

    /// <summary>Pieces remembered in one of the two generations; 20 bytes each, so 20 MiB at most.</summary>
    private const int PiecesPerGeneration = 512 << 10;

    /// <summary>What a blob costs besides its pieces, counted in pieces.</summary>
    private const int Overhead = 16;

    private const int BlockSize = 256 << 10;
    private const int QueueLimit = 1024;

    private readonly Scrubber _scrubber;
    private readonly ILogger<BlobTrust> _logger;
    private readonly SemaphoreSlim[] _lanes = [.. Enumerable.Range(0, Lanes).Select(static _ => new SemaphoreSlim(1, 1))];
    private readonly Lock _writing = new();
    private readonly ConcurrentDictionary<Sha256Digest, bool> _suspected = new();
    private readonly Channel<Sha256Digest> _suspects = Channel.CreateBounded<Sha256Digest>(
        new BoundedChannelOptions(QueueLimit) { SingleReader = true });

    private ConcurrentDictionary<Sha256Digest, PieceTrust> _young = new();
    private ConcurrentDictionary<Sha256Digest, PieceTrust> _old = new();
    private int _weight;
    private long _comparisons;

    /// <summary>Trusts nothing yet.</summary>
    /// <param name="scrubber">Says what the bytes must be, and takes care of those that are not.</param>
    /// <param name="logger">Where it is told.</param>
    public BlobTrust(Scrubber scrubber, ILogger<BlobTrust> logger) => (_scrubber, _logger) = (scrubber, logger);

    /// <summary>Where the bytes are.</summary>
    public BlobStore Store => _scrubber.Store;

    /// <summary>How many pieces were compared.</summary>
    internal long Comparisons => Volatile.Read(ref _comparisons);

    /// <summary>True when a piece need not be compared before it is sent.</summary>
    /// <param name="digest">The blob.</param>
    /// <param name="file">Its open file.</param>
    /// <param name="piece">Which piece.</param>
    public bool IsTrusted(Sha256Digest digest, SafeFileHandle file, int piece)
        => Find(digest) is { } known && known.IsFresh(piece, TimeOf(file), Now);

    /// <summary>Compares a piece with its proof unless it is trusted.</summary>
    /// <param name="digest">The blob.</param>
    /// <param name="file">Its open file.</param>
    /// <param name="piece">Which piece.</param>
    /// <param name="cancellation">Ends the waiting and the reading.</param>
    /// <exception cref="FaultException"><see cref="BlobFault.Damaged"/>, and the blob is examined soon; or <see cref="BlobFault.NotFound"/>.</exception>
    public async ValueTask RequireAsync(Sha256Digest digest, SafeFileHandle file, int piece, CancellationToken cancellation)
    {
        var lane = _lanes[(HashCode.Combine(digest, piece) & int.MaxValue) % Lanes];
        await lane.WaitAsync(cancellation);
        try
        {
            if (IsTrusted(digest, file, piece))
                return;
            var blob = _scrubber.Catalog.FindFingerprint(digest)
                ?? throw Fault.Of(BlobFault.NotFound, FaultKind.NotFound, $"{digest} is not stored here.").ToException();
            var time = TimeOf(file);
            Interlocked.Increment(ref _comparisons);
            if (await IsSoundAsync(blob, file, piece, cancellation))
            {
                Remember(blob).Remember(piece, time, Now);
                return;
            }
        }
        finally
        {
            lane.Release();
        }

        Find(digest)?.Forget(piece);
        Suspect(digest, piece);
        throw Fault.Of(
            BlobFault.Damaged, FaultKind.Unavailable, $"Piece {piece} of {digest} is damaged at rest.",
            "Try again in a while: it is mended if another node holds it. Otherwise push the file again.").ToException();
    }

    /// <summary>Examines what was found rotten while it was to be sent, until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        try
        {
            await foreach (var digest in _suspects.Reader.ReadAllAsync(cancellation))
            {
                try
                {
                    await _scrubber.ExamineAsync(digest, cancellation);
                }
                catch (Exception error) when (!cancellation.IsCancellationRequested)
                {
                    Log.ScrubbingFailed(_logger, error);
                }
                finally
                {
                    _suspected.TryRemove(digest, out _);
                }
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // The node stops.
        }
    }

    private static long TimeOf(SafeFileHandle file) => File.GetLastWriteTimeUtc(file).Ticks;

    private static async Task<bool> IsSoundAsync(Fingerprint blob, SafeFileHandle file, int piece, CancellationToken cancellation)
    {
        var block = ArrayPool<byte>.Shared.Rent(BlockSize);
        try
        {
            return await PieceCheck.IsSoundAsync(file, blob, piece, deep: false, block.AsMemory(0, BlockSize), null, cancellation);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(block);
        }
    }

    private long Now => _scrubber.Catalog.Time.GetUtcNow().UtcTicks;

    private void Suspect(Sha256Digest digest, int piece)
    {
        if (!_suspected.TryAdd(digest, true))
            return;
        Log.RottenWhenSent(_logger, digest, piece);
        if (!_suspects.Writer.TryWrite(digest))
            _suspected.TryRemove(digest, out _);  // the next request that meets it tells again
    }

    private PieceTrust? Find(Sha256Digest digest)
    {
        if (_young.TryGetValue(digest, out var known))
            return known;
        if (!_old.TryGetValue(digest, out known))
            return null;
        Keep(digest, known);
        return known;
    }

    private PieceTrust Remember(Fingerprint blob) => Find(blob.Digest) ?? Keep(blob.Digest, new PieceTrust(blob.Pieces.Length));

    private PieceTrust Keep(Sha256Digest digest, PieceTrust trust)
    {
        lock (_writing)
        {
            if (!_young.TryAdd(digest, trust))
                return _young[digest];
            _weight += trust.Count + Overhead;
            if (_weight >= PiecesPerGeneration)
                (_old, _young, _weight) = (_young, new ConcurrentDictionary<Sha256Digest, PieceTrust>(), 0);
            return trust;
        }
    }
}
