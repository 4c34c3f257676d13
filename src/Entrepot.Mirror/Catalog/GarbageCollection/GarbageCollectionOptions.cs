namespace Entrepot.Mirror.Catalog.GarbageCollection;

/// <summary>How garbage collection works.</summary>
public sealed record GarbageCollectionOptions
{
    /// <summary>How long a blob stays after it was last stored, sent again or released: the time in which a client may still publish what
    /// it sent, and finish downloads that it was sent to by digest. 0 or more; default 1 hour.</summary>
    public TimeSpan Grace { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Time from one run of the loop to the next; default 15 minutes.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>How long rotten files stay in quarantine for inspection; default 30 days.</summary>
    public TimeSpan Quarantine { get; init; } = TimeSpan.FromDays(30);

    /// <summary>How long an unfinished file stays in staging without being written to; default 24 hours.</summary>
    public TimeSpan Staging { get; init; } = TimeSpan.FromHours(24);
}
