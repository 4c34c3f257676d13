using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using Entrepot.Core.Faults;
using Entrepot.Mirror.Integrity;

namespace Entrepot.Mirror.Caching;

/// <summary>Gives out ranges of one blob. Holds the blob in the cache until disposed. One range at a time.</summary>
public sealed class BlobReader : IDisposable
{
    /// <summary>Bytes read at a time: large enough that a system call costs little, small enough for many slow readers.</summary>
    private const int Chunk = 64 * 1024;

    private readonly PieceCache _cache;
    private readonly CachedBlob _blob;
    private readonly PieceFiller _filler;
    private readonly CachingMetrics _metrics;
    private readonly int _readAhead;
    private readonly bool _onlyHeld;
    private int _disposed;

    internal BlobReader(PieceCache cache, CachedBlob blob, PieceFiller filler, CachingMetrics metrics, int readAhead, bool onlyHeld)
        => (_cache, _blob, _filler, _metrics, _readAhead, _onlyHeld) = (cache, blob, filler, metrics, readAhead, onlyHeld);

    /// <summary>What the blob is.</summary>
    public Fingerprint Fingerprint => _blob.Fingerprint;

    /// <summary>True when every piece of the range is held now.</summary>
    public bool Holds(long offset, long length)
    {
        var (first, end) = Fingerprint.PiecesOf(offset, length);
        for (var piece = first; piece < end; piece++)
        {
            if (!_blob.IsReady(piece))
                return false;
        }

        return true;
    }

