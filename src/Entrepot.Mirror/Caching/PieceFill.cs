using Entrepot.Mirror.Integrity;

namespace Entrepot.Mirror.Caching;

/// <summary>How the fetching of a piece ended.</summary>
internal enum FillState
{
    /// <summary>Bytes are arriving, or the fetch waits for its turn.</summary>
    Running,

    /// <summary>Proven and in the file; each waiter owns one pin on the piece.</summary>
    OnDisk,

    /// <summary>Proven and in memory until the last waiter leaves.</summary>
    InMemory,

    /// <summary>Not fetched: the disk has no room and nobody needed the piece yet.</summary>
    Deferred,

    /// <summary>Failed; the exception says why.</summary>
    Failed,
}

/// <summary>One fetch of one piece, shared by everybody who waits for it. Its fields are guarded by the blob's lock.</summary>
internal sealed class PieceFill(int piece, Task? after)
{
    /// <summary>Which piece.</summary>
    public int Piece => piece;

    /// <summary>An abandoned fetch of the same piece that has yet to let go of the file, or null.</summary>
    public Task? After => after;

    /// <summary>Cancelled when nobody waits any more.</summary>
    public CancellationTokenSource Stop { get; } = new();

    /// <summary>Completes when the fetch has ended and <see cref="State"/> is final.</summary>
    public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public FillState State { get; set; }

    public int Waiters { get; set; }

    /// <summary>True when somebody needs the piece now and not merely soon.</summary>
    public bool Urgent { get; set; }

    public bool Abandoned { get; set; }

    /// <summary>True to leave the file alone.</summary>
    public bool Through { get; init; }

    public MemoryPiece? Memory { get; set; }
}

/// <summary>A proven piece that could not be kept on disk.</summary>
internal sealed class MemoryPiece(VerifiedPiece proof, FillBuffers.Blocks blocks) : IDisposable
{
    /// <summary>The proof that the bytes are the piece.</summary>
    public VerifiedPiece Proof => proof;

    /// <summary>Bytes from an offset in the piece to the end of their block, at most <paramref name="most"/>.</summary>
    public ReadOnlySpan<byte> Read(int offset, int most)
    {
        var inBlock = offset % FillBuffers.BlockSize;
        return blocks[offset / FillBuffers.BlockSize].AsSpan(inBlock, Math.Min(most, FillBuffers.BlockSize - inBlock));
    }

    public void Dispose() => blocks.Dispose();
}

/// <summary>One reader's share in a piece: a pin on held bytes, or a place among those who wait for a fetch. Released exactly once.</summary>
internal readonly struct PieceTicket(CachedBlob blob, int piece, PieceFill? fill)
{
    public int Piece => piece;

    /// <summary>True when the piece is in the file and pinned.</summary>
    public bool IsPinned => fill is null;

    /// <summary>Waits until the piece is there.</summary>
    /// <returns>The state, which is never Running or Failed, and the bytes when they are in memory.</returns>
    public async ValueTask<(FillState State, MemoryPiece? Memory)> WaitAsync(CancellationToken cancellation)
    {
        if (fill is null)
            return (FillState.OnDisk, null);
        await fill.Done.Task.WaitAsync(cancellation);
        return (fill.State, fill.Memory);
    }

    /// <summary>Says that the piece is needed now.</summary>
    public void Urge()
    {
        if (fill is not null)
            blob.Urge(fill);
    }

    public void Release()
    {
        if (fill is null)
            blob.Unpin(piece);
        else
            blob.Leave(fill);
    }
}
