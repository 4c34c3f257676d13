using System.Globalization;

namespace Entrepot.Ports.Pools;

/// <summary>The default forecast: a straight line through the samples by least squares, and the interval that two standard errors of
/// its slope allow. It knows no weeks and no seasons.</summary>
public sealed class StraightLineForecast : IPoolForecast
{
    /// <summary>Fewest samples. A line through fewer has no error that could be told.</summary>
    public const int FewestSamples = 4;

    /// <summary>Shortest time that the samples must span.</summary>
    public static readonly TimeSpan ShortestSpan = TimeSpan.FromDays(1);

    /// <summary>Anything later is no plan.</summary>
    private const double FurthestDays = 3650;

    /// <inheritdoc/>
    public PoolForecast Forecast(IReadOnlyList<PoolSample> history, int size, DateTimeOffset now)
    {
        if (history.Count > 0 && history[^1].Used >= size)
            return new PoolForecast(PoolOutlook.Full, 0, now, now, now, "full");
        if (history.Count < FewestSamples || history[^1].At - history[0].At < ShortestSpan)
            return new PoolForecast(PoolOutlook.NotEnoughData, 0, null, null, null, "not enough data");
        var (slope, error) = Line(history);
        var left = size - history[^1].Used;
        if (slope <= 0 || left / slope > FurthestDays)
            return new PoolForecast(PoolOutlook.Steady, slope, null, null, null, "does not fill");
        var full = now.AddDays(left / slope);
        var earliest = now.AddDays(left / (slope + (2 * error)));
        DateTimeOffset? latest = slope - (2 * error) is > 0 and var slowest && left / slowest <= FurthestDays ? now.AddDays(left / slowest) : null;
        return new PoolForecast(
            PoolOutlook.Fills, slope, full, earliest, latest,
            string.Create(CultureInfo.InvariantCulture, $"full about {full:yyyy-MM-dd} ({earliest:yyyy-MM-dd} to {(latest is { } end ? end.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture) : "never")})"));
    }

    /// <summary>Ports per day, and the standard error of that.</summary>
    private static (double Slope, double Error) Line(IReadOnlyList<PoolSample> history)
    {
        var start = history[0].At;
        var count = history.Count;
        var (meanX, meanY) = (history.Average(sample => (sample.At - start).TotalDays), history.Average(static sample => (double)sample.Used));
        var (spread, together) = (0.0, 0.0);
        foreach (var sample in history)
        {
            var x = (sample.At - start).TotalDays - meanX;
            spread += x * x;
            together += x * (sample.Used - meanY);
        }

        var slope = together / spread;
        var rest = history.Sum(sample =>
        {
            var miss = sample.Used - (meanY + (slope * ((sample.At - start).TotalDays - meanX)));
            return miss * miss;
        });
        return (slope, Math.Sqrt(rest / (count - 2) / spread));
    }
}
