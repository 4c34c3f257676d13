using System.Collections.Immutable;
using Entrepot.Core.Journal;

namespace Entrepot.Server.Configuration;

/// <summary>How the journal is signed, and how long it is kept.</summary>
public sealed record JournalSettings
{
    /// <summary>A checkpoint is signed after so many entries, 10–1,000,000. Default 1000.</summary>
    public int CheckpointEntries { get; init; } = 1000;

    /// <summary>A checkpoint is signed when the oldest entry without one is so old, 1 s–1 d. Default 5 min: what is younger is chained and
    /// sealed, and only its loss at the end would not be noticed.</summary>
    public TimeSpan CheckpointInterval { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Time between two looks of an audit service at the origin's journal, 1 s–1 d. Default 1 min: so much of its end can be lost without a trace
    /// when the origin itself is lost.</summary>
    public TimeSpan CopyInterval { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Entries are kept at least so many days, 184–36,500. Default 366, the twelve months of PCI DSS 10.5.1.</summary>
    public int KeepDays { get; init; } = 366;

    /// <summary>After so many days pseudonyms stand in the place of people and addresses, 184–36,500; null (the default) for never, unless a
    /// profile says so.</summary>
    public int? PseudonymiseDays { get; init; }

    /// <summary>Rules that apply here beside the floor of 184 days. Default none.</summary>
    public ImmutableArray<RetentionProfile> Profiles { get; init; } = [];

    /// <summary>What comes of all that.</summary>
    public JournalRetention Resolve() => JournalRetention.Resolve(KeepDays, PseudonymiseDays, Profiles);
}
