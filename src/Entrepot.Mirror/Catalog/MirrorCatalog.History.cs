using Entrepot.Core.Faults;
using Entrepot.Core.Identities;

namespace Entrepot.Mirror.Catalog;

/// <content>Looking back.</content>
public sealed partial class MirrorCatalog
{
    /// <summary>Largest page of <see cref="Snapshots"/>.</summary>
    public const int MaxPage = 1000;

    /// <summary>Files of older snapshots kept in memory. Anybody may ask for them, so they must not crowd out what is current; one
    /// snapshot that is larger is kept alone.</summary>
    private const int OlderFiles = 250_000;

    private readonly SnapshotMemory _older = new(OlderFiles);

    /// <summary>How many older snapshots were read from disk as a whole.</summary>
    internal long SnapshotReadings => _older.Readings;

    /// <summary>Snapshots of a mirror, newest first. The empty state 0 is not among them.</summary>
    /// <param name="name">The mirror.</param>
    /// <param name="before">Only those with a smaller number; null for the newest.</param>
    /// <param name="count">How many at most, 1–<see cref="MaxPage"/>.</param>
    /// <exception cref="FaultException"><see cref="CatalogFault.MirrorNotFound"/>.</exception>
    public IReadOnlyList<SnapshotInfo> Snapshots(MirrorName name, long? before = null, int count = MaxPage)
    {
        var mirror = View.Get(name);
        return _state.Read(connection => SnapshotTable.Page(connection, name, mirror.Id, before ?? long.MaxValue, Math.Clamp(count, 1, MaxPage)));
    }

    /// <summary>What a snapshot is, without its files: as cheap for an older one as for the current one.</summary>
    /// <exception cref="FaultException">No such mirror or snapshot.</exception>
    public SnapshotInfo FindSnapshot(MirrorName name, long number) => Find(View.Get(name), number);

    /// <summary>Looks a path up in a snapshot. Of an older one no more is read than the path's own row.</summary>
    /// <param name="name">The mirror.</param>
    /// <param name="number">The snapshot.</param>
    /// <param name="path">The path; the default path is the root folder.</param>
    /// <exception cref="FaultException">No such mirror or snapshot.</exception>
    public PathLookup Look(MirrorName name, long number, ContentPath path)
    {
        var mirror = View.Get(name);
        if (number == mirror.Current.Number)
            return mirror.Current.Look(path);
        if (number == 0)
            return EmptySnapshot(mirror.Info).Look(path);
        return _state.Read(connection =>
        {
            using var transaction = connection.BeginTransaction(deferred: true);
            if (SnapshotTable.Find(connection, transaction, name, mirror.Id, number) is not { } info)
                return null;
            if (path == default)
                return new PathLookup(info, null, true);
            var entry = SnapshotTable.Entry(connection, transaction, mirror.Id, number, path);
            return new PathLookup(info, entry, entry is null && SnapshotTable.HasFolder(connection, transaction, mirror.Id, number, path));
        }) ?? throw SnapshotNotFound(name, number).ToException();
    }

    /// <summary>A snapshot with its files. The current one comes from memory, and so do older ones that were asked for lately; others are read
    /// from disk, one at a time.</summary>
    /// <exception cref="FaultException">No such mirror or snapshot.</exception>
    public async Task<TreeSnapshot> OpenSnapshotAsync(MirrorName name, long number, CancellationToken cancellation = default)
    {
        var mirror = View.Get(name);
        if (number == mirror.Current.Number)
            return mirror.Current;
        if (number == 0)
            return EmptySnapshot(mirror.Info);
        Find(mirror, number);  // what is in memory may have been dropped by retention
        return await _older.GetAsync(mirror.Id, number, () => Read(mirror, number), cancellation)
            ?? throw SnapshotNotFound(name, number).ToException();
    }

    private static Fault SnapshotNotFound(MirrorName mirror, long number)
        => Fault.Of(
            CatalogFault.SnapshotNotFound, FaultKind.NotFound, $"Mirror '{mirror}' has no snapshot #{number}, or retention has dropped it.",
            $"List them with 'entrepot snapshot list {mirror}'.");

    private SnapshotInfo Find(MirrorView mirror, long number)
    {
        if (number == mirror.Current.Number)
            return mirror.Current.Info;
        if (number == 0)
            return EmptySnapshot(mirror.Info).Info;
        var name = mirror.Info.Name;
        return _state.Read(connection =>
        {
            using var transaction = connection.BeginTransaction(deferred: true);
            return SnapshotTable.Find(connection, transaction, name, mirror.Id, number);
        }) ?? throw SnapshotNotFound(name, number).ToException();
    }

    private TreeSnapshot? Read(MirrorView mirror, long number)
        => _state.Read(connection =>
        {
            using var transaction = connection.BeginTransaction(deferred: true);
            var header = SnapshotTable.Find(connection, transaction, mirror.Info.Name, mirror.Id, number);
            return header is null
                ? null
                : new TreeSnapshot(header, SnapshotTable.Entries(connection, transaction, mirror.Id, header, mirror.Current.Entries));
        });
}

/// <summary>What is at a path of a snapshot.</summary>
/// <param name="Snapshot">The snapshot.</param>
/// <param name="File">The file there, or null.</param>
/// <param name="IsFolder">True when there are files below the path instead; the root folder is always there.</param>
public sealed record PathLookup(SnapshotInfo Snapshot, TreeEntry? File, bool IsFolder);
