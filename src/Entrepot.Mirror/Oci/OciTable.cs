using Dapper;
using Entrepot.Core.Identities;
using Entrepot.Core.State;
using Microsoft.Data.Sqlite;

namespace Entrepot.Mirror.Oci;

/// <summary>A manifest as it is kept.</summary>
/// <param name="Id">Its row.</param>
/// <param name="Digest">SHA-256 of its bytes.</param>
/// <param name="Size">Their number.</param>
/// <param name="MediaType">What it was pushed as.</param>
/// <param name="ArtifactType">What kind of artifact it is, or null.</param>
/// <param name="Annotations">Its annotations as JSON, or null.</param>
public sealed record StoredManifest(long Id, Sha256Digest Digest, long Size, string MediaType, string? ArtifactType, string? Annotations);

/// <summary>The only SQL of registries.</summary>
internal static class OciTable
{
    private const string Manifest =
        "m.id AS Id, b.digest AS Digest, b.size AS Size, m.media_type AS MediaType, m.artifact_type AS ArtifactType, m.annotations AS Annotations FROM oci_manifest m JOIN blob b ON b.id = m.blob";

    public static long? Repository(SqliteConnection connection, string name) => connection.ExecuteScalar<long?>("SELECT id FROM oci_repository WHERE name = @name", new { name });

    public static long? Repository(StateTransaction transaction, string name) => transaction.Scalar<long?>("SELECT id FROM oci_repository WHERE name = @name", new { name });

    public static long OpenRepository(StateTransaction transaction, long mirror, string name, DateTimeOffset now)
        => Repository(transaction, name) ?? transaction.Scalar<long>(
            "INSERT INTO oci_repository (mirror, name, created_at) VALUES (@mirror, @name, @now) RETURNING id", new { mirror, name, now = now.ToUnixTimeMilliseconds() });

    /// <summary>The blob of a digest, whatever has it.</summary>
    public static long? Blob(StateTransaction transaction, OciDigest digest) => digest.Sha256 is { } sha256
        ? transaction.Scalar<long?>("SELECT id FROM blob WHERE digest = @digest", new { digest = sha256.ToBytes() })
        : transaction.Scalar<long?>("SELECT blob FROM oci_sha512 WHERE digest = @digest", new { digest = Convert.FromHexString(digest.Hex) });

    public static void Name(StateTransaction transaction, OciDigest digest, long blob)
    {
        if (digest.Sha256 is null)
            transaction.Execute("INSERT INTO oci_sha512 (digest, blob) VALUES (@digest, @blob) ON CONFLICT (digest) DO UPDATE SET blob = excluded.blob", new { digest = Convert.FromHexString(digest.Hex), blob });
    }

    /// <summary>The SHA-256 of a repository's blob; null when it has none of that digest.</summary>
    public static Sha256Digest? LinkedBlob(SqliteConnection connection, string repository, OciDigest digest, out long linkedAt)
    {
        var row = connection.QueryFirstOrDefault<(byte[]? Digest, long LinkedAt)>(
            digest.Sha256 is null
                ? "SELECT b.digest, l.linked_at FROM oci_sha512 a JOIN blob b ON b.id = a.blob JOIN oci_blob l ON l.blob = b.id JOIN oci_repository r ON r.id = l.repository WHERE a.digest = @digest AND r.name = @repository"
                : "SELECT b.digest, l.linked_at FROM blob b JOIN oci_blob l ON l.blob = b.id JOIN oci_repository r ON r.id = l.repository WHERE b.digest = @digest AND r.name = @repository",
            new { digest = Convert.FromHexString(digest.Hex), repository });
        linkedAt = row.LinkedAt;
        return row.Digest is { } found ? new Sha256Digest(found) : null;
    }

    public static IReadOnlyList<string> HoldersOf(SqliteConnection connection, OciDigest digest) => connection.Query<string>(
        digest.Sha256 is null
            ? "SELECT r.name FROM oci_sha512 a JOIN oci_blob l ON l.blob = a.blob JOIN oci_repository r ON r.id = l.repository WHERE a.digest = @digest LIMIT 10"
            : "SELECT r.name FROM blob b JOIN oci_blob l ON l.blob = b.id JOIN oci_repository r ON r.id = l.repository WHERE b.digest = @digest LIMIT 10",
        new { digest = Convert.FromHexString(digest.Hex) }).AsList();

