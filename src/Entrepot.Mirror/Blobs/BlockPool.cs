using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;

namespace Entrepot.Mirror.Blobs;

/// <summary>A fixed number of equal blocks for bytes in flight, so that memory is bounded by the pool and not by the number or size of
/// transfers.</summary>
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

    /// <summary>Takes a block if one is free. Never waits: whoever gets none must be able to go on without, or clients that send
    /// slowly could hold every block and stop all others.</summary>
    public bool TryRent([NotNullWhen(true)] out byte[]? block)
    {
        block = null;
        if (!_free.Wait(0))
            return false;
        if (!_blocks.TryTake(out block))
            block = GC.AllocateUninitializedArray<byte>(BlockSize, pinned: true);
        return true;
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
