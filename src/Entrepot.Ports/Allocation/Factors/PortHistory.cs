namespace Entrepot.Ports.Allocation.Factors;

/// <summary>What happened on a port.</summary>
/// <param name="Conflicts">How often a service found it taken by somebody else.</param>
/// <param name="Owners">How many services have had it and given it back.</param>
/// <param name="Scans">How often a scan of it was seen.</param>
public sealed record PortPast(int Conflicts, int Owners, int Scans)
{
    /// <summary>The score that follows from it.</summary>
    internal byte Score => (byte)(PortFactorRule.Best - (Math.Min(Conflicts, 3) * 48) - (Math.Min(Owners, 5) * 8) - (Math.Min(Scans, 6) * 10));
}

/// <summary>What happened on single ports, with the scores that follow from it at hand.</summary>
public sealed class PortHistory
{
    private readonly Dictionary<int, PortPast> _past = [];
    private readonly byte[] _scores = new byte[PortSet.MaxPort + 1];

    /// <summary>Takes what is known.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A number is not 0–65535.</exception>
    public PortHistory(IEnumerable<KeyValuePair<int, PortPast>> past)
    {
        Array.Fill(_scores, PortFactorRule.Best);
        foreach (var (port, what) in past)
            Set(port, what);
    }

    /// <summary>True when nothing happened anywhere.</summary>
    public bool IsEmpty => _past.Count == 0;

    /// <summary>What happened on a port, or null.</summary>
    public PortPast? this[int port] => _past.GetValueOrDefault(port);

    /// <summary>The scores of all ports.</summary>
    internal byte[] Scores => _scores;

    /// <summary>Follows the port book. For its owner only, between two decisions.</summary>
    internal void Set(int port, PortPast past)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(port);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(port, PortSet.MaxPort);
        _past[port] = past;
        _scores[port] = past.Score;
    }
}
