using Entrepot.Mirror.Catalog;

namespace Entrepot.Server.Scheduler;

/// <summary>A file that a client asked for, as found in the catalog.</summary>
/// <param name="Snapshot">The snapshot it was found in.</param>
/// <param name="Entry">Path, digest, size and time.</param>
public sealed record ServedFile(TreeSnapshot Snapshot, TreeEntry Entry)
{
    /// <summary>Its address below any surface that serves it: <c>/mirror/path</c>, percent-encoded.</summary>
    public string Address { get; } = $"/{Snapshot.Mirror}/{Entry.Path.ToUrl()}";

    /// <summary>The address with the digest pinned: whoever serves it must serve these bytes or refuse.</summary>
    public string PinnedAddress => field ??= Grant is null ? $"{Address}?digest={Entry.Digest}" : $"{Address}?digest={Entry.Digest}&{Grant}";

    /// <summary>What makes the address good at edges for whoever has it, until it expires; null for a file that everybody may have.</summary>
    public string? Grant { get; init; }
}
