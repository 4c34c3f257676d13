using Entrepot.Core.Identities;

namespace Entrepot.Mirror.Catalog;

/// <summary>How content comes into a mirror.</summary>
public enum MirrorKind
{
    /// <summary>Pushed.</summary>
    Hosted,

    /// <summary>Copied from an upstream on schedule.</summary>
    Synced,

    /// <summary>Fetched on demand.</summary>
    Proxy,
}

/// <summary>What a mirror's content is.</summary>
public enum MirrorFormat
{
    /// <summary>Paths to files.</summary>
    Tree,

    /// <summary>OCI repositories.</summary>
    Oci,

    /// <summary>A Debian archive.</summary>
    Apt,

    /// <summary>An npm registry.</summary>
    Npm,

    /// <summary>A NuGet feed.</summary>
    Nuget,

    /// <summary>A Python package index.</summary>
    Pypi,

    /// <summary>An RPM repository.</summary>
    Rpm,
}

/// <summary>How long old snapshots stay: one is dropped when neither rule holds it; with both null everything stays.
/// The current snapshot always stays.</summary>
/// <param name="KeepSnapshots">The newest so many stay, the current one counted; 1–<see cref="MaxSnapshots"/>, or null for no such rule.</param>
/// <param name="KeepDays">Those published within so many days stay; 1–<see cref="MaxDays"/>, or null for no such rule.</param>
public sealed record Retention(int? KeepSnapshots, int? KeepDays)
{
    /// <summary>Largest <see cref="KeepSnapshots"/>.</summary>
    public const int MaxSnapshots = 100_000;

    /// <summary>Largest <see cref="KeepDays"/>: a century.</summary>
    public const int MaxDays = 36_500;

    /// <summary>The newest ten: room to roll back a bad week of nightly builds.</summary>
    public static Retention Default { get; } = new(10, null);

    /// <summary>Everything stays.</summary>
    public static Retention Everything { get; } = new(null, null);
}

/// <summary>What a mirror is, apart from its content.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Kind">How content comes in.</param>
/// <param name="Format">What the content is.</param>
/// <param name="Description">One line for people, possibly empty.</param>
/// <param name="Retention">How long old snapshots stay.</param>
/// <param name="CreatedAt">When it was made, UTC.</param>
public sealed record MirrorInfo(
    MirrorName Name, MirrorKind Kind, MirrorFormat Format, string Description, Retention Retention, DateTimeOffset CreatedAt)
{
    /// <summary>True when reading it takes a credential.</summary>
    public bool IsPrivate { get; init; }
}
