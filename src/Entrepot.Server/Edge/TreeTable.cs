using Dapper;
using Entrepot.Core.Identities;
using Entrepot.Core.State;
using Entrepot.Server.Api;

namespace Entrepot.Server.Edge;

/// <summary>The SQL of what edges have learnt of their mirrors.</summary>
internal static class TreeTable
{
    /// <summary>Trees of an edge, oldest first, without paths.</summary>
    public static IReadOnlyList<StoredTree> Trees(StateDatabase database, NodeName edge)
        => database.Read(connection => connection.Query<TreeRow>(
                "SELECT id, mirror, number, root, created_at AS CreatedAt FROM edge_trees WHERE edge = @edge ORDER BY id", new { edge = edge.Value })
            .Select(static row => new StoredTree(
                row.Id,
                new TreeKey(
                    MirrorName.Parse(row.Mirror), row.Number, Sha256Digest.Parse(row.Root), new DateTimeOffset(row.CreatedAt, TimeSpan.Zero))))
            .ToList());

    /// <summary>The paths of one tree.</summary>
    public static IReadOnlyList<FileDocument> Paths(StateDatabase database, StoredTree tree)
        => database.Read(connection => connection.Query<PathRow>(
                "SELECT path, digest, size, modified FROM edge_paths WHERE tree = @tree", new { tree = tree.Id })
            .Select(row => new FileDocument(
                tree.Key.Mirror.Value, ContentPath.Parse(row.Path), tree.Key.Number, Sha256Digest.Parse(row.Digest), row.Size,
                new DateTimeOffset(row.Modified, TimeSpan.Zero)))
            .ToList());

    /// <summary>Adds a tree as the newest of its mirror.</summary>
    /// <param name="transaction">The writer.</param>
    /// <param name="edge">Whose.</param>
    /// <param name="tree">The tree.</param>
    /// <param name="keep">How many trees of the mirror stay.</param>
    /// <returns>Its id.</returns>
    public static long Add(StateTransaction transaction, NodeName edge, TreeKey tree, int keep)
    {
        var id = transaction.Scalar<long>(
            "INSERT INTO edge_trees (edge, mirror, number, root, created_at) VALUES (@edge, @mirror, @number, @root, @createdAt) RETURNING id",
            new { edge = edge.Value, mirror = tree.Mirror.Value, number = tree.Number, root = tree.Root.ToString(), createdAt = tree.CreatedAt.UtcTicks });
        transaction.Execute(
            """
            DELETE FROM edge_trees WHERE edge = @edge AND mirror = @mirror AND id NOT IN
                (SELECT id FROM edge_trees WHERE edge = @edge AND mirror = @mirror ORDER BY id DESC LIMIT @keep)
            """,
            new { edge = edge.Value, mirror = tree.Mirror.Value, keep });
        return id;
    }

    /// <summary>Adds a path to a tree; without effect when the tree is gone.</summary>
    public static void AddPath(StateTransaction transaction, long tree, FileDocument file)
        => transaction.Execute(
            """
            INSERT OR REPLACE INTO edge_paths (tree, path, digest, size, modified)
            SELECT id, @path, @digest, @size, @modified FROM edge_trees WHERE id = @tree
            """,
            new { tree, path = file.Path.Value, digest = file.Digest.ToString(), size = file.Size, modified = file.Modified.UtcTicks });

    /// <summary>Removes a tree's paths.</summary>
    public static void Clear(StateTransaction transaction, long tree) => transaction.Execute("DELETE FROM edge_paths WHERE tree = @tree", new { tree });

    /// <summary>Removes a tree.</summary>
    public static void Remove(StateTransaction transaction, long tree) => transaction.Execute("DELETE FROM edge_trees WHERE id = @tree", new { tree });

    /// <summary>Removes a mirror.</summary>
    public static void Remove(StateTransaction transaction, NodeName edge, MirrorName mirror)
        => transaction.Execute("DELETE FROM edge_trees WHERE edge = @edge AND mirror = @mirror", new { edge = edge.Value, mirror = mirror.Value });

    private sealed record TreeRow(long Id, string Mirror, long Number, string Root, long CreatedAt);

    private sealed record PathRow(string Path, string Digest, long Size, long Modified);
}

/// <summary>A snapshot that an edge has met, and its row.</summary>
internal sealed record StoredTree(long Id, TreeKey Key);
