using Dapper;
using Entrepot.Core.Identities;
using Entrepot.Core.State;
using Entrepot.Mirror.Catalog;
using Entrepot.Mirror.Integrity;
using Microsoft.Data.Sqlite;

namespace Entrepot.Mirror.Scrubbing;

/// <summary>SQL of the table <c>scrub</c>, and of the order in which blobs are read.</summary>
internal static class ScrubTable
{
    public static ScrubState? Read(SqliteConnection connection)
        => connection.QueryFirstOrDefault<Row>(
            """
            SELECT started_at AS StartedAt, finished_at AS FinishedAt, deep, deep_at AS DeepAt, cursor AS CursorBytes, next_piece AS NextPiece FROM scrub
            """) is { } row
            ? new ScrubState(
                At(row.StartedAt), row.FinishedAt is { } finished ? At(finished) : null, row.Deep != 0, At(row.DeepAt),
                row.CursorBytes is null ? null : new Sha256Digest(row.CursorBytes), (int)row.NextPiece)
            : null;

    public static void Write(StateTransaction transaction, ScrubState state)
        => transaction.Execute(
            """
            INSERT OR REPLACE INTO scrub (only_row, started_at, finished_at, deep, deep_at, cursor, next_piece)
            VALUES (1, @StartedAt, @FinishedAt, @Deep, @DeepAt, @Cursor, @NextPiece)
            """,
            new
            {
                StartedAt = state.StartedAt.ToUnixTimeMilliseconds(),
                FinishedAt = state.FinishedAt?.ToUnixTimeMilliseconds(),
                Deep = state.IsDeep ? 1 : 0,
                DeepAt = state.DeepAt.ToUnixTimeMilliseconds(),
                Cursor = state.Cursor?.ToBytes(),
                state.NextPiece,
            });

    /// <summary>The first blob after a digest, or that of the digest itself.</summary>
    public static Fingerprint? Next(SqliteConnection connection, Sha256Digest? cursor, bool inclusive)
        => connection.QueryFirstOrDefault<BlobTable.Row>(
            $"""
            SELECT digest, size, crc32, md5, piece_size AS PieceSize, pieces FROM blob
            WHERE digest {(inclusive ? ">=" : ">")} @cursor ORDER BY digest LIMIT 1
            """,
            new { cursor = cursor?.ToBytes() ?? [] })?.ToFingerprint();

    /// <summary>The blobs of one mirror's snapshots, or of all, in the order of their digests.</summary>
    public static IReadOnlyList<(Sha256Digest Digest, long Size)> List(SqliteConnection connection, long? mirror)
        => [.. connection.Query<(byte[] Digest, long Size)>(
                mirror is null
                    ? "SELECT digest, size FROM blob ORDER BY digest"
                    : "SELECT digest, size FROM blob WHERE id IN (SELECT blob FROM entry WHERE mirror = @mirror) ORDER BY digest",
                new { mirror })
            .Select(static row => (new Sha256Digest(row.Digest), row.Size))];

    private static DateTimeOffset At(long milliseconds) => DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);

    private sealed record Row(long StartedAt, long? FinishedAt, long Deep, long DeepAt, byte[]? CursorBytes, long NextPiece);
}
