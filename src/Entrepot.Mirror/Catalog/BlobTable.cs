using Dapper;
using Entrepot.Core.Identities;
using Entrepot.Core.State;
using Entrepot.Mirror.Integrity;
using Microsoft.Data.Sqlite;

namespace Entrepot.Mirror.Catalog;

/// <summary>SQL of the table <c>blob</c>.</summary>
internal static class BlobTable
{
    private const string FingerprintColumns = "digest, size, crc32, md5, piece_size AS PieceSize, pieces";

    public static long? FindId(StateTransaction transaction, Sha256Digest digest)
        => transaction.Scalar<long?>("SELECT id FROM blob WHERE digest = @digest", new { digest = digest.ToBytes() });

    /// <summary>Prepared for finding many rows: the one parameter is the digest, the result its id.</summary>
    public static SqliteCommand PrepareFindId(StateTransaction transaction)
    {
        var command = transaction.Command("SELECT id FROM blob WHERE digest = @digest");
        command.Parameters.Add("@digest", SqliteType.Blob);
        return command;
    }

    public static long? FindId(SqliteCommand prepared, Sha256Digest digest)
    {
        prepared.Parameters[0].Value = digest.ToBytes();
        return (long?)prepared.ExecuteScalar();
    }

    /// <summary>Prepared for inserting many rows with <see cref="Insert(SqliteCommand, Fingerprint)"/>.</summary>
    public static SqliteCommand PrepareInsert(StateTransaction transaction, DateTimeOffset now)
    {
        var command = transaction.Command(
            """
            INSERT INTO blob (stored_at, digest, size, crc32, md5, piece_size, pieces)
            VALUES (@now, @digest, @size, @crc32, @md5, @piece_size, @pieces) RETURNING id
            """);
        command.Parameters.AddWithValue("@now", now.ToUnixTimeMilliseconds());
        command.Parameters.Add("@digest", SqliteType.Blob);
        command.Parameters.Add("@size", SqliteType.Integer);
        command.Parameters.Add("@crc32", SqliteType.Integer);
        command.Parameters.Add("@md5", SqliteType.Blob);
        command.Parameters.Add("@piece_size", SqliteType.Integer);
        command.Parameters.Add("@pieces", SqliteType.Blob);
        return command;
    }

    public static long Insert(SqliteCommand prepared, Fingerprint blob)
    {
        prepared.Parameters[1].Value = blob.Digest.ToBytes();
        prepared.Parameters[2].Value = blob.Size;
        prepared.Parameters[3].Value = (long)blob.Crc32;
        prepared.Parameters[4].Value = (object?)blob.Md5?.ToBytes() ?? DBNull.Value;
        prepared.Parameters[5].Value = blob.PieceSize;
        prepared.Parameters[6].Value = blob.PackPieces();
        return (long)prepared.ExecuteScalar()!;
    }

    public static long Insert(StateTransaction transaction, Fingerprint blob, DateTimeOffset now)
    {
        using var insert = PrepareInsert(transaction, now);
        return Insert(insert, blob);
    }

    /// <summary>Notes that a known blob was sent again, and its MD5 where it was not known.</summary>
    public static void Renew(StateTransaction transaction, long id, Fingerprint blob, DateTimeOffset now)
        => transaction.Execute(
            "UPDATE blob SET stored_at = @now, md5 = COALESCE(md5, @md5) WHERE id = @id",
            new { id, now = now.ToUnixTimeMilliseconds(), md5 = blob.Md5?.ToBytes() });

    public static bool SetMd5(StateTransaction transaction, Sha256Digest digest, Md5Digest md5)
        => transaction.Execute(
            "UPDATE blob SET md5 = @md5 WHERE digest = @digest", new { digest = digest.ToBytes(), md5 = md5.ToBytes() }) > 0;

    public static Fingerprint? Find(SqliteConnection connection, Sha256Digest digest)
        => connection.QueryFirstOrDefault<Row>(
            $"SELECT {FingerprintColumns} FROM blob WHERE digest = @digest", new { digest = digest.ToBytes() })?.ToFingerprint();

    public static bool Exists(SqliteCommand prepared, Sha256Digest digest)
    {
        prepared.Parameters[0].Value = digest.ToBytes();
        return prepared.ExecuteScalar() is not null;
    }

    public static SqliteCommand PrepareExists(SqliteConnection connection)
    {
        var command = connection.CreateCommand();
        command.CommandText = "SELECT 1 FROM blob WHERE digest = @digest";
        command.Parameters.Add("@digest", SqliteType.Blob);
        return command;
    }

    public static IReadOnlyList<Sha256Digest> WithoutMd5(SqliteConnection connection, long afterId, int count, out long lastId)
    {
        var rows = connection.Query<(long Id, byte[] Digest)>(
            "SELECT id, digest FROM blob WHERE md5 IS NULL AND id > @afterId ORDER BY id LIMIT @count", new { afterId, count }).AsList();
        lastId = rows.Count > 0 ? rows[^1].Id : afterId;
        return [.. rows.Select(static row => new Sha256Digest(row.Digest))];
    }

    internal sealed record Row(byte[] Digest, long Size, long Crc32, byte[]? Md5, long PieceSize, byte[] Pieces)
    {
        public Fingerprint ToFingerprint() => new(
            new Sha256Digest(Digest), Size, (uint)Crc32, Md5 is null ? null : new Md5Digest(Md5), (int)PieceSize, Fingerprint.UnpackPieces(Pieces));
    }
}
