using System.Buffers;
using System.Collections.Immutable;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Mirror.Blobs;
using Entrepot.Mirror.Integrity;

namespace Entrepot.Mirror.Uploads;

/// <summary>The turn to work on one upload. Calls must not overlap; disposing it lets the next request in.</summary>
public sealed class UploadLease : IAsyncDisposable
{
    private const int BlockSize = 256 << 10;

    private readonly UploadSession _session;
    private readonly CancellationTokenSource _superseded = new();
    private readonly Lock _gate = new();
    private long _position;
    private bool _ended;
    private bool _disposed;

    internal UploadLease(UploadSession session) => (_session, _position) = (session, session.State.Offset);

    /// <summary>Cancelled when a newer request wants the upload; whoever still receives stops then.</summary>
    public CancellationToken Superseded => _superseded.Token;

    /// <summary>What is known; the offset in it is durable.</summary>
    public UploadState State => _session.State;

    /// <summary>Bytes taken so far, durable or not.</summary>
    public long Position => _position;

    /// <summary>True to make nothing durable until <see cref="CheckpointAsync"/>, so that <see cref="RevertAsync"/> can undo the
    /// whole request.</summary>
    public bool AllOrNothing { get; set; }

    /// <summary>Learns how long the whole is to be.</summary>
    /// <param name="length">Bytes.</param>
    /// <exception cref="FaultException"><see cref="UploadFault.InconsistentLength"/> or <see cref="BlobFault.TooLarge"/>; the
    /// upload itself stays as it is.</exception>
    public void Announce(long length)
    {
        if (State.Length is { } known && known != length)
            throw Inconsistent($"The upload was announced with {known} bytes, and now with {length}.");
        if (length < State.Offset)
            throw Inconsistent($"The upload is announced with {length} bytes, but {State.Offset} have arrived.");
        _session.Store.CheckSize(length);
        if (State.Length is null)
            _session.Save(State with { Length = length });
    }

    /// <summary>Learns what else the sender states about the whole. When that asks for another algorithm, the bytes that are here
    /// are read once more.</summary>
    public async Task StateAsync(ImmutableArray<StatedChecksum> checksums)
    {
        var added = checksums.Except(State.Checksums).ToImmutableArray();
        if (added.IsEmpty)
            return;
        _session.Save(State with { Checksums = State.Checksums.AddRange(added) });
        await CoolAsync();
    }

    /// <summary>Takes the next bytes; from time to time makes them durable.</summary>
    /// <exception cref="FaultException"><see cref="UploadFault.InconsistentLength"/>: more than announced. The upload has ended then,
    /// as the protocol asks.</exception>
    public async ValueTask AppendAsync(ReadOnlyMemory<byte> bytes)
    {
        if (State.Length is { } length && _position + bytes.Length > length)
        {
            await RemoveAsync();
            throw Inconsistent($"The upload was announced with {length} bytes, and more arrived. It has been dropped.");
        }

        try
        {
            _session.Store.CheckSize(_position + bytes.Length);
        }
        catch (FaultException)
        {
            await RemoveAsync();
            throw;
        }

        try
        {
            // No cancellation once bytes are taken: they are copied to the disk, or the disk fails.
            await (await WarmedAsync(CancellationToken.None)).WriteAsync(bytes, CancellationToken.None);
            _position += bytes.Length;
        }
        catch
        {
            await CoolAsync();
            throw;
        }

        if (!AllOrNothing && _position - State.Offset >= _session.Store.Options.DurableEvery)
            await CheckpointAsync();
    }

    /// <summary>Makes ready to append: after a restart, or a long pause, reads what is on disk to rebuild the hash state.</summary>
    public async Task WarmAsync(CancellationToken cancellation) => await WarmedAsync(cancellation);

    /// <summary>Makes everything taken so far durable; from then on it counts as the offset.</summary>
    public async Task CheckpointAsync()
    {
        if (_position == State.Offset)
            return;
        try
        {
            await (await WarmedAsync(CancellationToken.None)).FlushAsync(CancellationToken.None);
            _session.Save(State with { Offset = _position, TouchedAt = _session.Store.Now });
        }
        catch
        {
            await CoolAsync();
            throw;
        }
    }

    /// <summary>Drops what was taken since the last checkpoint.</summary>
    public async Task RevertAsync()
    {
        if (_position != State.Offset)
            await CoolAsync();
    }

