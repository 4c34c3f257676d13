using System.Collections.Concurrent;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Mirror.Catalog;
using Entrepot.Server.Api;
using Entrepot.Server.Http;

namespace Entrepot.Server.Edge;

/// <summary>What a path was found to be in one snapshot.</summary>
/// <param name="File">The file; null when there is none.</param>
/// <param name="Headers">The file's header values.</param>
/// <param name="Refusal">Why there is none.</param>
internal sealed record PathEntry(FileDocument? File, ContentHeaders? Headers, Fault? Refusal);

/// <summary>Which blob a path names. The origin is asked once a second and mirror which snapshot is current, and once for each path of a
/// snapshot, which never changes. While the origin is down, what is known stays in force.</summary>
internal sealed class MirrorTrees(OriginClient origin, TimeSpan fresh, TimeSpan pause, TimeProvider time)
{
    /// <summary>Paths remembered of one snapshot; beyond, all are forgotten and asked for again.</summary>
    private const int MaxPaths = 100_000;

    private readonly ConcurrentDictionary<MirrorName, Known> _mirrors = new();
    private readonly SingleFlight<MirrorName, Known> _refreshing = new();
    private readonly SingleFlight<(Tree Tree, ContentPath Path), PathEntry> _asking = new();

    /// <summary>Finds a file.</summary>
    /// <exception cref="FaultException">There is none, or the origin can't be asked.</exception>
    public async ValueTask<PathEntry> ResolveAsync(MirrorName mirror, ContentPath path, CancellationToken cancellation)
    {
        for (var again = false; ; again = true)
        {
            var known = _mirrors.TryGetValue(mirror, out var last) && !again && time.GetTimestamp() < Volatile.Read(ref last.AskAt)
                ? last
                : await RefreshAsync(mirror, last, cancellation);
            if (!known.Tree.Paths.TryGetValue(path, out var entry))
            {
                try
                {
                    entry = await AskAsync(mirror, path, known, cancellation);
                }
                catch (FaultException error) when (error.Fault.Is(CatalogFault.SnapshotNotFound) && !again)
                {
                    continue;  // retention dropped the snapshot while we looked
                }
            }

            return entry.Refusal is null ? entry : throw entry.Refusal.ToException();
        }
    }

    private async Task<Known> RefreshAsync(MirrorName mirror, Known? last, CancellationToken cancellation)
    {
        try
        {
            return await _refreshing.RunAsync(mirror, () => LoadAsync(mirror), cancellation);
        }
        catch (FaultException error) when (error.Fault.Is(EdgeFault.OriginUnreachable) && last is not null)
        {
            // Stale beats nothing; and the next requests need not find out again that the origin is down.
            Volatile.Write(ref last.AskAt, After(pause));
            return last;
        }
        catch (FaultException error) when (error.Fault.Kind == FaultKind.NotFound)
        {
            _mirrors.TryRemove(mirror, out _);
            throw;
        }
    }

    private async Task<Known> LoadAsync(MirrorName mirror)
    {
        var document = await origin.GetMirrorAsync(mirror, CancellationToken.None);
        var current = document.Current;
        _mirrors.TryGetValue(mirror, out var before);
        if (before is not null && before.Tree.Number == current.Number && before.Tree.Root == current.Root && before.CreatedAt == document.CreatedAt)
        {
            Volatile.Write(ref before.AskAt, After(fresh));
            return before;
        }

        var known = new Known(new Tree(current.Number, current.Root), before?.Tree, document.CreatedAt) { AskAt = After(fresh) };
        _mirrors[mirror] = known;
        return known;
    }

    private async Task<PathEntry> AskAsync(MirrorName mirror, ContentPath path, Known known, CancellationToken cancellation)
    {
        try
        {
            return await _asking.RunAsync((known.Tree, path), () => LoadAsync(mirror, path, known.Tree), cancellation);
        }
        catch (FaultException error) when (error.Fault.Is(EdgeFault.OriginUnreachable))
        {
            if (known.Previous?.Paths.TryGetValue(path, out var older) == true)
                return older;
            throw;
        }
    }

    private async Task<PathEntry> LoadAsync(MirrorName mirror, ContentPath path, Tree tree)
    {
        PathEntry entry;
        try
        {
            var file = await origin.GetFileAsync(mirror, path, tree.Number, CancellationToken.None);
            entry = new PathEntry(file, new ContentHeaders(file.Digest, path.FileName, file.Modified, ContentHeaders.Revalidate), null);
        }
        catch (FaultException error) when (error.Fault.Kind == FaultKind.NotFound && !error.Fault.Is(CatalogFault.SnapshotNotFound))
        {
            entry = new PathEntry(null, null, error.Fault);
        }

        if (tree.Paths.Count >= MaxPaths)
            tree.Paths.Clear();
        tree.Paths[path] = entry;
        return entry;
    }

    private long After(TimeSpan span) => time.GetTimestamp() + (long)(span.TotalSeconds * time.TimestampFrequency);

    /// <summary>One snapshot's paths as far as they were asked for.</summary>
    private sealed class Tree(long number, Sha256Digest root)
    {
        public long Number => number;

        public Sha256Digest Root => root;

        public ConcurrentDictionary<ContentPath, PathEntry> Paths { get; } = new();
    }

    /// <summary>A mirror's current snapshot, and the one before for when the origin goes down in between.</summary>
    private sealed class Known(Tree tree, Tree? previous, DateTimeOffset createdAt)
    {
        /// <summary>Timestamp from which on the origin is asked again.</summary>
        public long AskAt;

        public Tree Tree => tree;

        public Tree? Previous => previous;

        public DateTimeOffset CreatedAt => createdAt;
    }
}