    public static void Link(StateTransaction transaction, long repository, long blob, DateTimeOffset now) => transaction.Execute(
        "INSERT INTO oci_blob (repository, blob, linked_at) VALUES (@repository, @blob, @now) ON CONFLICT (repository, blob) DO UPDATE SET linked_at = excluded.linked_at",
        new { repository, blob, now = now.ToUnixTimeMilliseconds() });

    public static bool IsLinked(StateTransaction transaction, long repository, long blob)
        => transaction.Scalar<long>("SELECT COUNT(*) FROM oci_blob WHERE repository = @repository AND blob = @blob", new { repository, blob }) > 0;

    public static bool Unlink(StateTransaction transaction, long repository, long blob, DateTimeOffset now)
    {
        Release(transaction, blob, now);
        return transaction.Execute("DELETE FROM oci_blob WHERE repository = @repository AND blob = @blob", new { repository, blob }) > 0;
    }

    /// <summary>A manifest that needs a blob, by its digest; null when none of the repository does.</summary>
    public static byte[]? UserOf(StateTransaction transaction, long repository, long blob) => transaction.Scalar<byte[]?>(
        "SELECT b.digest FROM oci_reference f JOIN oci_manifest m ON m.id = f.manifest JOIN blob b ON b.id = m.blob WHERE f.blob = @blob AND m.repository = @repository LIMIT 1",
        new { repository, blob });

    /// <summary>Notes that a blob was needed until now, so that its grace period begins.</summary>
    public static void Release(StateTransaction transaction, long blob, DateTimeOffset now)
        => transaction.Execute("UPDATE blob SET released_at = @now WHERE id = @blob", new { blob, now = now.ToUnixTimeMilliseconds() });

    public static long? ManifestId(StateTransaction transaction, long repository, long blob)
        => transaction.Scalar<long?>("SELECT id FROM oci_manifest WHERE repository = @repository AND blob = @blob", new { repository, blob });

    public static long PutManifest(StateTransaction transaction, long repository, long blob, OciManifest manifest, DateTimeOffset now) => transaction.Scalar<long>(
        """
        INSERT INTO oci_manifest (repository, blob, media_type, artifact_type, subject, annotations, pushed_at)
        VALUES (@repository, @blob, @MediaType, @ArtifactType, @subject, @Annotations, @now)
        ON CONFLICT (repository, blob) DO UPDATE SET media_type = excluded.media_type, pushed_at = excluded.pushed_at
        RETURNING id
        """,
        new { repository, blob, manifest.MediaType, manifest.ArtifactType, subject = manifest.Subject?.Digest.ToString(), manifest.Annotations, now = now.ToUnixTimeMilliseconds() });

    public static void PutReference(StateTransaction transaction, long manifest, long blob)
        => transaction.Execute("INSERT INTO oci_reference (manifest, blob) VALUES (@manifest, @blob) ON CONFLICT DO NOTHING", new { manifest, blob });

    public static void PutTag(StateTransaction transaction, long repository, string name, long manifest, DateTimeOffset now) => transaction.Execute(
        "INSERT INTO oci_tag (repository, name, manifest, updated_at) VALUES (@repository, @name, @manifest, @now) ON CONFLICT (repository, name) DO UPDATE SET manifest = excluded.manifest, updated_at = excluded.updated_at",
        new { repository, name, manifest, now = now.ToUnixTimeMilliseconds() });

    public static byte[]? TaggedDigest(StateTransaction transaction, long repository, string name) => transaction.Scalar<byte[]?>(
        "SELECT b.digest FROM oci_tag t JOIN oci_manifest m ON m.id = t.manifest JOIN blob b ON b.id = m.blob WHERE t.repository = @repository AND t.name = @name", new { repository, name });

    public static bool DeleteTag(StateTransaction transaction, long repository, string name)
        => transaction.Execute("DELETE FROM oci_tag WHERE repository = @repository AND name = @name", new { repository, name }) > 0;

