using System.Globalization;
using Entrepot.Core.Identities;

namespace Entrepot.Mirror.Catalog.GarbageCollection;

/// <summary>Why a blob stays.</summary>
public abstract record KeepReason
{
    private KeepReason()
    {
    }

    /// <summary>A snapshot that stays refers to it.</summary>
    /// <param name="Mirror">Of which mirror.</param>
    /// <param name="Snapshot">The newest such snapshot.</param>
    /// <param name="Path">Under which path.</param>
    public sealed record Referenced(MirrorName Mirror, long Snapshot, string Path) : KeepReason
    {
        /// <inheritdoc/>
        public override string ToString() => $"referenced by mirror {Mirror} snapshot {Snapshot} path {Path}";
    }

    /// <summary>A manifest needs it, or it is one.</summary>
    /// <param name="Repository">Of which repository.</param>
    public sealed record InRepository(string Repository) : KeepReason
    {
        /// <inheritdoc/>
        public override string ToString() => $"needed by repository {Repository}";
    }

    /// <summary>It was stored, sent again or released too short a time ago.</summary>
    /// <param name="Until">When the grace period ends, UTC.</param>
    public sealed record WithinGrace(DateTimeOffset Until) : KeepReason
    {
        /// <inheritdoc/>
        public override string ToString() => $"within the grace period until {Until.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture)}";
    }

    /// <summary>It is on its way into the catalog.</summary>
    public sealed record InFlight : KeepReason
    {
        /// <inheritdoc/>
        public override string ToString() => "being published right now";
    }
}

/// <summary>Why a blob goes.</summary>
public enum SweepReason
{
    /// <summary>No snapshot refers to it, and the grace period is over.</summary>
    Unreferenced,

    /// <summary>A file that the catalog does not know: left by a process that died between two steps.</summary>
    Orphaned,
}
