using System.Text.Json;
using Dapper;
using Entrepot.Core.Identities;
using Entrepot.Core.State;
using Microsoft.Data.Sqlite;

namespace Entrepot.Mirror.Catalog.GarbageCollection;

/// <summary>SQL of garbage collection.</summary>
internal static class GarbageTable
{
    public static IReadOnlyList<InventoryMirror> Mirrors(SqliteConnection connection, SqliteTransaction transaction)
    {
        var snapshots = connection.Query<(long Mirror, long Number, long At)>(
                "SELECT mirror, number, published_at FROM snapshot ORDER BY mirror, number", transaction: transaction)
            .ToLookup(static row => row.Mirror, static row => (row.Number, DateTimeOffset.FromUnixTimeMilliseconds(row.At)));
        return [.. MirrorTable.Read(connection, transaction).Select(
            mirror => new InventoryMirror(mirror.Id, mirror.Info.Name, mirror.Info.Retention, [.. snapshots[mirror.Id]]))];
    }

    /// <summary>Every reference, read as it is asked for.</summary>
    public static IEnumerable<InventoryReference> References(SqliteConnection connection, SqliteTransaction transaction)
    {
        using var command = connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = "SELECT mirror, path, since, until, blob FROM entry";
        using var reader = command.ExecuteReader();
        while (reader.Read())
        {
            yield return new InventoryReference(
                reader.GetInt64(0), reader.GetString(1), reader.GetInt64(2), reader.IsDBNull(3) ? null : reader.GetInt64(3), reader.GetInt64(4));
        }
    }

    /// <summary>Every blob that is a manifest or needed by one, read as it is asked for.</summary>
    public static IEnumerable<(long Blob, string Repository)> Manifests(SqliteConnection connection, SqliteTransaction transaction)
    {
        using var command = connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandText =
            """
            SELECT m.blob, r.name FROM oci_manifest m JOIN oci_repository r ON r.id = m.repository
            UNION ALL SELECT f.blob, r.name FROM oci_reference f JOIN oci_manifest m ON m.id = f.manifest JOIN oci_repository r ON r.id = m.repository
            """;
        using var reader = command.ExecuteReader();
        while (reader.Read())
            yield return (reader.GetInt64(0), reader.GetString(1));
    }

    /// <summary>Forgets which repositories were sent blobs that no manifest of theirs has needed since the cutoff.</summary>
    public static int PruneLinks(StateTransaction transaction, DateTimeOffset cutoff)
        => transaction.Execute(
            """
            DELETE FROM oci_blob WHERE linked_at < @cutoff AND NOT EXISTS
              (SELECT 1 FROM oci_reference f JOIN oci_manifest m ON m.id = f.manifest WHERE f.blob = oci_blob.blob AND m.repository = oci_blob.repository)
            """,
            new { cutoff = cutoff.ToUnixTimeMilliseconds() });

    public static IReadOnlyList<InventoryBlob> Blobs(SqliteConnection connection, SqliteTransaction transaction)
        => [.. connection.Query<(long Id, byte[] Digest, long Size, long StoredAt, long? ReleasedAt)>(
                "SELECT id, digest, size, stored_at, released_at FROM blob", transaction: transaction)
            .Select(static row => new InventoryBlob(
                row.Id, new Sha256Digest(row.Digest), row.Size, DateTimeOffset.FromUnixTimeMilliseconds(row.StoredAt),
                row.ReleasedAt is { } at ? DateTimeOffset.FromUnixTimeMilliseconds(at) : null))];

    /// <summary>Drops snapshots of a mirror, unless one became current or the retention was changed meanwhile; the files that no
    /// remaining snapshot has go too, and their blobs are released.</summary>
    /// <returns>The numbers that were dropped.</returns>
    public static IReadOnlyList<long> Drop(
        StateTransaction transaction, long mirror, Retention retention, IReadOnlyList<long> numbers, DateTimeOffset now)
    {
        var dropped = transaction.Query<long>(
            """
            DELETE FROM snapshot
            WHERE mirror = @mirror AND number IN (SELECT value FROM json_each(@numbers))
              AND number < (SELECT max(number) FROM snapshot WHERE mirror = @mirror)
              AND EXISTS (SELECT 1 FROM mirror WHERE id = @mirror AND keep_snapshots IS @KeepSnapshots AND keep_days IS @KeepDays)
            RETURNING number
            """,
            new { mirror, numbers = JsonSerializer.Serialize(numbers), retention.KeepSnapshots, retention.KeepDays }).AsList();
        if (dropped.Count == 0)
            return dropped;
        const string unheld =
            """
            FROM entry e WHERE e.mirror = @mirror AND e.until IS NOT NULL AND NOT EXISTS
              (SELECT 1 FROM snapshot s WHERE s.mirror = e.mirror AND s.number >= e.since AND s.number < e.until)
            """;
        transaction.Execute(
            $"UPDATE blob SET released_at = @now WHERE id IN (SELECT e.blob {unheld})", new { mirror, now = now.ToUnixTimeMilliseconds() });
        transaction.Execute(
            $"DELETE FROM entry WHERE (mirror, path, since) IN (SELECT e.mirror, e.path, e.since {unheld})", new { mirror });
        return dropped;
    }

    /// <summary>Deletes a blob's row if still nothing refers to it and it was not needed since the cutoff.</summary>
    public static bool Sweep(StateTransaction transaction, Sha256Digest digest, DateTimeOffset cutoff)
    {
        var gone = transaction.Scalar<long?>(
            """
            SELECT id FROM blob WHERE digest = @digest AND stored_at < @cutoff AND (released_at IS NULL OR released_at < @cutoff)
              AND NOT EXISTS (SELECT 1 FROM entry WHERE entry.blob = blob.id)
              AND NOT EXISTS (SELECT 1 FROM oci_manifest WHERE oci_manifest.blob = blob.id)
              AND NOT EXISTS (SELECT 1 FROM oci_reference WHERE oci_reference.blob = blob.id)
              AND NOT EXISTS (SELECT 1 FROM oci_blob WHERE oci_blob.blob = blob.id AND oci_blob.linked_at >= @cutoff)
            """,
            new { digest = digest.ToBytes(), cutoff = cutoff.ToUnixTimeMilliseconds() });
        if (gone is not { } id)
            return false;
        transaction.Execute("DELETE FROM oci_blob WHERE blob = @id", new { id });
        transaction.Execute("DELETE FROM oci_sha512 WHERE blob = @id", new { id });
        transaction.Execute("DELETE FROM blob WHERE id = @id", new { id });
        return true;
    }
}