    /// <summary>Ends the receiving: compares everything that was stated with the bytes.</summary>
    /// <exception cref="FaultException">A difference; the upload has ended and left nothing.</exception>
    public async Task<VerifiedBlob> VerifyAsync()
    {
        if (State.Length is { } length && length != _position)
            throw Inconsistent($"The upload was announced with {length} bytes, and is said to end at {_position}.");
        await CheckpointAsync();
        try
        {
            var verified = await (await WarmedAsync(CancellationToken.None)).VerifyAsync(CancellationToken.None);
            await CoolAsync();
            return verified;
        }
        catch (FaultException error) when (error.Fault.Kind == FaultKind.Mismatch)
        {
            await RemoveAsync();
            throw;
        }
        catch
        {
            await CoolAsync();
            throw;
        }
    }

    /// <summary>Ends the receiving as <see cref="VerifyAsync"/> does and gives the bytes their name. Can be asked for again when it, or what comes
    /// after it, failed for a reason that may pass: what is stored by then is taken from the blob store.</summary>
    /// <exception cref="FaultException">A difference, and the upload has ended; or the disk fails, and it has not.</exception>
    public async Task<StoredBlob> StoreAsync()
    {
        if (State.Verified is { } digest && !File.Exists(_session.DataPath))
            return await FindStoredAsync(digest);
        var verified = await VerifyAsync();
        // Before the bytes leave the upload's file, so that at no moment nobody knows where they are.
        _session.Save(State with { Verified = verified.Fingerprint.Digest, TouchedAt = _session.Store.Now });
        return _session.Store.Blobs.Store(verified);
    }

    /// <summary>Keeps what came of the upload, for a sender that missed the answer. Its bytes have gone where they belong.</summary>
    public async Task FinishAsync(string outcome)
    {
        await CoolAsync();
        // What was published stays published, whether or not that can be written down here.
        _session.Keep(State with
        {
            Length = State.Offset,
            TouchedAt = _session.Store.Now,
            Outcome = outcome,
        });
        await _session.Store.FinishedAsync();
    }

    /// <summary>Ends the upload and deletes what it left on disk.</summary>
    public async Task RemoveAsync()
    {
        await CoolAsync();
        _session.Remove();
        _ended = true;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        lock (_gate)
            _disposed = true;
        // Bytes beyond the offset were never promised, and a cold file of a finished or failed request is read again.
        if (_session.Warm is not null && (_ended || _position != State.Offset || !_session.Store.MayStayWarm(_session)))
            await CoolAsync();
        _session.Release(this);
        _superseded.Dispose();
    }

    internal void Supersede()
    {
        lock (_gate)
        {
            if (!_disposed)
                _superseded.Cancel();
        }
    }

    /// <summary>Lets go of the hash state and the file.</summary>
    internal async Task CoolAsync()
    {
        _position = State.Offset;
        if (_session.Warm is not { } staged)
            return;
        _session.Warm = null;
        _session.Store.Cooled();
        await staged.DisposeAsync();
        if (new FileInfo(_session.DataPath) is { Exists: true } file && file.Length > State.Offset)
            UploadStore.CutOff(_session.DataPath, State.Offset);
    }

    private static FaultException Inconsistent(string message)
        => Fault.Of(UploadFault.InconsistentLength, FaultKind.Invalid, message, "Start the upload again.").ToException();

    /// <summary>Reads what an earlier attempt to finish has stored, and compares it with everything that has been stated.</summary>
    private async Task<StoredBlob> FindStoredAsync(Sha256Digest digest)
    {
        var blobs = _session.Store.Blobs;
        var block = ArrayPool<byte>.Shared.Rent(BlockSize);
        try
        {
            using var file = blobs.OpenRead(digest);
            using var verifier = new Verifier(new Expectation(State.Offset, State.Checksums));
            while (verifier.Size < State.Offset && await RandomAccess.ReadAsync(file, block.AsMemory(0, BlockSize), verifier.Size) is > 0 and var read)
                verifier.Append(block.AsSpan(0, read));
            var fingerprint = verifier.Complete();
            if (fingerprint.Digest == digest && blobs.FindDurable(fingerprint) is { } stored)
                return stored;
        }
        catch (FaultException error) when (error.Fault.Is(BlobFault.NotFound))
        {
            // Collected since.
        }
        catch (IOException error)
        {
            throw DiskFaults.Translate(error, digest.ToString());
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(block);
        }

        await RemoveAsync();
        throw Fault.Of(
            UploadFault.NotFound, FaultKind.NotFound, $"The bytes of upload {State.Id.Prefix}… are no longer stored here.", "Start the upload again.").ToException();
    }

    private async ValueTask<StagedBlob> WarmedAsync(CancellationToken cancellation)
    {
        if (_session.Warm is { } warm)
            return warm;
        var staged = _session.Store.Stage(_session);
        _session.Warm = staged;
        try
        {
            // Also at offset 0: what an earlier process wrote beyond must go.
            await staged.ReplayAsync(State.Offset, cancellation);
            return staged;
        }
        catch
        {
            await CoolAsync();
            throw;
        }
    }
}
