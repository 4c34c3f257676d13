using Dapper;
using Entrepot.Core.Identities;
using Entrepot.Core.State;
using Entrepot.Server.Api;

namespace Entrepot.Server.Edge;

/// <summary>The SQL of what edges have learnt of their mirrors.</summary>
internal static class TreeTable
{
    /// <summary>The snapshot that an edge met last of each mirror.</summary>
    public static IReadOnlyList<TreeKey> Mirrors(StateDatabase database, NodeName edge)
        => database.Read(connection => connection.Query<MirrorRow>(
                "SELECT mirror, number, root, created_at AS CreatedAt, private FROM edge_mirrors WHERE edge = @edge", new { edge = edge.Value })
            .Select(static row => new TreeKey(
                MirrorName.Parse(row.Mirror), row.Number, Sha256Digest.Parse(row.Root), new DateTimeOffset(row.CreatedAt, TimeSpan.Zero)) { IsPrivate = row.Private != 0 })
            .ToList());

    /// <summary>How many paths an edge has written down.</summary>
    public static long Count(StateTransaction transaction, NodeName edge)
        => transaction.Scalar<long>("SELECT count(*) FROM edge_paths WHERE edge = @edge", new { edge = edge.Value });

    /// <summary>What a path named when the edge asked last, in whichever snapshot that was; null when it never did.</summary>
    public static FileDocument? Find(StateDatabase database, NodeName edge, TreeKey tree, ContentPath path)
        => database.Read(connection => connection.QueryFirstOrDefault<PathRow>(
            """
            SELECT p.snapshot, p.digest, p.size, p.modified FROM edge_paths p JOIN edge_mirrors m USING (edge, mirror)
            WHERE p.edge = @edge AND p.mirror = @mirror AND p.path = @path AND m.created_at = @createdAt
            """,
            new { edge = edge.Value, mirror = tree.Mirror.Value, path = path.Value, createdAt = tree.CreatedAt.UtcTicks })) is { } row
            ? new FileDocument(
                tree.Mirror.Value, path, row.Snapshot, Sha256Digest.Parse(row.Digest), row.Size, new DateTimeOffset(row.Modified, TimeSpan.Zero))
            : null;

    /// <summary>The edge has met this snapshot. What it learnt of another mirror of the same name is removed.</summary>
    public static void PutMirror(StateTransaction transaction, NodeName edge, TreeKey tree)
    {
        var values = new
        {
            edge = edge.Value,
            mirror = tree.Mirror.Value,
            number = tree.Number,
            root = tree.Root.ToString(),
            createdAt = tree.CreatedAt.UtcTicks,
            isPrivate = tree.IsPrivate,
        };
        transaction.Execute("DELETE FROM edge_mirrors WHERE edge = @edge AND mirror = @mirror AND created_at <> @createdAt", values);
        transaction.Execute(
            """
            INSERT INTO edge_mirrors (edge, mirror, number, root, created_at, private) VALUES (@edge, @mirror, @number, @root, @createdAt, @isPrivate)
            ON CONFLICT (edge, mirror) DO UPDATE SET number = excluded.number, root = excluded.root, private = excluded.private
            """,
            values);
    }

    /// <summary>The path names this file.</summary>
    /// <returns>True when the path is a new one.</returns>
    public static bool PutPath(StateTransaction transaction, NodeName edge, TreeKey tree, FileDocument file)
    {
        var values = new
        {
            edge = edge.Value,
            mirror = tree.Mirror.Value,
            path = file.Path.Value,
            snapshot = file.Snapshot,
            digest = file.Digest.ToString(),
            size = file.Size,
            modified = file.Modified.UtcTicks,
        };
        if (transaction.Execute(
            """
            UPDATE edge_paths SET snapshot = @snapshot, digest = @digest, size = @size, modified = @modified
            WHERE edge = @edge AND mirror = @mirror AND path = @path
            """,
            values) == 1)
            return false;
        return transaction.Execute(
            """
            INSERT INTO edge_paths (edge, mirror, path, snapshot, digest, size, modified)
            VALUES (@edge, @mirror, @path, @snapshot, @digest, @size, @modified)
            """,
            values) == 1;
    }

    /// <summary>The path names nothing any more.</summary>
    public static void RemovePath(StateTransaction transaction, NodeName edge, TreeKey tree, ContentPath path)
        => transaction.Execute(
            "DELETE FROM edge_paths WHERE edge = @edge AND mirror = @mirror AND path = @path",
            new { edge = edge.Value, mirror = tree.Mirror.Value, path = path.Value });

    /// <summary>Removes the paths that were written down first.</summary>
    /// <returns>How many.</returns>
    public static int RemoveOldest(StateTransaction transaction, NodeName edge, long count)
        => transaction.Execute(
            "DELETE FROM edge_paths WHERE id IN (SELECT id FROM edge_paths WHERE edge = @edge ORDER BY id LIMIT @count)",
            new { edge = edge.Value, count });

    /// <summary>Removes a mirror with its paths.</summary>
    public static void RemoveMirror(StateTransaction transaction, NodeName edge, TreeKey tree)
        => transaction.Execute(
            "DELETE FROM edge_mirrors WHERE edge = @edge AND mirror = @mirror",
            new { edge = edge.Value, mirror = tree.Mirror.Value });

    private sealed record MirrorRow(string Mirror, long Number, string Root, long CreatedAt, long Private);

    private sealed record PathRow(long Snapshot, string Digest, long Size, long Modified);
}
