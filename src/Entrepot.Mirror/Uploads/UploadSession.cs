using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using Entrepot.Core.Faults;
using Entrepot.Core.Kernel;
using Entrepot.Mirror.Blobs;

namespace Entrepot.Mirror.Uploads;

/// <summary>One resumable upload: its state, its file, and the turn to work on it. One request works on it at a time, and a
/// newer one takes over from an older one, whose client has given it up (draft-ietf-httpbis-resumable-upload, "Concurrency").</summary>
[SuppressMessage("Design", "CA1001", Justification = "The semaphore never makes a wait handle, and a lease is disposed by the request that took it.")]
public sealed class UploadSession
{
    private readonly UploadStore _store;
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly Lock _gate = new();
    private UploadState _state;
    private UploadLease? _holder;
    private long _newest;
    private bool _removed;

    internal UploadSession(UploadStore store, UploadState state) => (_store, _state) = (store, state);

    /// <summary>What is known now; the offset in it is durable.</summary>
    public UploadState State => Volatile.Read(ref _state);

    /// <summary>Hash state of an upload that is likely to go on soon. Touched only by the holder of the turn.</summary>
    internal StagedBlob? Warm { get; set; }

    internal UploadStore Store => _store;

    internal string DataPath => _store.DataPathOf(State.Id);

    /// <summary>Takes the turn, ending the request that has it.</summary>
    /// <param name="append">True to write: then a still newer writer that comes meanwhile goes first and this one is refused.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    /// <exception cref="FaultException"><see cref="UploadFault.NotFound"/>, <see cref="UploadFault.Busy"/> or
    /// <see cref="UploadFault.Superseded"/>.</exception>
    public async Task<UploadLease> AcquireAsync(bool append, CancellationToken cancellation)
    {
        long ticket;
        UploadLease? holder;
        lock (_gate)
        {
            ticket = append ? ++_newest : _newest;
            holder = _holder;
        }

        holder?.Supersede();
        if (!await _turn.WaitAsync(_store.Options.TakeOverWait, cancellation))
            throw Fault.Of(
                UploadFault.Busy, FaultKind.Unavailable, $"The upload {State.Id.Prefix}… is being finished by another request.",
                "Ask again with HEAD in a while.").ToException();
        return Enter(append, ticket);
    }

    /// <summary>Takes the turn only when nobody has it.</summary>
    internal UploadLease? TryAcquire()
    {
        if (!_turn.Wait(0, CancellationToken.None))
            return null;
        return _removed ? Release<UploadLease>() : Enter(append: false, 0);
    }

    /// <summary>Gives the turn back.</summary>
    internal void Release(UploadLease lease)
    {
        lock (_gate)
            _holder = _holder == lease ? null : _holder;
        _turn.Release();
    }

    /// <summary>Makes a new state durable and current.</summary>
    internal void Save(UploadState state)
    {
        try
        {
            DurableFile.Write(_store.StatePathOf(state.Id), JsonSerializer.SerializeToUtf8Bytes(state, UploadStateJson.Default.UploadState));
        }
        catch (IOException error)
        {
            throw DiskFaults.Translate(error, _store.StatePathOf(state.Id));
        }

        Volatile.Write(ref _state, state);
    }

    /// <summary>Makes a new state current, and durable if that can be done.</summary>
    internal void Keep(UploadState state)
    {
        try
        {
            Save(state);
        }
        catch (FaultException)
        {
            Volatile.Write(ref _state, state);
        }
    }

    /// <summary>Ends the upload and deletes what it left on disk. For the holder of the turn.</summary>
    internal void Remove()
    {
        _removed = true;
        _store.Forget(this);
        File.Delete(DataPath);
        File.Delete(_store.StatePathOf(State.Id));
    }

    private UploadLease Enter(bool append, long ticket)
    {
        lock (_gate)
        {
            if (!_removed && (!append || ticket == _newest))
                return _holder = new UploadLease(this);
        }

        _turn.Release();
        throw _removed
            ? UploadStore.NotFound(State.Id.Prefix)
            : Fault.Of(
                UploadFault.Superseded, FaultKind.Conflict, $"A newer request continues the upload {State.Id.Prefix}….",
                "Send one request at a time.").ToException();
    }

    private T? Release<T>()
        where T : class
    {
        _turn.Release();
        return null;
    }
}