    /// <summary>Removes a manifest with its tags, and begins the grace period of what it needed.</summary>
    public static void DeleteManifest(StateTransaction transaction, long manifest, DateTimeOffset now)
    {
        transaction.Execute(
            "UPDATE blob SET released_at = @now WHERE id IN (SELECT blob FROM oci_reference WHERE manifest = @manifest UNION SELECT blob FROM oci_manifest WHERE id = @manifest)",
            new { manifest, now = now.ToUnixTimeMilliseconds() });
        transaction.Execute("DELETE FROM oci_tag WHERE manifest = @manifest", new { manifest });
        transaction.Execute("DELETE FROM oci_reference WHERE manifest = @manifest", new { manifest });
        transaction.Execute("DELETE FROM oci_manifest WHERE id = @manifest", new { manifest });
    }

    public static StoredManifest? ByTag(SqliteConnection connection, string repository, string tag) => connection.QueryFirstOrDefault<Row>(
        $"SELECT {Manifest} JOIN oci_tag t ON t.manifest = m.id JOIN oci_repository r ON r.id = t.repository WHERE r.name = @repository AND t.name = @tag", new { repository, tag })?.ToManifest();

    public static StoredManifest? ByDigest(SqliteConnection connection, string repository, OciDigest digest) => connection.QueryFirstOrDefault<Row>(
        digest.Sha256 is null
            ? $"SELECT {Manifest} JOIN oci_repository r ON r.id = m.repository JOIN oci_sha512 a ON a.blob = b.id WHERE a.digest = @digest AND r.name = @repository"
            : $"SELECT {Manifest} JOIN oci_repository r ON r.id = m.repository WHERE b.digest = @digest AND r.name = @repository",
        new { digest = Convert.FromHexString(digest.Hex), repository })?.ToManifest();

    public static IReadOnlyList<StoredManifest> Referrers(SqliteConnection connection, string repository, string subject) =>
        [.. connection.Query<Row>($"SELECT {Manifest} JOIN oci_repository r ON r.id = m.repository WHERE r.name = @repository AND m.subject = @subject ORDER BY m.id", new { repository, subject })
            .Select(static row => row.ToManifest())];

    public static IReadOnlyList<string> Tags(SqliteConnection connection, long repository, string after, int count) =>
        connection.Query<string>("SELECT name FROM oci_tag WHERE repository = @repository AND name > @after ORDER BY name LIMIT @count", new { repository, after, count }).AsList();

    public static IReadOnlyList<string> Repositories(SqliteConnection connection, string after, int count) =>
        connection.Query<string>("SELECT name FROM oci_repository WHERE name > @after ORDER BY name LIMIT @count", new { after, count }).AsList();

    /// <summary>Removes what a mirror's repositories hold, and begins the grace period of its blobs.</summary>
    public static void DeleteMirror(StateTransaction transaction, long mirror, DateTimeOffset now)
    {
        var values = new { mirror, now = now.ToUnixTimeMilliseconds() };
        const string repositories = "(SELECT id FROM oci_repository WHERE mirror = @mirror)";
        transaction.Execute($"UPDATE blob SET released_at = @now WHERE id IN (SELECT blob FROM oci_blob WHERE repository IN {repositories} UNION SELECT blob FROM oci_manifest WHERE repository IN {repositories})", values);
        transaction.Execute($"DELETE FROM oci_tag WHERE repository IN {repositories}", values);
        transaction.Execute($"DELETE FROM oci_reference WHERE manifest IN (SELECT id FROM oci_manifest WHERE repository IN {repositories})", values);
        transaction.Execute($"DELETE FROM oci_manifest WHERE repository IN {repositories}", values);
        transaction.Execute($"DELETE FROM oci_blob WHERE repository IN {repositories}", values);
        transaction.Execute("DELETE FROM oci_repository WHERE mirror = @mirror", values);
    }

    private sealed record Row(long Id, byte[] Digest, long Size, string MediaType, string? ArtifactType, string? Annotations)
    {
        public StoredManifest ToManifest() => new(Id, new Sha256Digest(Digest), Size, MediaType, ArtifactType, Annotations);
    }
}
