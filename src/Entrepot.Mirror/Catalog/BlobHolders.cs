using System.Collections.Concurrent;
using Dapper;
using Entrepot.Core.Identities;

namespace Entrepot.Mirror.Catalog;

/// <summary>Remembers which mirrors hold a blob, in any of their snapshots, for as long as nothing changes.</summary>
internal sealed class BlobHolders
{
    /// <summary>Blobs remembered; beyond, all are forgotten. About 1 MB.</summary>
    private const int Limit = 10_000;

    private Known _known = new(-1);

    /// <summary>The mirrors that hold a blob.</summary>
    public IReadOnlyList<MirrorInfo> Find(MirrorCatalog catalog, CatalogView view, Sha256Digest digest)
    {
        var known = Volatile.Read(ref _known);
        if (known.Revision != view.Revision || known.Holders.Count >= Limit)
            Volatile.Write(ref _known, known = new Known(view.Revision));
        if (known.Holders.TryGetValue(digest, out var holders))
            return holders;
        var names = catalog.State.Read(connection => connection.Query<string>(
            "SELECT DISTINCT m.name FROM entry e JOIN mirror m ON m.id = e.mirror WHERE e.blob = (SELECT id FROM blob WHERE digest = @digest)",
            new { digest = digest.ToBytes() }).ToList());
        // By the view that decides: a mirror that is not in it yet holds nothing for this request.
        holders = [.. names.Select(MirrorName.Parse).Where(view.Mirrors.ContainsKey).Select(name => view.Mirrors[name].Info)];
        known.Holders[digest] = holders;
        return holders;
    }

    private sealed record Known(long Revision)
    {
        public ConcurrentDictionary<Sha256Digest, IReadOnlyList<MirrorInfo>> Holders { get; } = new();
    }
}
