using Dapper;
using Entrepot.Core.Identities;
using Entrepot.Core.State;
using Entrepot.Trust.Access;
using Entrepot.Trust.Authority;

namespace Entrepot.Trust.ClientCertificates;

/// <summary>SQL of the table <c>client_certificates</c>.</summary>
internal static class ClientCertificateTable
{
    private const string Select =
        """
        SELECT serial AS Serial, name AS Name, roles AS Roles, mirrors AS Mirrors, issued_at AS IssuedAt, issued_by AS IssuedBy, expires_at AS ExpiresAt,
            revoked_at AS RevokedAt, revoked_by AS RevokedBy
        FROM client_certificates
        """;

    public static IReadOnlyList<ClientCertificate> Read(StateDatabase database, string network)
        => database.Read(connection => connection.Query<Row>($"{Select} ORDER BY name, issued_at").Select(row => row.ToCertificate(network)).ToList());

    public static IReadOnlyList<ClientCertificate> Find(StateTransaction transaction, string network, NodeName name)
        => [.. transaction.Query<Row>($"{Select} WHERE name = @name ORDER BY issued_at", new { name = name.Value }).Select(row => row.ToCertificate(network))];

    public static long CountNotEnded(StateTransaction transaction, DateTimeOffset now)
        => transaction.Scalar<long>("SELECT COUNT(*) FROM client_certificates WHERE expires_at >= @now", new { now = now.ToUnixTimeMilliseconds() });

    public static void Insert(StateTransaction transaction, ClientCertificate certificate) => transaction.Execute(
        """
        INSERT INTO client_certificates (serial, name, roles, mirrors, issued_at, issued_by, expires_at)
        VALUES (@Serial, @name, @roles, @mirrors, @issuedAt, @IssuedBy, @expiresAt)
        """,
        new
        {
            certificate.Serial, name = certificate.Identity.Name.Value, roles = string.Join(',', Roles.WordsOf(certificate.Identity.Roles)),
            mirrors = string.Join(',', certificate.Identity.Mirrors.Select(static mirror => mirror.Value)), issuedAt = certificate.IssuedAt.ToUnixTimeMilliseconds(),
            certificate.IssuedBy, expiresAt = certificate.ExpiresAt.ToUnixTimeMilliseconds(),
        });

    public static void Revoke(StateTransaction transaction, NodeName name, DateTimeOffset now, string actor) => transaction.Execute(
        "UPDATE client_certificates SET revoked_at = @now, revoked_by = @actor WHERE name = @name AND revoked_at IS NULL",
        new { name = name.Value, now = now.ToUnixTimeMilliseconds(), actor });

    /// <summary>Removes what has ended by itself before a time.</summary>
    public static void Forget(StateTransaction transaction, DateTimeOffset before)
        => transaction.Execute("DELETE FROM client_certificates WHERE expires_at < @before", new { before = before.ToUnixTimeMilliseconds() });

    private sealed class Row
    {
        public string Serial { get; init; } = "";

        public string Name { get; init; } = "";

        public string Roles { get; init; } = "";

        public string Mirrors { get; init; } = "";

        public long IssuedAt { get; init; }

        public string IssuedBy { get; init; } = "";

        public long ExpiresAt { get; init; }

        public long? RevokedAt { get; init; }

        public string? RevokedBy { get; init; }

        public ClientCertificate ToCertificate(string network)
        {
            var roles = Access.Roles.TryParse(Roles.Split(','), out var read, out _) ? read : Role.None;
            var mirrors = Mirrors.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(MirrorName.Parse).ToList();
            return new ClientCertificate(
                Serial, new ClientIdentity(network, NodeName.Parse(Name), roles, mirrors), At(IssuedAt), IssuedBy, At(ExpiresAt),
                RevokedAt is { } revoked ? At(revoked) : null, RevokedBy);
        }

        private static DateTimeOffset At(long milliseconds) => DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);
    }
}
