namespace Entrepot.Mirror.Uploads;

/// <summary>Limits of resumable uploads.</summary>
public sealed record UploadOptions
{
    /// <summary>Uploads that may be open at once, 1 or more. Default 1,000: each holds a file, and an idle one costs little else.</summary>
    public int MaxOpen { get; init; } = 1000;

    /// <summary>Largest upload in bytes; null for no limit but the disk.</summary>
    public long? MaxBytes { get; init; }

    /// <summary>How long an upload stays after its last byte, and a finished one for its sender to ask about. Default 24 hours,
    /// so that a machine that was switched off overnight can go on.</summary>
    public TimeSpan MaxAge { get; init; } = TimeSpan.FromHours(24);

    /// <summary>How many bytes of one request may be lost when the power fails: progress is made durable each time so many have
    /// come, and at the end of the request. Default 64 MiB.</summary>
    public long DurableEvery { get; init; } = 64L << 20;

    /// <summary>Idle uploads whose hash state stays in memory; the others are read again when they go on. Default 128.</summary>
    public int MaxWarm { get; init; } = 128;

    /// <summary>How long an idle upload's hash state stays in memory. Default 2 minutes.</summary>
    public TimeSpan WarmFor { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>How long a request waits for an older one to let go of the upload. Default 30 seconds.</summary>
    public TimeSpan TakeOverWait { get; init; } = TimeSpan.FromSeconds(30);
}
