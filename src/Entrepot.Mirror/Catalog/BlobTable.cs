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

    public static long Insert(StateTransaction transaction, Fingerprint blob, DateTimeOffset now)
        => transaction.Scalar<long>(
            """
            INSERT INTO blob (digest, size, stored_at, crc32, md5, piece_size, pieces)
            VALUES (@Digest, @Size, @now, @Crc32, @Md5, @PieceSize, @Pieces) RETURNING id
            """,
            new
            {
                Digest = blob.Digest.ToBytes(),
                blob.Size,
                now = now.ToUnixTimeMilliseconds(),
                Crc32 = (long)blob.Crc32,
                Md5 = blob.Md5?.ToBytes(),
                blob.PieceSize,
                Pieces = blob.PackPieces(),
            });

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
