using System.Collections.Immutable;
using Dapper;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Core.State;
using Microsoft.Data.Sqlite;

namespace Entrepot.Mirror.Catalog;

/// <summary>SQL of the tables <c>snapshot</c> and <c>entry</c>.</summary>
internal static class SnapshotTable
{
    private const string Columns = "number, root, published_at AS PublishedAt, actor, note, files, bytes";

    private const string SelectEntry =
        """
        SELECT e.path, b.digest, b.size, e.modified FROM entry e JOIN blob b ON b.id = e.blob
        WHERE e.mirror = @mirror AND e.since <= @number AND (e.until IS NULL OR e.until > @number)
        """;

    public static void Insert(StateTransaction transaction, long mirror, SnapshotInfo snapshot)
        => transaction.Execute(
            """
            INSERT INTO snapshot (mirror, number, root, published_at, actor, note, files, bytes)
            VALUES (@mirror, @Number, @Root, @PublishedAt, @Actor, @Note, @Files, @Bytes)
            """,
            new
            {
                mirror,
                snapshot.Number,
                Root = snapshot.Root.ToBytes(),
                PublishedAt = snapshot.PublishedAt.ToUnixTimeMilliseconds(),
                snapshot.Actor,
                snapshot.Note,
                snapshot.Files,
                snapshot.Bytes,
            });

    /// <summary>Says of files that the given snapshot is the first without them.</summary>
    public static void EndEntries(StateTransaction transaction, long mirror, long number, IEnumerable<TreeEntry> entries)
    {
        using var command = transaction.Command("UPDATE entry SET until = @number WHERE mirror = @mirror AND path = @path AND until IS NULL");
        command.Parameters.AddWithValue("@number", number);
        command.Parameters.AddWithValue("@mirror", mirror);
        var path = command.Parameters.Add("@path", SqliteType.Text);
        foreach (var entry in entries)
        {
            path.Value = entry.Path.Value;
            if (command.ExecuteNonQuery() != 1)
                throw Fault.Of(
                    CatalogFault.PathNotFound, FaultKind.Internal,
                    $"The stored snapshot before #{number} has no file '{entry.Path}' although the view has it.", "Restart the node.").ToException();
        }
    }

    /// <summary>Says of files that the given snapshot is the first with them.</summary>
    public static void BeginEntries(StateTransaction transaction, long mirror, long number, IEnumerable<(TreeEntry Entry, long Blob)> entries)
    {
        using var command = transaction.Command(
            "INSERT INTO entry (mirror, path, since, until, blob, modified) VALUES (@mirror, @path, @number, NULL, @blob, @modified)");
        command.Parameters.AddWithValue("@number", number);
        command.Parameters.AddWithValue("@mirror", mirror);
        var path = command.Parameters.Add("@path", SqliteType.Text);
        var blob = command.Parameters.Add("@blob", SqliteType.Integer);
        var modified = command.Parameters.Add("@modified", SqliteType.Integer);
        foreach (var (entry, id) in entries)
        {
            path.Value = entry.Path.Value;
            blob.Value = id;
            modified.Value = entry.Modified.ToUnixTimeSeconds();
            command.ExecuteNonQuery();
        }
    }

    /// <summary>True when the snapshot is still there.</summary>
    public static bool Exists(StateTransaction transaction, long mirror, long number)
        => transaction.Scalar<long>("SELECT count(*) FROM snapshot WHERE mirror = @mirror AND number = @number", new { mirror, number }) > 0;

    /// <summary>Snapshots of a mirror, newest first.</summary>
    public static IReadOnlyList<SnapshotInfo> Page(SqliteConnection connection, MirrorName name, long mirror, long before, int count)
        => [.. connection.Query<Row>(
                $"SELECT {Columns} FROM snapshot WHERE mirror = @mirror AND number < @before ORDER BY number DESC LIMIT @count",
                new { mirror, before, count })
            .Select(row => row.ToInfo(name))];

    /// <summary>The newest snapshot's header, or one of a given number.</summary>
    public static SnapshotInfo? Find(SqliteConnection connection, SqliteTransaction transaction, MirrorName name, long mirror, long? number)
        => connection.QueryFirstOrDefault<Row>(
            $"SELECT {Columns} FROM snapshot WHERE mirror = @mirror AND (@number IS NULL OR number = @number) ORDER BY number DESC LIMIT 1",
            new { mirror, number }, transaction)?.ToInfo(name);

    /// <summary>The files of a snapshot, sorted by path.</summary>
    /// <param name="connection">Where to read.</param>
    /// <param name="transaction">The state to read.</param>
    /// <param name="mirror">Id of the mirror.</param>
    /// <param name="snapshot">Which snapshot.</param>
    /// <param name="like">Files of another snapshot of the mirror: those that are the same are taken from here, so that two snapshots that
    /// differ little need little more memory than one.</param>
    public static ImmutableArray<TreeEntry> Entries(
        SqliteConnection connection, SqliteTransaction transaction, long mirror, SnapshotInfo snapshot, ImmutableArray<TreeEntry> like = default)
    {
        using var command = connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = $"{SelectEntry} ORDER BY e.path";
        command.Parameters.AddWithValue("@mirror", mirror);
        command.Parameters.AddWithValue("@number", snapshot.Number);
        using var reader = command.ExecuteReader();
        var entries = ImmutableArray.CreateBuilder<TreeEntry>(snapshot.Files);
        var at = 0;
        while (reader.Read())
        {
            var entry = ReadEntry(reader);
            if (!like.IsDefaultOrEmpty)
            {
                at = TreeSnapshot.LowerBound(like, entry.Path.Value, at);
                if (at < like.Length && like[at] == entry)
                    entry = like[at];
            }

            entries.Add(entry);
        }

        return entries.DrainToImmutable();
    }

    /// <summary>The file at a path of a snapshot.</summary>
    public static TreeEntry? Entry(SqliteConnection connection, SqliteTransaction transaction, long mirror, long number, ContentPath path)
    {
        using var command = connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = $"{SelectEntry} AND e.path = @path";
        command.Parameters.AddWithValue("@mirror", mirror);
        command.Parameters.AddWithValue("@number", number);
        command.Parameters.AddWithValue("@path", path.Value);
        using var reader = command.ExecuteReader();
        return reader.Read() ? ReadEntry(reader) : null;
    }

    /// <summary>True when a snapshot has files below a path.</summary>
    public static bool HasFolder(SqliteConnection connection, SqliteTransaction transaction, long mirror, long number, ContentPath folder)
        => connection.ExecuteScalar<long>(
            """
            SELECT EXISTS (
                SELECT 1 FROM entry WHERE mirror = @mirror AND path > @first AND path < @end AND since <= @number AND (until IS NULL OR until > @number))
            """,
            new { mirror, number, first = folder.Value + "/", end = folder.Value + "0" }, transaction) != 0;  // '0' follows '/'

    private static TreeEntry ReadEntry(SqliteDataReader reader)
        => new(
            ContentPath.Parse(reader.GetString(0)), new Sha256Digest(reader.GetFieldValue<byte[]>(1)), reader.GetInt64(2),
            DateTimeOffset.FromUnixTimeSeconds(reader.GetInt64(3)));

    private sealed record Row(long Number, byte[] Root, long PublishedAt, string Actor, string Note, long Files, long Bytes)
    {
        public SnapshotInfo ToInfo(MirrorName mirror) => new(
            mirror, Number, new Sha256Digest(Root), DateTimeOffset.FromUnixTimeMilliseconds(PublishedAt), Actor, Note, (int)Files, Bytes);
    }
}
