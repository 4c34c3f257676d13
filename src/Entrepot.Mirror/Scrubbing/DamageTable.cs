using System.Collections.Immutable;
using Dapper;
using Entrepot.Core.Identities;
using Entrepot.Core.State;
using Microsoft.Data.Sqlite;

namespace Entrepot.Mirror.Scrubbing;

/// <summary>SQL of the tables <c>damaged_blob</c> and <c>damaged_piece</c>.</summary>
internal static class DamageTable
{
    public static IReadOnlyList<(Sha256Digest Digest, ImmutableArray<int> Pieces)> Read(SqliteConnection connection)
        => [.. connection.Query<(byte[] Digest, long? Piece)>(
                "SELECT b.digest, p.piece FROM damaged_blob b LEFT JOIN damaged_piece p ON p.digest = b.digest ORDER BY b.digest, p.piece")
            .GroupBy(static row => new Sha256Digest(row.Digest), static row => row.Piece)
            .Select(static group => (group.Key, group.Where(static piece => piece is not null).Select(static piece => (int)piece!.Value).ToImmutableArray()))];

    public static bool IsRecorded(SqliteConnection connection, Sha256Digest digest)
        => connection.ExecuteScalar<long>("SELECT count(*) FROM damaged_blob WHERE digest = @digest", new { digest = digest.ToBytes() }) > 0;

    /// <summary>Records what is rotten, in the place of what was recorded before.</summary>
    /// <returns>False when the blob itself is gone.</returns>
    public static bool Write(StateTransaction transaction, Sha256Digest digest, IReadOnlyList<int> pieces, DateTimeOffset now, string detail)
    {
        Clear(transaction, digest);
        var found = transaction.Execute(
            "INSERT INTO damaged_blob (digest, found_at, detail) SELECT digest, @now, @detail FROM blob WHERE digest = @digest",
            new { digest = digest.ToBytes(), now = now.ToUnixTimeMilliseconds(), detail });
        if (found == 0)
            return false;
        foreach (var piece in pieces)
            transaction.Execute("INSERT INTO damaged_piece (digest, piece) VALUES (@digest, @piece)", new { digest = digest.ToBytes(), piece });
        return true;
    }

    /// <summary>Forgets a blob's damage.</summary>
    /// <returns>False when none was recorded.</returns>
    public static bool Clear(StateTransaction transaction, Sha256Digest digest)
        => transaction.Execute("DELETE FROM damaged_blob WHERE digest = @digest", new { digest = digest.ToBytes() }) > 0;
}
