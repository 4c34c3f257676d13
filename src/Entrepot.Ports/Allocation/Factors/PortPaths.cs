using System.Collections.Frozen;

namespace Entrepot.Ports.Allocation.Factors;

/// <summary>What was measured on the way to a port; null where it was not.</summary>
/// <param name="Latency">Usual time to an answer.</param>
/// <param name="BytesPerSecond">Usual throughput.</param>
/// <param name="Loss">Share of packets or probes that were lost, 0–1.</param>
public sealed record PathMeasure(TimeSpan? Latency, double? BytesPerSecond, double? Loss);

/// <summary>Measurements of single ports, and the scores that follow from them, worked out once for all decisions.</summary>
public sealed class PortPaths
{
    private readonly FrozenDictionary<int, PathMeasure> _measures;
    private readonly byte[]?[] _scores = new byte[]?[3];

    /// <summary>Takes measurements.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A number is not 0–65535.</exception>
    public PortPaths(IEnumerable<KeyValuePair<int, PathMeasure>> measures)
    {
        _measures = measures.ToFrozenDictionary();
        foreach (var port in _measures.Keys)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(port);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(port, PortSet.MaxPort);
        }
    }

    /// <summary>Nothing was measured.</summary>
    public static PortPaths None { get; } = new([]);

    /// <summary>What was measured of a port, or null.</summary>
    public PathMeasure? this[int port] => _measures.GetValueOrDefault(port);

    /// <summary>The scores of all ports by one factor; null when nothing was measured that it looks at.</summary>
    internal byte[]? Scores(PathFactor factor)
    {
        ref var scores = ref _scores[factor.Factor - PortFactor.Latency];
        return (scores ??= Compute(factor)) is { Length: > 0 } known ? known : null;
    }

    private byte[] Compute(PathFactor factor)
    {
        if (_measures.Values.All(measure => factor.Value(measure) is null))
            return [];
        var scores = new byte[PortSet.MaxPort + 1];
        Array.Fill(scores, PortFactorRule.Neutral);
        foreach (var (port, measure) in _measures)
        {
            if (factor.Value(measure) is { } value)
                scores[port] = factor.Score(value);
        }

        return scores;
    }
}
