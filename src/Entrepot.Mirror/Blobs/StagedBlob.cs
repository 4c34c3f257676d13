using System.Buffers;
using System.Threading.Channels;
using Entrepot.Core.Faults;
using Entrepot.Mirror.Integrity;
using Microsoft.Win32.SafeHandles;

namespace Entrepot.Mirror.Blobs;

/// <summary>Bytes on their way in: written to a temporary file and hashed as they arrive, invisible until verified.
/// Receiving overlaps with hashing and writing: bytes are gathered into blocks that a worker takes in order.
/// Calls must not overlap.</summary>
public sealed class StagedBlob : IAsyncDisposable
{
    /// <summary>Blocks that wait for the worker of one upload.</summary>
    private const int QueuedBlocks = 4;

    /// <summary>Bytes of one read when a file is hashed once more.</summary>
    private const int ReadSize = 256 << 10;

    private readonly string _path;
    private readonly Expectation _expectation;
    private readonly SafeFileHandle _file;
    private readonly BlockPool _pool;
    private readonly bool _keepOnDispose;
    private Verifier _verifier;
    private byte[]? _block;
    private int _filled;
    private Channel<(byte[] Block, int Length)>? _queue;
    private Task? _worker;
    private bool _handedOver;

    internal StagedBlob(string path, Expectation expectation, long? sizeHint, BlockPool pool, bool keepOnDispose = false)
    {
        _path = path;
        _expectation = expectation;
        _pool = pool;
        _keepOnDispose = keepOnDispose;
        _verifier = new Verifier(expectation, sizeHint);
        try
        {
            _file = File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read, FileOptions.None);
        }
        catch (IOException error)
        {
            _verifier.Dispose();
            throw DiskFaults.Translate(error, path);
        }
    }

    /// <summary>Bytes taken so far.</summary>
    public long Length { get; private set; }

    /// <summary>Takes the next bytes; they are copied before the call completes.</summary>
    /// <exception cref="FaultException">Disk full, or more bytes than announced.</exception>
    public async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellation)
    {
        while (!bytes.IsEmpty)
        {
            if (_block is null && !_pool.TryRent(out _block))
            {
                // No block is free: hash and write on the spot, which is slower but holds nothing.
                await DrainAsync(cancellation);
                Take(bytes.Span, _verifier.Size);
                Length += bytes.Length;
                return;
            }

            var part = bytes[..Math.Min(bytes.Length, BlockPool.BlockSize - _filled)];
            part.Span.CopyTo(_block.AsSpan(_filled));
            _filled += part.Length;
            Length += part.Length;
            bytes = bytes[part.Length..];
            if (_filled == BlockPool.BlockSize)
                await HandOverAsync(cancellation);
        }
    }

    /// <summary>Writes out what was gathered and makes it durable, so that an interrupted upload can go on from <see cref="Length"/>.</summary>
    public async Task FlushAsync(CancellationToken cancellation)
    {
        await DrainAsync(cancellation);
        Guarded(() => RandomAccess.FlushToDisk(_file));
    }

    /// <summary>Reads again what an earlier process wrote, so that hashing can go on from there; bytes beyond are cut off.</summary>
    /// <param name="length">How many bytes are known to be durable.</param>
    /// <param name="cancellation">Stops the reading.</param>
    internal async Task ReplayAsync(long length, CancellationToken cancellation)
    {
        Guarded(() => RandomAccess.SetLength(_file, length));
        await RehashAsync(length, cancellation);
        Length = length;
    }

    /// <summary>Ends the upload: everything is on disk, hashed and compared with what was stated.</summary>
    /// <exception cref="FaultException">A difference; the temporary file goes with <see cref="DisposeAsync"/>.</exception>
    public async Task<VerifiedBlob> VerifyAsync(CancellationToken cancellation)
    {
        await DrainAsync(cancellation);
        if (!_verifier.IsPieceSizeFinal)
        {
            // The size was not announced and turned out to need larger pieces: hash the file once more, now knowing it.
            _verifier.Dispose();
            _verifier = new Verifier(_expectation, Length);
            await RehashAsync(Length, cancellation);
        }

        var fingerprint = _verifier.Complete();
        Guarded(() => RandomAccess.FlushToDisk(_file));
        _handedOver = true;
        _file.Dispose();
        return new VerifiedBlob(fingerprint, _path, _keepOnDispose);
    }

    /// <summary>Deletes the temporary file unless it was verified, or belongs to an upload that may go on later.</summary>
    public async ValueTask DisposeAsync()
    {
        _queue?.Writer.TryComplete();
        if (_worker is not null)
            await _worker.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (_block is not null)
            _pool.Return(_block);
        _block = null;
        while (_queue?.Reader.TryRead(out var left) == true)
            _pool.Return(left.Block);
        _verifier.Dispose();
        _file.Dispose();
        if (!_handedOver && !_keepOnDispose)
            File.Delete(_path);
    }

    private async ValueTask HandOverAsync(CancellationToken cancellation)
    {
        if (_queue is null)
        {
            _queue = Channel.CreateBounded<(byte[], int)>(new BoundedChannelOptions(QueuedBlocks) { SingleReader = true, SingleWriter = true });
            _worker = Task.Run(WorkAsync, CancellationToken.None);
        }

        var (block, filled) = (_block!, _filled);
        (_block, _filled) = (null, 0);
        try
        {
            await _queue.Writer.WriteAsync((block, filled), cancellation);
        }
        catch (Exception error)
        {
            _pool.Return(block);
            if (error is ChannelClosedException)
                await _worker!;  // it closed the queue because it failed; its own fault says more
            throw;
        }
    }

    private async Task WorkAsync()
    {
        var offset = _verifier.Size;
        try
        {
            await foreach (var (block, length) in _queue!.Reader.ReadAllAsync())
            {
                try
                {
                    Take(block.AsSpan(0, length), offset);
                    offset += length;
                }
                finally
                {
                    _pool.Return(block);
                }
            }
        }
        catch (Exception error)
        {
            _queue!.Writer.TryComplete(error);
            throw;
        }
    }

    private void Take(ReadOnlySpan<byte> bytes, long offset)
    {
        _verifier.Append(bytes);
        try
        {
            RandomAccess.Write(_file, bytes, offset);
        }
        catch (IOException error)
        {
            throw DiskFaults.Translate(error, _path);
        }
    }

    private async Task DrainAsync(CancellationToken cancellation)
    {
        if (_queue is not null)
        {
            if (_filled > 0)
                await HandOverAsync(cancellation);
            _queue.Writer.TryComplete();
            await _worker!.WaitAsync(cancellation);
            (_queue, _worker) = (null, null);
        }
        else if (_filled > 0)
        {
            Take(_block.AsSpan(0, _filled), _verifier.Size);
            // An upload that pauses here keeps no block from the others.
            _pool.Return(_block!);
            (_block, _filled) = (null, 0);
        }
    }

    private async Task RehashAsync(long length, CancellationToken cancellation)
    {
        var block = ArrayPool<byte>.Shared.Rent(ReadSize);
        try
        {
            for (long offset = 0; offset < length;)
            {
                cancellation.ThrowIfCancellationRequested();
                var read = await RandomAccess.ReadAsync(_file, block.AsMemory(0, (int)Math.Min(ReadSize, length - offset)), offset, cancellation);
                if (read == 0)
                    throw Fault.Of(BlobFault.Disk, FaultKind.Internal, $"'{_path}' ended at {offset} of {length} bytes.").ToException();
                _verifier.Append(block.AsSpan(0, read));
                offset += read;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(block);
        }
    }

    private void Guarded(Action action)
    {
        try
        {
            action();
        }
        catch (IOException error)
        {
            throw DiskFaults.Translate(error, _path);
        }
    }
}
