using System.Collections.Concurrent;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Mirror.Catalog;
using Entrepot.Server.Api;
using Entrepot.Server.Http;

namespace Entrepot.Server.Edge;

/// <summary>What a path names.</summary>
/// <param name="File">The file, with the snapshot in which it was looked up.</param>
/// <param name="Headers">The file's header values.</param>
internal sealed record PathEntry(FileDocument File, ContentHeaders Headers)
{
    /// <summary>The header values of the address that carries the digest.</summary>
    public ContentHeaders Pinned => field ??= new ContentHeaders(File.Digest, File.Path.FileName, File.Modified, ContentHeaders.Immutable);
}

/// <summary>Which blob a path names. The origin is asked once a second and mirror which snapshot is current, and once for each path of a
/// snapshot, which never changes. While the origin can't be asked, what was learnt last stays in force, also over a restart.</summary>
internal sealed class MirrorTrees
{
    /// <summary>Paths held in memory, of all mirrors together: some 40 MB. Beyond, all are dropped; <see cref="TreeMemory"/> still has them.</summary>
    private const int MaxPaths = 50_000;

    /// <summary>Paths of one snapshot known to name nothing. Anybody can ask for such, so they are few, and push out only each other.</summary>
    private const int MaxAbsent = 1024;

    private static readonly TimeSpan PinnedPatience = TimeSpan.FromSeconds(1);

    private readonly OriginClient _origin;
    private readonly TreeMemory _memory;
    private readonly TimeSpan _fresh;
    private readonly TimeSpan _pause;
    private readonly TimeProvider _time;
    private readonly ConcurrentDictionary<MirrorName, Known> _mirrors = new();
    private readonly SingleFlight<MirrorName, Known> _refreshing = new();
    private readonly SingleFlight<(Known Known, ContentPath Path), PathEntry> _asking = new();
    private int _paths;

    public MirrorTrees(OriginClient origin, TreeMemory memory, EdgeOptions options, TimeProvider time)
    {
        (_origin, _memory, _fresh, _pause, _time) = (origin, memory, options.ResolveFor, options.OriginPause, time);
        foreach (var key in memory.Mirrors())
            _mirrors[key.Mirror] = new Known(key, []) { AskAt = time.GetTimestamp() };
    }

    /// <summary>Finds a file.</summary>
    /// <exception cref="FaultException">There is none, or the origin can't be asked.</exception>
    public async ValueTask<PathEntry> ResolveAsync(MirrorName mirror, ContentPath path, CancellationToken cancellation)
    {
        for (var again = false; ; again = true)
        {
            var known = await CurrentAsync(mirror, again, cancellation);
            if (known.Paths.TryGetValue(path, out var entry) && (entry.File.Snapshot == known.Key.Number || known.IsStale))
                return entry;
            if (known.Absent.TryGetValue(path, out var refusal))
                throw refusal.ToException();
            if (known.IsStale && Recall(known, path) is { } recalled)
                return recalled;
            try
            {
                return await AskAsync(known, path, cancellation);
            }
            catch (FaultException error) when (error.Fault.Is(CatalogFault.SnapshotNotFound) && !again)
            {
                // Retention dropped the snapshot while we looked.
            }
        }
    }

    /// <summary>True when a mirror that is known here takes a credential to read; then its files are served by signed addresses only.</summary>
    public bool IsPrivate(MirrorName mirror) => _mirrors.TryGetValue(mirror, out var known) && known.Key.IsPrivate;

