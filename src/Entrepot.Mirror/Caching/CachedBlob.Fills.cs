using Entrepot.Mirror.Integrity;

namespace Entrepot.Mirror.Caching;

/// <content>Pieces on their way in: who waits for them, and how a fetch ends.</content>
internal sealed partial class CachedBlob
{
    /// <summary>Asks for a piece: pins it when it is ready, joins its fetch when there is one, begins one otherwise.</summary>
    /// <param name="piece">Which piece.</param>
    /// <param name="urgent">True when it is needed now, false for reading ahead.</param>
    /// <param name="filler">Runs the fetch.</param>
    /// <param name="through">True to have it from upstream through memory even when it is ready, because its file can't be opened.</param>
    public PieceTicket Demand(int piece, bool urgent, PieceFiller filler, bool through = false)
    {
        if (!through && TryPin(piece, filler.Stamp))
            return new PieceTicket(this, piece, null);
        lock (_lock)
        {
            if (!through && TryPin(piece, filler.Stamp))
                return new PieceTicket(this, piece, null);
            _fills ??= [];
            if (_fills.TryGetValue(piece, out var fill) && !fill.Abandoned)
            {
                fill.Waiters++;
                fill.Urgent |= urgent;
                return new PieceTicket(this, piece, fill);
            }

            var next = new PieceFill(piece, fill?.Done.Task) { Waiters = 1, Urgent = urgent, Through = through };
            _fills[piece] = next;
            filler.Start(this, next);
            return new PieceTicket(this, piece, next);
        }
    }

    public void Urge(PieceFill fill)
    {
        lock (_lock)
            fill.Urgent = true;
    }

    /// <summary>One waiter goes; with the last of them the fetch dies.</summary>
    public void Leave(PieceFill fill)
    {
        MemoryPiece? drop = null;
        lock (_lock)
        {
            fill.Waiters--;
            switch (fill.State)
            {
                case FillState.OnDisk:
                    Unpin(fill.Piece);
                    return;
                case FillState.Running when fill.Waiters == 0:
                    fill.Abandoned = true;
                    break;
                case FillState.InMemory when fill.Waiters == 0:
                    Forget(fill);
                    drop = fill.Memory;
                    break;
                default:
                    return;
            }
        }

        drop?.Dispose();
        if (drop is null)
            fill.Stop.Cancel();
    }

    /// <summary>Ends a fetch whose piece is in the file. Takes the proof, sets the bit, and gives every waiter a pin.</summary>
    public void Keep(PieceFill fill, VerifiedPiece proof, int stamp, long now)
    {
        if (proof.Index != fill.Piece || !ReferenceEquals(proof.Blob, Fingerprint))
            throw new ArgumentException("The proof is of another piece.", nameof(proof));
        lock (_lock)
        {
            Interlocked.Add(ref _pins[fill.Piece], fill.Waiters);
            _stamps[fill.Piece] = stamp;
            Trust.Remember(fill.Piece, now);
            _busy.Clear(fill.Piece);
            _ready.Set(fill.Piece);
            fill.State = FillState.OnDisk;
            Forget(fill);
        }

        fill.Done.SetResult();
    }

    /// <summary>Ends a fetch whose piece is in memory.</summary>
    public void Hand(PieceFill fill, MemoryPiece memory)
    {
        lock (_lock)
        {
            fill.Memory = memory;
            fill.State = FillState.InMemory;
            if (fill.Waiters == 0)
                Forget(fill);
        }

        fill.Done.SetResult();
        if (fill.Abandoned)
            memory.Dispose();
    }

    /// <summary>Ends a fetch that would need memory for a piece that nobody needs yet.</summary>
    /// <returns>False when somebody does need it now.</returns>
    public bool TryDefer(PieceFill fill)
    {
        lock (_lock)
        {
            if (fill.Urgent)
                return false;
            fill.State = FillState.Deferred;
            Forget(fill);
        }

        fill.Done.SetResult();
        return true;
    }

    /// <summary>Ends a fetch that failed.</summary>
    public void Fail(PieceFill fill, Exception error)
    {
        lock (_lock)
        {
            fill.State = FillState.Failed;
            Forget(fill);
        }

        fill.Done.SetException(error);
        _ = fill.Done.Task.Exception;  // observed here: with no waiter left nobody else would
    }

    private void Forget(PieceFill fill)
    {
        if (_fills is not null && _fills.TryGetValue(fill.Piece, out var current) && ReferenceEquals(current, fill))
            _fills.Remove(fill.Piece);
    }
}
