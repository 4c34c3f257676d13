namespace Entrepot.Mirror.Replication;

/// <summary>When a source is given up on.</summary>
/// <param name="StallWindow">How often progress is looked at.</param>
/// <param name="StallBytes">Fewer bytes than this within one window is a stall.</param>
/// <param name="BaseDeadline">Time that a piece of any size may take.</param>
/// <param name="SlowestRate">Bytes per second by which the deadline grows with the piece.</param>
public sealed record TransferLimits(TimeSpan StallWindow, int StallBytes, TimeSpan BaseDeadline, int SlowestRate)
{
    /// <summary>10 s windows with at least 64 KiB each, and a minute plus the piece's length at 32 KiB/s (a 256 kbit/s line).</summary>
    public static TransferLimits Default { get; } = new(TimeSpan.FromSeconds(10), 64 * 1024, TimeSpan.FromMinutes(1), 32 * 1024);

    /// <summary>How long a piece of the given length in bytes may take in all.</summary>
    public TimeSpan DeadlineFor(int length) => BaseDeadline + TimeSpan.FromSeconds((double)length / SlowestRate);
}
