namespace Entrepot.Ports.Discovery;

/// <summary>How a registry is kept right.</summary>
public sealed record RegistryOptions
{
    /// <summary>How long an instance stays known after its node has died. 30 s: three missed rounds.</summary>
    public TimeSpan Lifetime { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Time between rounds: a third of <see cref="Lifetime"/>, so that two may fail.</summary>
    public TimeSpan Interval => Lifetime / 3;

    /// <summary>Longest that one round may take.</summary>
    public TimeSpan RoundTimeout => Interval;

    /// <summary>First wait after a failed round; each further one is twice as long, up to <see cref="MaxBackOff"/>.</summary>
    public TimeSpan FirstBackOff { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Longest wait between tries during an outage.</summary>
    public TimeSpan MaxBackOff { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long to wait after so many failed rounds in a row.</summary>
    public TimeSpan BackOff(int failures)
        => failures <= 0 ? Interval : TimeSpan.FromTicks(Math.Min(MaxBackOff.Ticks, FirstBackOff.Ticks << Math.Min(failures - 1, 20)));
}