    /// <summary>The header values of a file that the address names by its digest. The bytes are known without the origin; it is asked for the file's
    /// time once for each path, and not waited for longer than <see cref="PinnedPatience"/>. So the edge also learns the path.</summary>
    public async ValueTask<ContentHeaders> PinnedAsync(MirrorName mirror, ContentPath path, Sha256Digest digest, CancellationToken cancellation)
    {
        if (_mirrors.TryGetValue(mirror, out var known) && known.Paths.TryGetValue(path, out var entry) && entry.File.Digest == digest)
            return entry.Pinned;
        var without = new ContentHeaders(digest, path.FileName, null, ContentHeaders.Immutable);
        // Without waiting: while it is stale this only has the origin asked beside it, so that it does not stay so.
        if (known is { IsStale: true } && (known = await CurrentAsync(mirror, again: false, cancellation)).IsStale)
            return Recall(known, path) is { } recalled && recalled.File.Digest == digest ? recalled.Pinned : without;
        using var patience = new CancellationTokenSource(PinnedPatience, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellation);
        try
        {
            entry = await ResolveAsync(mirror, path, either.Token);
            return entry.File.Digest == digest ? entry.Pinned : without;
        }
        catch (Exception error) when (error is FaultException || (error is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            return without;
        }
    }

    /// <summary>What is known of a mirror, refreshed when it is time. Once the origin did not answer, nobody waits for it any more: what is known
    /// is used, and the origin is asked beside it.</summary>
    private ValueTask<Known> CurrentAsync(MirrorName mirror, bool again, CancellationToken cancellation)
    {
        if (!_mirrors.TryGetValue(mirror, out var last))
            return new ValueTask<Known>(RefreshAsync(mirror, null, cancellation));
        if (!again && _time.GetTimestamp() < Volatile.Read(ref last.AskAt))
            return new ValueTask<Known>(last);
        if (!last.IsStale)
            return new ValueTask<Known>(RefreshAsync(mirror, last, cancellation));
        Volatile.Write(ref last.AskAt, After(_pause));
        _ = RefreshAsync(mirror, last, CancellationToken.None).ContinueWith(
            static task => task.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
        return new ValueTask<Known>(last);
    }

    private async Task<Known> RefreshAsync(MirrorName mirror, Known? last, CancellationToken cancellation)
    {
        try
        {
            return await _refreshing.RunAsync(mirror, () => LoadAsync(mirror), cancellation);
        }
        catch (FaultException error) when (error.Fault.Kind == FaultKind.Unavailable && last is not null)
        {
            Suspect(last);
            return last;
        }
        catch (FaultException error) when (error.Fault.Is(CatalogFault.MirrorNotFound))
        {
            if (_mirrors.TryRemove(mirror, out var gone))
                _memory.Forget(gone.Key);
            throw;
        }
    }

    private async Task<Known> LoadAsync(MirrorName mirror)
    {
        var document = await _origin.GetMirrorAsync(mirror, CancellationToken.None);
        var key = new TreeKey(mirror, document.Current.Number, document.Current.Root, document.CreatedAt) { IsPrivate = document.Access == "private" };
        if (_mirrors.TryGetValue(mirror, out var before) && before.Key == key)
        {
            before.IsStale = false;
            Volatile.Write(ref before.AskAt, After(_fresh));
            return before;
        }

        // The paths of the snapshot before stay, for when the origin goes down before they are asked for again.
        var isSame = before?.Key.CreatedAt == key.CreatedAt;
        var known = new Known(key, isSame ? before!.Paths : []) { AskAt = After(_fresh) };
        _mirrors[mirror] = known;
        _memory.Met(key);
        return known;
    }

    private async Task<PathEntry> AskAsync(Known known, ContentPath path, CancellationToken cancellation)
    {
        try
        {
            return await _asking.RunAsync((known, path), () => LoadAsync(known, path), cancellation);
        }
        catch (FaultException error) when (error.Fault.Kind == FaultKind.Unavailable)
        {
            Suspect(known);
            return known.Paths.TryGetValue(path, out var older) ? older : Recall(known, path) ?? throw error.Fault.ToException(error);
        }
    }

    private async Task<PathEntry> LoadAsync(Known known, ContentPath path)
    {
        try
        {
            var file = await _origin.GetFileAsync(known.Key.Mirror, path, known.Key.Number, CancellationToken.None);
            _memory.Learnt(known.Key, file);
            return Keep(known, file);
        }
        catch (FaultException error) when (error.Fault.Kind == FaultKind.NotFound && !error.Fault.Is(CatalogFault.SnapshotNotFound))
        {
            if (known.Absent.Count >= MaxAbsent)
                known.Absent.Clear();
            known.Absent[path] = error.Fault;
            known.Paths.TryRemove(path, out _);
            _memory.Missed(known.Key, path);
            throw;
        }
    }

    private PathEntry? Recall(Known known, ContentPath path) => _memory.Find(known.Key, path) is { } file ? Keep(known, file) : null;

    private PathEntry Keep(Known known, FileDocument file)
    {
        var entry = new PathEntry(file, new ContentHeaders(file.Digest, file.Path.FileName, file.Modified, ContentHeaders.Revalidate));
        if (!known.Paths.ContainsKey(file.Path) && Interlocked.Increment(ref _paths) > MaxPaths)
        {
            Interlocked.Exchange(ref _paths, 1);
            foreach (var mirror in _mirrors.Values)
                mirror.Paths.Clear();
        }

        known.Paths[file.Path] = entry;
        return entry;
    }

    private void Suspect(Known known)
    {
        known.IsStale = true;
        Volatile.Write(ref known.AskAt, After(_pause));
    }

    private long After(TimeSpan span) => _time.GetTimestamp() + (long)(span.TotalSeconds * _time.TimestampFrequency);

    /// <summary>What is known of a mirror: its current snapshot, and paths as they were asked for, in this snapshot or an earlier one.</summary>
    private sealed class Known(TreeKey key, ConcurrentDictionary<ContentPath, PathEntry> paths)
    {
        /// <summary>Timestamp from which on the origin is asked again.</summary>
        public long AskAt;

        private volatile bool _isStale;

        public TreeKey Key => key;

        /// <summary>True while the origin does not say what is current.</summary>
        public bool IsStale
        {
            get => _isStale;
            set => _isStale = value;
        }

        public ConcurrentDictionary<ContentPath, PathEntry> Paths => paths;

        /// <summary>Paths that name nothing in this snapshot.</summary>
        public ConcurrentDictionary<ContentPath, Fault> Absent { get; } = new();
    }
}
