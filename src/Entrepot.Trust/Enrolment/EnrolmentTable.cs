using System.Text.Json;
using Dapper;
using Entrepot.Core.Identities;
using Entrepot.Core.State;
using Entrepot.Trust.Authority;

namespace Entrepot.Trust.Enrolment;

/// <summary>A token as it is kept.</summary>
internal sealed class TokenRow
{
    public string Role { get; init; } = "";

    public string? Site { get; init; }

    public string? Node { get; init; }

    public long ExpiresAt { get; init; }

    public long? UsedAt { get; init; }

    public string? UsedBy { get; init; }
}

/// <summary>The only SQL of enrolment.</summary>
internal static class EnrolmentTable
{
    private const string SelectNodes =
        """
        SELECT name, role, site, hosts, enrolled_at AS EnrolledAt, renewed_at AS RenewedAt, draining, revoked_at AS RevokedAt, revoked_why AS RevokedWhy
        FROM enrolled_nodes
        """;

    public static IReadOnlyList<EnrolledNode> ReadNodes(StateDatabase database)
        => database.Read(static connection => connection.Query<NodeRow>($"{SelectNodes} ORDER BY name").Select(ToNode).ToList());

    public static IReadOnlyList<EnrolledNode> ReadNodes(StateTransaction transaction)
        => [.. transaction.Query<NodeRow>($"{SelectNodes} ORDER BY name").Select(ToNode)];

    public static EnrolledNode? FindNode(StateTransaction transaction, NodeName name)
        => transaction.Query<NodeRow>($"{SelectNodes} WHERE name = @name", new { name = name.Value }).Select(ToNode).SingleOrDefault();

    public static void PutNode(StateTransaction transaction, EnrolledNode node)
        => transaction.Execute(
            """
            INSERT INTO enrolled_nodes (name, role, site, hosts, enrolled_at, renewed_at, draining, revoked_at, revoked_why)
            VALUES (@name, @role, @site, @hosts, @enrolledAt, @renewedAt, @draining, @revokedAt, @revokedWhy)
            ON CONFLICT (name) DO UPDATE SET
                hosts = excluded.hosts, renewed_at = excluded.renewed_at, draining = excluded.draining, revoked_at = excluded.revoked_at, revoked_why = excluded.revoked_why
            """,
            new
            {
                name = node.Name.Value, role = NodeIdentity.TextOf(node.Role), site = node.Site, hosts = JsonSerializer.Serialize(node.Hosts, TrustJson.Default.ImmutableArrayString),
                enrolledAt = node.EnrolledAt.ToUnixTimeMilliseconds(), renewedAt = node.RenewedAt.ToUnixTimeMilliseconds(), draining = node.Draining ? 1 : 0,
                revokedAt = node.RevokedAt?.ToUnixTimeMilliseconds(), revokedWhy = node.RevokedWhy,
            });

    public static void RemoveNode(StateTransaction transaction, NodeName name)
        => transaction.Execute("DELETE FROM enrolled_nodes WHERE name = @name", new { name = name.Value });

    public static void AddToken(StateTransaction transaction, byte[] hash, TokenOrder order, DateTimeOffset now)
        => transaction.Execute(
            "INSERT INTO join_tokens (hash, role, site, node, created_at, expires_at) VALUES (@hash, @role, @site, @node, @createdAt, @expiresAt)",
            new
            {
                hash, role = NodeIdentity.TextOf(order.Role), site = order.Site, node = order.Node?.Value,
                createdAt = now.ToUnixTimeMilliseconds(), expiresAt = (now + order.Life).ToUnixTimeMilliseconds(),
            });

    public static TokenRow? FindToken(StateTransaction transaction, byte[] hash)
        => transaction.Query<TokenRow>(
            "SELECT role, site, node, expires_at AS ExpiresAt, used_at AS UsedAt, used_by AS UsedBy FROM join_tokens WHERE hash = @hash", new { hash }).SingleOrDefault();

    public static void UseToken(StateTransaction transaction, byte[] hash, NodeName by, DateTimeOffset now)
        => transaction.Execute("UPDATE join_tokens SET used_at = @at, used_by = @by WHERE hash = @hash", new { hash, at = now.ToUnixTimeMilliseconds(), by = by.Value });

    public static long CountOpenTokens(StateTransaction transaction, DateTimeOffset now)
        => transaction.Scalar<long>("SELECT count(*) FROM join_tokens WHERE used_at IS NULL AND expires_at > @now", new { now = now.ToUnixTimeMilliseconds() });

    /// <summary>Forgets tokens that ended so long ago that nobody asks why any more.</summary>
    public static void ForgetTokens(StateTransaction transaction, DateTimeOffset before)
        => transaction.Execute("DELETE FROM join_tokens WHERE expires_at < @before", new { before = before.ToUnixTimeMilliseconds() });

    public static IReadOnlyList<Revocation> ReadRevocations(StateDatabase database)
        => database.Read(static connection => connection.Query<(string Node, long Until)>("SELECT node, until FROM revocations ORDER BY node")
            .Select(static row => new Revocation(NodeName.Parse(row.Node), At(row.Until))).ToList());

    public static void PutRevocation(StateTransaction transaction, Revocation revocation)
        => transaction.Execute(
            "INSERT INTO revocations (node, until) VALUES (@node, @until) ON CONFLICT (node) DO UPDATE SET until = excluded.until",
            new { node = revocation.Name.Value, until = revocation.Until.ToUnixTimeMilliseconds() });

    public static void RemoveRevocation(StateTransaction transaction, NodeName node)
        => transaction.Execute("DELETE FROM revocations WHERE node = @node", new { node = node.Value });

    private static EnrolledNode ToNode(NodeRow row) => new(
        NodeName.Parse(row.Name), NodeIdentity.TryParseRole(row.Role, out var role) ? role : NodeRole.Edge, row.Site,
        JsonSerializer.Deserialize(row.Hosts, TrustJson.Default.ImmutableArrayString), At(row.EnrolledAt), At(row.RenewedAt))
    {
        Draining = row.Draining != 0,
        RevokedAt = row.RevokedAt is { } revoked ? At(revoked) : null,
        RevokedWhy = row.RevokedWhy,
    };

    private static DateTimeOffset At(long milliseconds) => DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);

    private sealed class NodeRow
    {
        public string Name { get; init; } = "";

        public string Role { get; init; } = "";

        public string? Site { get; init; }

        public string Hosts { get; init; } = "";

        public long EnrolledAt { get; init; }

        public long RenewedAt { get; init; }

        public long Draining { get; init; }

        public long? RevokedAt { get; init; }

        public string? RevokedWhy { get; init; }
    }
}
