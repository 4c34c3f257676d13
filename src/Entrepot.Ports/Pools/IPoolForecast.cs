namespace Entrepot.Ports.Pools;

/// <summary>How full a pool was at a moment.</summary>
/// <param name="At">When, in UTC.</param>
/// <param name="Used">How many of its ports were used.</param>
public sealed record PoolSample(DateTimeOffset At, int Used);

/// <summary>What a forecast can say.</summary>
public enum PoolOutlook
{
    /// <summary>Too little was kept to say anything.</summary>
    NotEnoughData,

    /// <summary>It does not fill.</summary>
    Steady,

    /// <summary>It fills.</summary>
    Fills,

    /// <summary>Nothing is left of it now.</summary>
    Full,
}

/// <summary>When a pool will be full.</summary>
/// <param name="Outlook">What can be said.</param>
/// <param name="PerDay">Ports more in a day; negative when it empties. 0 without data.</param>
/// <param name="FullAt">When it is full, or null when it does not fill or that is further away than anybody plans.</param>
/// <param name="Earliest">The earlier end of the interval, or null.</param>
/// <param name="Latest">The later end, or null where the data allow that it never fills.</param>
/// <param name="Text">A clause for people.</param>
public sealed record PoolForecast(
    PoolOutlook Outlook, double PerDay, DateTimeOffset? FullAt, DateTimeOffset? Earliest, DateTimeOffset? Latest, string Text);

/// <summary>Says from the history of a pool when it will be full. Pure.</summary>
public interface IPoolForecast
{
    /// <summary>The forecast.</summary>
    /// <param name="history">Samples in the order of time.</param>
    /// <param name="size">How many ports the pool has.</param>
    /// <param name="now">The moment of the question.</param>
    PoolForecast Forecast(IReadOnlyList<PoolSample> history, int size, DateTimeOffset now);
}
