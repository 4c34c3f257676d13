namespace Entrepot.Mirror.Scrubbing;

/// <summary>How bytes at rest are read again.</summary>
public sealed record ScrubOptions
{
    /// <summary>Most bytes read in a second by the background pass; 1 or more. Default 32 MiB: a fifth of what one hard disk reads, and
    /// 18 TB in a week.</summary>
    public long BytesPerSecond { get; init; } = 32 << 20;

    /// <summary>Time from the start of one pass to the start of the next; default 7 days. A pass that takes longer is followed at once.</summary>
    public TimeSpan Cycle { get; init; } = TimeSpan.FromDays(7);

    /// <summary>Time from one deep pass, which computes SHA-256, to the next; default 30 days. The others compute CRC-32.</summary>
    public TimeSpan DeepCycle { get; init; } = TimeSpan.FromDays(30);

    /// <summary>Time between attempts to mend what could not be mended; default 10 minutes.</summary>
    public TimeSpan MendRetry { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How long one source may take for one piece; default 5 minutes: 64 MiB at 220 KB/s.</summary>
    public TimeSpan FetchTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Bytes after which the place of the background pass is written down, so that a process that is killed reads no more than
    /// these again; default 256 MiB.</summary>
    public long SaveEvery { get; init; } = 256 << 20;
}
