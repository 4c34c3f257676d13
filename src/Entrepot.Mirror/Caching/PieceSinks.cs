using Entrepot.Mirror.Replication;

namespace Entrepot.Mirror.Caching;

/// <summary>Writes the bytes of a piece to their place in the blob's sparse file while they arrive.</summary>
internal sealed class FileSink(PieceCache cache, CachedBlob blob, int piece, byte[] block) : IPieceSink
{
    public Memory<byte> GetMemory(int offset, int remaining) => block.AsMemory(0, Math.Min(block.Length, remaining));

    public void Take(int offset, ReadOnlySpan<byte> bytes)
        => blob.Write(cache, bytes, blob.Fingerprint.OffsetOf(piece) + offset);
}

/// <summary>Keeps the bytes of a piece in memory.</summary>
internal sealed class MemorySink(FillBuffers.Blocks blocks) : IPieceSink
{
    public Memory<byte> GetMemory(int offset, int remaining)
        => blocks[offset / FillBuffers.BlockSize].AsMemory(0, Math.Min(FillBuffers.BlockSize, remaining));

    public void Take(int offset, ReadOnlySpan<byte> bytes)
    {
    }
}
