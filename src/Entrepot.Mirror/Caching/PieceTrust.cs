using System.Buffers;
using System.IO.Hashing;
using Microsoft.Win32.SafeHandles;

namespace Entrepot.Mirror.Caching;

/// <summary>Remembers when each held piece of a blob was last compared with its proof. A piece is compared again before it is sent when
/// the file's time has changed since (somebody wrote to it, this cache's own fills included), or when the last comparison is older than
/// <see cref="MaxAge"/> (a disk rots without telling).</summary>
/// <remarks>CRC-32 runs several times faster than a file is sent, and a hot piece is compared once in <see cref="MaxAge"/>. Against a forger
/// with write access to the disk CRC-32 proves nothing; that is for the deep scrub and for clients that verify.</remarks>
internal sealed class PieceTrust(int pieces)
{
    /// <summary>How long a comparison is good for.</summary>
    public static readonly TimeSpan MaxAge = TimeSpan.FromMinutes(10);

    private const int Chunk = 256 * 1024;

    private readonly long[] _comparedAt = new long[pieces];
    private readonly long[] _fileTimes = new long[pieces];

    /// <summary>True when the piece need not be compared now.</summary>
    /// <param name="piece">Which piece.</param>
    /// <param name="fileTime">The data file's modification time now, in ticks.</param>
    /// <param name="now">The clock's ticks, UTC.</param>
    public bool IsFresh(int piece, long fileTime, long now)
        => Volatile.Read(ref _fileTimes[piece]) == fileTime && now - Volatile.Read(ref _comparedAt[piece]) < MaxAge.Ticks;

    /// <summary>Notes that the piece was compared and is right.</summary>
    public void Remember(int piece, long fileTime, long now)
    {
        Volatile.Write(ref _comparedAt[piece], now);
        Volatile.Write(ref _fileTimes[piece], fileTime);
    }

    /// <summary>CRC-32 of a range of the file; null when the file ends before it.</summary>
    public static uint? Crc32Of(SafeFileHandle file, long offset, int length)
    {
        var crc = new Crc32();
        var buffer = ArrayPool<byte>.Shared.Rent(Chunk);
        try
        {
            while (length > 0)
            {
                var read = RandomAccess.Read(file, buffer.AsSpan(0, Math.Min(Chunk, length)), offset);
                if (read == 0)
                    return null;
                crc.Append(buffer.AsSpan(0, read));
                offset += read;
                length -= read;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        return crc.GetCurrentHashAsUInt32();
    }
}
