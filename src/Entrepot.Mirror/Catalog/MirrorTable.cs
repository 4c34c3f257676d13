using Dapper;
using Entrepot.Core.Identities;
using Entrepot.Core.State;
using Entrepot.Mirror.Oci;
using Microsoft.Data.Sqlite;

namespace Entrepot.Mirror.Catalog;

/// <summary>SQL of the tables <c>catalog</c> and <c>mirror</c>.</summary>
internal static class MirrorTable
{
    private const string Columns = "id, name, kind, format, description, keep_snapshots, keep_days, created_at, private";

    public static long Revision(StateTransaction transaction) => transaction.Scalar<long>("SELECT revision FROM catalog");

    public static long Revision(SqliteConnection connection, SqliteTransaction transaction)
        => connection.ExecuteScalar<long>("SELECT revision FROM catalog", transaction: transaction);

    public static void SetRevision(StateTransaction transaction, long revision)
        => transaction.Execute("UPDATE catalog SET revision = @revision", new { revision });

    public static bool IsGuarded(SqliteConnection connection, SqliteTransaction transaction)
        => connection.ExecuteScalar<long>("SELECT guarded FROM catalog", transaction: transaction) != 0;

    public static IReadOnlyList<(long Id, MirrorInfo Info)> Read(SqliteConnection connection, SqliteTransaction transaction)
        => [.. connection.Query<Row>($"SELECT {Columns} FROM mirror", transaction: transaction).Select(static row => (row.id, row.ToInfo()))];

    public static long Insert(StateTransaction transaction, MirrorInfo mirror)
    {
        Guard(transaction, mirror);
        return transaction.Scalar<long>(
            """
            INSERT INTO mirror (name, kind, format, description, keep_snapshots, keep_days, created_at, private)
            VALUES (@Name, @Kind, @Format, @Description, @KeepSnapshots, @KeepDays, @CreatedAt, @IsPrivate) RETURNING id
            """,
            new
            {
                Name = mirror.Name.Value,
                Kind = Word(mirror.Kind),
                Format = Word(mirror.Format),
                mirror.Description,
                mirror.Retention.KeepSnapshots,
                mirror.Retention.KeepDays,
                CreatedAt = mirror.CreatedAt.ToUnixTimeMilliseconds(),
                mirror.IsPrivate,
            });
    }

    public static void Update(StateTransaction transaction, long id, MirrorInfo mirror)
    {
        Guard(transaction, mirror);
        transaction.Execute(
            "UPDATE mirror SET description = @Description, keep_snapshots = @KeepSnapshots, keep_days = @KeepDays, private = @IsPrivate WHERE id = @id",
            new { id, mirror.Description, mirror.Retention.KeepSnapshots, mirror.Retention.KeepDays, mirror.IsPrivate });
    }

    /// <summary>Removes a mirror with all its snapshots, and notes on their blobs that they were released.</summary>
    public static void Delete(StateTransaction transaction, long id, DateTimeOffset now)
    {
        transaction.Execute(
            "UPDATE blob SET released_at = @now WHERE id IN (SELECT blob FROM entry WHERE mirror = @id)",
            new { id, now = now.ToUnixTimeMilliseconds() });
        OciTable.DeleteMirror(transaction, id, now);
        transaction.Execute("DELETE FROM entry WHERE mirror = @id", new { id });
        transaction.Execute("DELETE FROM snapshot WHERE mirror = @id", new { id });
        transaction.Execute("DELETE FROM mirror WHERE id = @id", new { id });
    }

    private static void Guard(StateTransaction transaction, MirrorInfo mirror)
    {
        if (mirror.IsPrivate)
            transaction.Execute("UPDATE catalog SET guarded = 1");
    }

    private static string Word<T>(T value)
        where T : struct, Enum
        => value.ToString().ToLowerInvariant();

#pragma warning disable IDE1006, SA1300 // names are those of the columns
    private sealed record Row(
        long id, string name, string kind, string format, string description, long? keep_snapshots, long? keep_days, long created_at, long @private)
    {
        public MirrorInfo ToInfo() => new(
            MirrorName.Parse(name), Enum.Parse<MirrorKind>(kind, ignoreCase: true), Enum.Parse<MirrorFormat>(format, ignoreCase: true),
            description, new Retention((int?)keep_snapshots, (int?)keep_days), DateTimeOffset.FromUnixTimeMilliseconds(created_at)) { IsPrivate = @private != 0 };
    }
#pragma warning restore IDE1006, SA1300
}
