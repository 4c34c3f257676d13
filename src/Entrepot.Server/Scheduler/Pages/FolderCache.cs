using Entrepot.Core.Identities;
using Entrepot.Mirror.Catalog;

namespace Entrepot.Server.Scheduler.Pages;

/// <summary>Keeps the last sorted listings of large folders, so that paging through one sorts it once. A listing belongs to a snapshot,
/// which never changes, so nothing here goes stale; old ones are pushed out.</summary>
internal sealed class FolderCache
{
    /// <summary>Listings kept at most.</summary>
    private const int Capacity = 8;

    /// <summary>Lines from which a listing is worth keeping; below, making it costs less than a millisecond.</summary>
    private const int WorthKeeping = 2_000;

    private readonly Lock _lock = new();
    private readonly LinkedList<(Key Of, IReadOnlyList<FolderEntry> Entries)> _kept = [];

    /// <summary>The sorted listing of a folder; null when there is no such folder.</summary>
    public IReadOnlyList<FolderEntry>? List(TreeSnapshot snapshot, ContentPath folder, FolderSort sort)
    {
        // By root and number, not by reference: a kept listing must not keep a dropped snapshot in memory.
        var key = new Key(snapshot.Mirror, snapshot.Number, snapshot.Root, folder, sort.Key, sort.Descending);
        lock (_lock)
        {
            for (var node = _kept.First; node is not null; node = node.Next)
            {
                if (node.Value.Of != key)
                    continue;
                _kept.Remove(node);
                _kept.AddFirst(node);
                return node.Value.Entries;
            }
        }

        if (snapshot.List(folder) is not { } entries)
            return null;
        var sorted = sort.Apply(entries);
        if (sorted.Count >= WorthKeeping)
        {
            lock (_lock)
            {
                _kept.AddFirst((key, sorted));
                if (_kept.Count > Capacity)
                    _kept.RemoveLast();
            }
        }

        return sorted;
    }

    private readonly record struct Key(
        MirrorName Mirror, long Snapshot, Sha256Digest Root, ContentPath Folder, SortKey Sort, bool Descending);
}
