namespace Entrepot.Mirror.Replication;

/// <summary>Where the bytes of one piece go while they arrive, not yet proven. A retry begins again at offset 0.</summary>
internal interface IPieceSink
{
    /// <summary>Room for the next bytes.</summary>
    /// <param name="offset">Position in the piece.</param>
    /// <param name="remaining">Bytes still to come; the room is never longer.</param>
    Memory<byte> GetMemory(int offset, int remaining);

    /// <summary>The room has been filled and hashed.</summary>
    void Take(int offset, ReadOnlySpan<byte> bytes);
}
