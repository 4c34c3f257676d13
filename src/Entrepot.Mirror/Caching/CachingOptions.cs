using Entrepot.Core.Kernel;
using Entrepot.Mirror.Replication;

namespace Entrepot.Mirror.Caching;

/// <summary>How an edge's cache behaves.</summary>
public sealed record CachingOptions
{
    /// <summary>Folder of the cache; it belongs to one process.</summary>
    public required string Folder { get; init; }

    /// <summary>Most bytes used on disk: pieces held and arriving, in whole blocks, and the small file beside each blob's data.
    /// At least <see cref="Integrity.PieceSize.Minimum"/>.</summary>
    public long CapacityBytes { get; init; } = 10L << 30;

    /// <summary>Most blobs known, at least 1; beyond it the least recently used goes, unless somebody reads it. A blob costs two inodes and
    /// 2 KiB of memory however little of it is held, so the default of 100,000 keeps a cache of small files at 200 MiB.</summary>
    public int MaxBlobs { get; init; } = 100_000;

    /// <summary>Pieces fetched ahead of the one that a reader waits for, 0–16.</summary>
    public int ReadAhead { get; init; } = 2;

    /// <summary>Bytes of memory for pieces in flight, at least twice the largest piece (128 MiB).</summary>
    public int BufferBytes { get; init; } = 128 << 20;

    /// <summary>Pieces fetched from upstream at once, over all readers; at least 1.</summary>
    public int MaxFills { get; init; } = 32;

    /// <summary>Attempts for one piece over all sources; at least 1.</summary>
    public int MaxAttempts { get; init; } = 8;

    /// <summary>For how long after a source began to fail readers wait for it to come back, rather than failing at once.
    /// Longer than a restart takes.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Longest wait for memory when the disk has no room.</summary>
    public TimeSpan BufferPatience { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>When a source is given up on.</summary>
    public TransferLimits Transfer { get; init; } = TransferLimits.Default;

    /// <summary>How long proven pieces may wait for the next group of syncs. A crash loses at most the pieces of this time.</summary>
    public TimeSpan CommitDelay { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>For how long after the disk was full pieces are served through without trying it again.</summary>
    public TimeSpan DiskFullPause { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Data files kept open while nobody reads them. By default as the process's limit of open files allows.</summary>
    public int IdleFiles { get; init; } = IdleFilesFor(ProcessLimits.OpenFiles());

    /// <summary>After how long a blob of which nothing is held is forgotten.</summary>
    public TimeSpan ForgetEmptyAfter { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Bytes per second that the scrub reads, at least 1 MiB/s; 0 turns it off.</summary>
    public long ScrubRate { get; init; } = 32 << 20;

    /// <summary>From the beginning of one scrub pass to the next.</summary>
    public TimeSpan ScrubCycle { get; init; } = TimeSpan.FromDays(7);

    /// <summary>From the beginning of one pass that compares SHA-256 too to the next such pass.</summary>
    public TimeSpan ScrubDeepCycle { get; init; } = TimeSpan.FromDays(28);

    /// <summary>The idle files of one of several caches in a process. Connections may take three quarters of the files that it may have open
    /// (all but 512 where that is less); of the rest a cache keeps an eighth, so that four of them leave half for the files being read, the
    /// database and connections of our own. At most 1024, as opening a file again costs little; at least 16.</summary>
    /// <param name="openFiles">Files that the process may have open; null for no limit.</param>
    public static int IdleFilesFor(long? openFiles)
        => openFiles is { } files ? (int)Math.Clamp(Math.Max(files / 4, 512) / 8, 16, 1024) : 1024;

    /// <summary>Refuses values outside the stated ranges, all at once.</summary>
    /// <exception cref="ArgumentException">Naming each.</exception>
    public void Validate()
    {
        var wrong = new List<string>();
        Check(CapacityBytes >= Integrity.PieceSize.Minimum, $"{nameof(CapacityBytes)} {CapacityBytes} is below {Integrity.PieceSize.Minimum}");
        Check(MaxBlobs >= 1, $"{nameof(MaxBlobs)} {MaxBlobs} is below 1");
        Check(ReadAhead is >= 0 and <= 16, $"{nameof(ReadAhead)} {ReadAhead} is not within 0–16");
        Check(BufferBytes >= 2 * Integrity.PieceSize.Maximum, $"{nameof(BufferBytes)} {BufferBytes} is below {2 * Integrity.PieceSize.Maximum}");
        Check(MaxFills >= 1, $"{nameof(MaxFills)} {MaxFills} is below 1");
        Check(MaxAttempts >= 1, $"{nameof(MaxAttempts)} {MaxAttempts} is below 1");
        Check(IdleFiles >= 0, $"{nameof(IdleFiles)} {IdleFiles} is below 0");
        Check(ScrubRate is 0 or >= 1 << 20, $"{nameof(ScrubRate)} {ScrubRate} is neither 0 nor at least {1 << 20}");
        Check(ScrubCycle > TimeSpan.Zero, $"{nameof(ScrubCycle)} {ScrubCycle} is not above 0");
        Check(ScrubDeepCycle >= ScrubCycle, $"{nameof(ScrubDeepCycle)} {ScrubDeepCycle} is below {nameof(ScrubCycle)} {ScrubCycle}");
        if (wrong.Count > 0)
            throw new ArgumentException(string.Join("; ", wrong) + ".");

        void Check(bool holds, string otherwise)
        {
            if (!holds)
                wrong.Add(otherwise);
        }
    }
}
