namespace Entrepot.Mirror.Integrity;

/// <summary>Remembers when each piece of a blob at rest was last compared with its proof. A piece is compared again before it is sent when
/// somebody else than this process has written to the file since, or when the last comparison is older than <see cref="MaxAge"/> (a disk rots
/// without telling). What an earlier process left was never compared.</summary>
/// <remarks>CRC-32 runs several times faster than a file is sent, and a hot piece is compared once in <see cref="MaxAge"/>. Against a forger
/// with write access to the disk CRC-32 proves nothing; that is for the deep scrub and for clients that verify.</remarks>
internal sealed class PieceTrust(int pieces)
{
    /// <summary>How long a comparison is good for.</summary>
    public static readonly TimeSpan MaxAge = TimeSpan.FromMinutes(10);

    private readonly long[] _comparedAt = new long[pieces];
    private readonly long[] _fileTimes = new long[pieces];
    private readonly int[] _generations = new int[pieces];
    private long _ownTime;
    private int _generation;

    /// <summary>How many pieces the blob has.</summary>
    public int Count => _comparedAt.Length;

    /// <summary>True when the piece need not be compared now.</summary>
    /// <param name="piece">Which piece.</param>
    /// <param name="fileTime">The data file's modification time now, in ticks.</param>
    /// <param name="now">The clock's ticks, UTC.</param>
    public bool IsFresh(int piece, long fileTime, long now)
        => now - Volatile.Read(ref _comparedAt[piece]) < MaxAge.Ticks
            && (fileTime == Volatile.Read(ref _fileTimes[piece])
                || (fileTime == Volatile.Read(ref _ownTime) && Volatile.Read(ref _generations[piece]) == Volatile.Read(ref _generation)));

    /// <summary>Notes that the piece was proven as it was written.</summary>
    public void Remember(int piece, long now)
    {
        Volatile.Write(ref _fileTimes[piece], 0);
        Volatile.Write(ref _generations[piece], Volatile.Read(ref _generation));
        Volatile.Write(ref _comparedAt[piece], now);
    }

    /// <summary>Notes that the piece was compared and is right.</summary>
    public void Remember(int piece, long fileTime, long now)
    {
        Volatile.Write(ref _fileTimes[piece], fileTime);
        Volatile.Write(ref _comparedAt[piece], now);
    }

    /// <summary>Notes that the piece was seen to be bad.</summary>
    public void Forget(int piece) => Volatile.Write(ref _comparedAt[piece], 0);

    /// <summary>The cache is about to write to the file itself: what others wrote before must not pass for its own. Not to be called by two
    /// threads at once.</summary>
    /// <param name="fileTime">The file's modification time before that.</param>
    public void Writing(long fileTime)
    {
        if (fileTime != _ownTime)
            Volatile.Write(ref _generation, _generation + 1);
    }

    /// <summary>The cache has written. Not to be called by two threads at once.</summary>
    /// <param name="fileTime">The file's modification time after that.</param>
    public void Wrote(long fileTime) => Volatile.Write(ref _ownTime, fileTime);
}
