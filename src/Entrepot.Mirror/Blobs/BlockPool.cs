using System.Collections.Concurrent;

namespace Entrepot.Mirror.Blobs;

/// <summary>A fixed number of equal blocks for bytes in flight. Whoever needs one waits until one is free, so memory is bounded by
/// the pool and not by the number or size of transfers.</summary>
public sealed class BlockPool : IDisposable
{
    /// <summary>Size of a block in bytes.</summary>
    public const int BlockSize = 1 << 20;

    /// <summary>Blocks of the shared pool: 48 MiB in all, room for a dozen uploads at full speed.</summary>
    public const int DefaultBlocks = 48;

    private readonly SemaphoreSlim _free;
    private readonly ConcurrentBag<byte[]> _blocks = [];

    /// <summary>Makes a pool; memory is taken when it is first needed.</summary>
    public BlockPool(int blocks = DefaultBlocks) => _free = new SemaphoreSlim(blocks, blocks);

    /// <summary>Takes a block, waiting until one is free.</summary>
    public async ValueTask<byte[]> RentAsync(CancellationToken cancellation)
    {
        await _free.WaitAsync(cancellation);
        return _blocks.TryTake(out var block) ? block : GC.AllocateUninitializedArray<byte>(BlockSize, pinned: true);
    }

    /// <summary>Gives a block back; its content is undefined from then on.</summary>
    public void Return(byte[] block)
    {
        _blocks.Add(block);
        _free.Release();
    }

    /// <inheritdoc/>
    public void Dispose() => _free.Dispose();
}