    /// <summary>Writes exactly the range, flushing as it goes, each byte after its piece was proven.</summary>
    /// <param name="writer">Where to; its back-pressure is honoured.</param>
    /// <param name="offset">First byte.</param>
    /// <param name="length">How many bytes; the range lies within the blob.</param>
    /// <param name="cancellation">Stops the reader, and with the last reader the fetch.</param>
    /// <exception cref="FaultException">A piece can't be had. What was written before is right.</exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public async ValueTask SendAsync(PipeWriter writer, long offset, long length, CancellationToken cancellation)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, Fingerprint.Size - offset);
        var (at, stop) = (offset, offset + length);
        var endPiece = Fingerprint.PiecesOf(offset, length).End;
        ReadAheadWindow? window = null;
        var refetched = -1;
        var through = -1;
        _metrics.TransferBegan();
        try
        {
            while (at < stop)
            {
                cancellation.ThrowIfCancellationRequested();
                var piece = (int)(at / Fingerprint.PieceSize);
                var pieceStop = Math.Min(stop, Fingerprint.OffsetOf(piece) + Fingerprint.LengthOf(piece));
                var ticket = through == piece
                    ? _blob.Demand(piece, urgent: true, _filler, through: true)
                    : window is null && _blob.TryPin(piece, _cache.Stamp)
                        ? new PieceTicket(_blob, piece, null)
                        : (window ??= NewWindow(piece)).Take(piece);
                var (began, dropped) = (at, false);
                try
                {
                    if (piece + 1 < endPiece && _readAhead > 0 && (window is not null || !_blob.IsReady(piece + 1)) && !_onlyHeld)
                        (window ??= NewWindow(piece)).Extend(piece + 1, Math.Min(endPiece, piece + 1 + _readAhead));
                    if (ticket.IsPinned)
                        _metrics.Looked(1, 0);
                    else
                        _metrics.Looked(0, 1);
                    var (state, memory) = await ticket.WaitAsync(cancellation);
                    if (state == FillState.Deferred)
                        continue;  // nobody needed it then; now it is asked for again
                    if (state == FillState.InMemory)
                        at = await SendFromMemoryAsync(memory!, writer, at, pieceStop, cancellation);
                    else if (await CheckAsync(piece, cancellation) is var check && check == CheckResult.NotOpened)
                        through = _onlyHeld ? throw NotOpened(piece) : piece;
                    else if (check == CheckResult.Right)
                        at = await SendFromFileAsync(writer, at, pieceStop, cancellation);
                    else
                        dropped = true;
                }
                finally
                {
                    ticket.Release();
                    if (at > began)
                        _metrics.Sent(at - began);
                }

                if (at == pieceStop || through == piece)
                    continue;
                // The file does not give what was once proven: fetch the piece again and go on from here.
                if (refetched == piece)
                    throw Unreadable(piece);
                refetched = piece;
                if (!dropped)
                    _cache.Condemn(_blob, piece);
            }
        }
        finally
        {
            window?.Dispose();
            _metrics.TransferEnded();
        }
    }

    /// <summary>Lets the blob go.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
            _blob.Release();
    }

    private ReadAheadWindow NewWindow(int piece)
        => _onlyHeld
            ? throw Fault.Of(
                CachingFault.NotHeld, FaultKind.Unavailable, $"Piece {piece} of {Fingerprint.Digest} is not held here, and only held bytes were asked for.").ToException()
            : new ReadAheadWindow(_blob, _filler);

    private ValueTask<CheckResult> CheckAsync(int piece, CancellationToken cancellation)
        => _cache.Trusts(_blob, piece) ? new(CheckResult.Right) : new(_blob.CheckAsync(piece, _cache).WaitAsync(cancellation));

    private FaultException NotOpened(int piece)
        => Fault.Of(
            CachingFault.Folder, FaultKind.Unavailable, $"Piece {piece} of {Fingerprint.Digest} is held here, but its file can't be opened now.",
            "Use another edge; give this one a higher limit of open files.").ToException();

    private FaultException Unreadable(int piece)
        => Fault.Of(
            CachingFault.Folder, FaultKind.Unavailable, $"Piece {piece} of {Fingerprint.Digest} can't be read back from the cache's disk.",
            "Check the edge's disk; use another edge.").ToException();

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<long> SendFromFileAsync(PipeWriter writer, long at, long stop, CancellationToken cancellation)
    {
        var file = _blob.Data(_cache);
        while (at < stop)
        {
            var want = (int)Math.Min(stop - at, Chunk);
            int read;
            try
            {
                read = RandomAccess.Read(file, writer.GetMemory(want).Span[..want], at);
            }
            catch (IOException)
            {
                read = 0;
            }

            if (read == 0)
            {
                _blob.Trust.Forget((int)(at / Fingerprint.PieceSize));
                return at;
            }

            writer.Advance(read);
            at += read;
            await FlushAsync(writer, cancellation);
        }

        return at;
    }

    private async ValueTask<long> SendFromMemoryAsync(MemoryPiece memory, PipeWriter writer, long at, long stop, CancellationToken cancellation)
    {
        var start = Fingerprint.OffsetOf(memory.Proof.Index);
        while (at < stop)
        {
            var want = (int)Math.Min(stop - at, Chunk);
            at += Copy(memory, writer, (int)(at - start), want);
            await FlushAsync(writer, cancellation);
        }

        return at;
    }

    private static int Copy(MemoryPiece memory, PipeWriter writer, int offset, int most)
    {
        var bytes = memory.Read(offset, most);
        writer.Write(bytes);
        return bytes.Length;
    }

    private static async ValueTask FlushAsync(PipeWriter writer, CancellationToken cancellation)
    {
        var flushed = await writer.FlushAsync(cancellation);
        if (flushed.IsCompleted || flushed.IsCanceled)
            throw new OperationCanceledException("The reader of the bytes went away.", cancellation);
    }
}

/// <summary>The pieces that one reader has asked for ahead of the one it is at. In order, each exactly once.</summary>
internal sealed class ReadAheadWindow(CachedBlob blob, PieceFiller filler) : IDisposable
{
    private readonly Queue<PieceTicket> _ahead = new();
    private int _next;

    /// <summary>The ticket of the piece that is needed now.</summary>
    public PieceTicket Take(int piece)
    {
        while (_ahead.TryPeek(out var first) && first.Piece <= piece)
        {
            _ahead.Dequeue();
            if (first.Piece == piece)
            {
                first.Urge();
                return first;
            }

            first.Release();
        }

        return blob.Demand(piece, urgent: true, filler);
    }

    /// <summary>Asks for the pieces up to <paramref name="end"/> that were not asked for yet.</summary>
    public void Extend(int from, int end)
    {
        for (_next = Math.Max(_next, from); _next < end; _next++)
            _ahead.Enqueue(blob.Demand(_next, urgent: false, filler));
    }

    public void Dispose()
    {
        while (_ahead.TryDequeue(out var ticket))
            ticket.Release();
    }
}
