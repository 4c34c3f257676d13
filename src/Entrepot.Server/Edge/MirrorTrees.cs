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
/// snapshot, which never changes. While the origin is down, what is known stays in force, also over a restart.</summary>
internal sealed class MirrorTrees
{
    /// <summary>Paths remembered of one snapshot; beyond, all are forgotten and asked for again.</summary>
    private const int MaxPaths = 100_000;

    private readonly OriginClient _origin;
    private readonly TreeMemory _memory;
    private readonly TimeSpan _fresh;
    private readonly TimeSpan _pause;
    private readonly TimeProvider _time;
    private readonly ConcurrentDictionary<MirrorName, Known> _mirrors = new();
    private readonly SingleFlight<MirrorName, Known> _refreshing = new();
    private readonly SingleFlight<(Tree Tree, ContentPath Path), PathEntry> _asking = new();

    public MirrorTrees(OriginClient origin, TreeMemory memory, EdgeOptions options, TimeProvider time)
    {
        (_origin, _memory, _fresh, _pause, _time) = (origin, memory, options.ResolveFor, options.OriginPause, time);
        foreach (var (key, files) in memory.Recall())
        {
            var tree = new Tree(key);
            foreach (var file in files)
                tree.Paths[file.Path] = Entry(file);
            _mirrors[key.Mirror] = new Known(tree, PreviousOf(key)) { AskAt = time.GetTimestamp() };
        }
    }

    /// <summary>Finds a file.</summary>
    /// <exception cref="FaultException">There is none, or the origin can't be asked.</exception>
    public async ValueTask<PathEntry> ResolveAsync(MirrorName mirror, ContentPath path, CancellationToken cancellation)
    {
        for (var again = false; ; again = true)
        {
            var known = _mirrors.TryGetValue(mirror, out var last) && !again && _time.GetTimestamp() < Volatile.Read(ref last.AskAt)
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
            Volatile.Write(ref last.AskAt, After(_pause));
            return last;
        }
        catch (FaultException error) when (error.Fault.Kind == FaultKind.NotFound)
        {
            if (_mirrors.TryRemove(mirror, out var gone))
                _memory.ForgotMirror(gone.Tree.Key);
            throw;
        }
    }

    private async Task<Known> LoadAsync(MirrorName mirror)
    {
        var document = await _origin.GetMirrorAsync(mirror, CancellationToken.None);
        var key = new TreeKey(mirror, document.Current.Number, document.Current.Root, document.CreatedAt);
        if (_mirrors.TryGetValue(mirror, out var before) && before.Tree.Key == key)
        {
            Volatile.Write(ref before.AskAt, After(_fresh));
            return before;
        }

        var known = new Known(new Tree(key), PreviousOf(key)) { AskAt = After(_fresh) };
        _mirrors[mirror] = known;
        _memory.Met(key);
        return known;
    }

    /// <summary>The tree that was current until now, unless it belonged to another mirror of the same name.</summary>
    private Tree? PreviousOf(TreeKey key)
        => _mirrors.TryGetValue(key.Mirror, out var before) && before.Tree.Key.CreatedAt == key.CreatedAt ? before.Tree : null;

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
            entry = Entry(await _origin.GetFileAsync(mirror, path, tree.Key.Number, CancellationToken.None));
        }
        catch (FaultException error) when (error.Fault.Kind == FaultKind.NotFound && !error.Fault.Is(CatalogFault.SnapshotNotFound))
        {
            entry = new PathEntry(null, null, error.Fault);
        }

        if (tree.Paths.Count >= MaxPaths)
        {
            tree.Paths.Clear();
            _memory.ForgotPaths(tree.Key);
        }

        tree.Paths[path] = entry;
        if (entry.File is { } found)
            _memory.Learnt(tree.Key, found);
        return entry;
    }

    private static PathEntry Entry(FileDocument file)
        => new(file, new ContentHeaders(file.Digest, file.Path.FileName, file.Modified, ContentHeaders.Revalidate), null);

    private long After(TimeSpan span) => _time.GetTimestamp() + (long)(span.TotalSeconds * _time.TimestampFrequency);

    /// <summary>One snapshot's paths as far as they were asked for.</summary>
    private sealed class Tree(TreeKey key)
    {
        public TreeKey Key => key;

        public ConcurrentDictionary<ContentPath, PathEntry> Paths { get; } = new();
    }

    /// <summary>A mirror's current snapshot, and the one before for when the origin goes down in between.</summary>
    private sealed class Known(Tree tree, Tree? previous)
    {
        /// <summary>Timestamp from which on the origin is asked again.</summary>
        public long AskAt;

        public Tree Tree => tree;

        public Tree? Previous => previous;
    }
}
