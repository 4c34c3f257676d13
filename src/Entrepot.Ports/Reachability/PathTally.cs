namespace Entrepot.Ports.Reachability;

/// <summary>What one probe after the other measured on the way from one place to one port. What is old fades.</summary>
/// <param name="Latency">Time to an answer, smoothed; null when none ever came.</param>
/// <param name="Tries">Tries of rounds in which the machine answered.</param>
/// <param name="Lost">Those of them without an answer.</param>
public readonly record struct PathTally(TimeSpan? Latency, int Tries, int Lost)
{
    /// <summary>Tries below which no share of losses is told: with fewer, one lost packet would be a tenth and more.</summary>
    public const int Enough = 16;

    /// <summary>Tries after which the count is halved, so that what is told is of the last rounds.</summary>
    private const int Most = 64;

    /// <summary>The weight of a new time, an eighth as in RFC 6298 §2.</summary>
    private const double Gain = 0.125;

    /// <summary>Nothing was measured.</summary>
    public static PathTally None { get; }

    /// <summary>The share of tries that were lost, 0–1; null while there are fewer than <see cref="Enough"/>.</summary>
    public double? Loss => Tries >= Enough ? (double)Lost / Tries : null;

    /// <summary>Takes in another round.</summary>
    public PathTally With(ProbeResult result)
    {
        if (result is not { Latency: { } latency, Lost: { } lost })
            return this;
        var (tries, all) = (Tries + result.Tries, Lost + lost);
        if (tries > Most)
            (tries, all) = (tries / 2, (all + 1) / 2);
        return new PathTally(Latency is { } known ? known + ((latency - known) * Gain) : latency, tries, all);
    }
}
