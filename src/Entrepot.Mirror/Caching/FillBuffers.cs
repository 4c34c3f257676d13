using System.Collections.Concurrent;
using Entrepot.Core.Faults;

namespace Entrepot.Mirror.Caching;

/// <summary>A fixed budget of memory for pieces in flight. Whoever needs blocks takes all of them at once and waits in line until they are
/// free: nobody holds some while waiting for more, so nobody waits for ever.</summary>
internal sealed class FillBuffers(long bytes, TimeProvider time)
{
    /// <summary>Size of a block in bytes.</summary>
    public const int BlockSize = 256 * 1024;

    /// <summary>Blocks kept for reuse; more than these are given back to the runtime.</summary>
    private const int Spare = 64;

    private readonly Lock _lock = new();
    private readonly LinkedList<(TaskCompletionSource Ready, int Blocks)> _line = new();
    private readonly ConcurrentBag<byte[]> _spare = [];
    private int _free = (int)(bytes / BlockSize);

    /// <summary>Blocks in use.</summary>
    public int InUse => (int)(bytes / BlockSize) - Volatile.Read(ref _free);

    /// <summary>How many blocks hold the given number of bytes.</summary>
    public static int BlocksFor(int length) => (length + BlockSize - 1) / BlockSize;

    /// <summary>Takes memory, waiting in line for it.</summary>
    /// <exception cref="FaultException"><see cref="CachingFault.BuffersExhausted"/> after <paramref name="patience"/>.</exception>
    public async ValueTask<Blocks> ReserveAsync(int blocks, TimeSpan patience, CancellationToken cancellation)
    {
        LinkedListNode<(TaskCompletionSource Ready, int Blocks)> place;
        lock (_lock)
        {
            if (_line.Count == 0 && _free >= blocks)
            {
                _free -= blocks;
                return new Blocks(this, blocks);
            }

            place = _line.AddLast((new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously), blocks));
        }

        try
        {
            await place.Value.Ready.Task.WaitAsync(patience, time, cancellation);
        }
        catch (Exception error)
        {
            lock (_lock)
            {
                if (place.List is null)
                    _free += blocks;  // it was granted at the same moment
                else
                    _line.Remove(place);
                ServeLine();
            }

            if (error is TimeoutException)
                throw Fault.Of(
                    CachingFault.BuffersExhausted, FaultKind.Unavailable,
                    $"No memory to pass bytes through became free within {patience.TotalSeconds:0} s, and the cache's disk has no room.",
                    "Free space on the edge's disk, or use another edge.").ToException(error);
            throw;
        }

        return new Blocks(this, blocks);
    }

    private void ServeLine()
    {
        while (_line.First is { } first && first.Value.Blocks <= _free)
        {
            _line.RemoveFirst();
            _free -= first.Value.Blocks;
            first.Value.Ready.SetResult();
        }
    }

    private void Release(byte[]?[] blocks)
    {
        foreach (var block in blocks)
        {
            if (block is not null && _spare.Count < Spare)
                _spare.Add(block);
        }

        lock (_lock)
        {
            _free += blocks.Length;
            ServeLine();
        }
    }

    /// <summary>Reserved blocks, given their memory at first use. Not safe for use by several threads at once, but once filled they may be
    /// read by many.</summary>
    internal sealed class Blocks(FillBuffers owner, int count) : IDisposable
    {
        private byte[]?[]? _blocks = new byte[]?[count];

        public byte[] this[int index]
        {
            get
            {
                var blocks = _blocks ?? throw new ObjectDisposedException(nameof(Blocks));
                return blocks[index] ??= owner._spare.TryTake(out var block) ? block : GC.AllocateUninitializedArray<byte>(BlockSize);
            }
        }

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _blocks, null) is { } blocks)
                owner.Release(blocks);
        }
    }
}
