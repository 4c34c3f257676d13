using Dapper;
using Entrepot.Core.State;
using Entrepot.Trust.Access;
using Microsoft.Data.Sqlite;

namespace Entrepot.Trust.Tokens;

/// <summary>SQL of the table <c>token</c>.</summary>
internal static class TokenTable
{
    private const string Columns = "id, name, roles, mirrors, kid, issued_at, issued_by, expires_at, revoked_at, revoked_by";

    public static void Insert(StateTransaction transaction, TokenRecord token)
        => transaction.Execute(
            "INSERT INTO token (id, name, roles, mirrors, kid, issued_at, issued_by, expires_at) VALUES (@Id, @Name, @Roles, @Mirrors, @KeyId, @IssuedAt, @IssuedBy, @ExpiresAt)",
            new
            {
                token.Grant.Id,
                token.Grant.Name,
                Roles = string.Join(',', Roles.WordsOf(token.Grant.Roles)),
                Mirrors = string.Join(',', token.Grant.Mirrors.Order(StringComparer.Ordinal)),
                token.KeyId,
                IssuedAt = token.Grant.IssuedAt.ToUnixTimeMilliseconds(),
                token.IssuedBy,
                ExpiresAt = token.Grant.ExpiresAt.ToUnixTimeMilliseconds(),
            });

    public static void Revoke(StateTransaction transaction, string id, DateTimeOffset now, string actor)
        => transaction.Execute("UPDATE token SET revoked_at = @now, revoked_by = @actor WHERE id = @id", new { id, now = now.ToUnixTimeMilliseconds(), actor });

    /// <summary>Removes what expired before a time; nothing refers to it any more.</summary>
    public static void Forget(StateTransaction transaction, DateTimeOffset before)
        => transaction.Execute("DELETE FROM token WHERE expires_at < @before", new { before = before.ToUnixTimeMilliseconds() });

    /// <summary>True when a token of that name is neither expired nor revoked.</summary>
    public static bool IsTaken(StateTransaction transaction, string name, DateTimeOffset now)
        => transaction.Scalar<long>(
            "SELECT COUNT(*) FROM token WHERE name = @name AND revoked_at IS NULL AND expires_at > @now", new { name, now = now.ToUnixTimeMilliseconds() }) > 0;

    public static long CountLive(StateTransaction transaction, DateTimeOffset now)
        => transaction.Scalar<long>("SELECT COUNT(*) FROM token WHERE revoked_at IS NULL AND expires_at > @now", new { now = now.ToUnixTimeMilliseconds() });

    /// <summary>The token of an identifier, or the newest of a name; null when there is none.</summary>
    public static TokenRecord? Find(StateTransaction transaction, string idOrName)
        => transaction.Query<Row>($"SELECT {Columns} FROM token WHERE id = @idOrName OR name = @idOrName ORDER BY issued_at DESC LIMIT 1", new { idOrName })
            .FirstOrDefault()?.ToRecord();

    /// <summary>When the last of the tokens that are not revoked expires; null when there is none.</summary>
    public static DateTimeOffset? LastExpiry(StateTransaction transaction)
        => transaction.Scalar<long?>("SELECT MAX(expires_at) FROM token WHERE revoked_at IS NULL") is { } last ? DateTimeOffset.FromUnixTimeMilliseconds(last) : null;

    /// <summary>Every token, by name.</summary>
    public static IReadOnlyList<TokenRecord> Read(SqliteConnection connection)
        => [.. connection.Query<Row>($"SELECT {Columns} FROM token ORDER BY name, issued_at").Select(static row => row.ToRecord())];

    /// <summary>Identifiers of revoked tokens that would still be good otherwise.</summary>
    public static IEnumerable<string> Revoked(SqliteConnection connection) => connection.Query<string>("SELECT id FROM token WHERE revoked_at IS NOT NULL");

#pragma warning disable IDE1006, SA1300 // names are those of the columns
    private sealed record Row(
        string id, string name, string roles, string mirrors, string kid, long issued_at, string issued_by, long expires_at, long? revoked_at, string? revoked_by)
    {
        public TokenRecord ToRecord()
        {
            var role = Role.None;
            foreach (var word in roles.Split(','))
                role |= Roles.TryParse(word, out var one) ? one : Role.None;
            return new TokenRecord(
                new TokenGrant(
                    id, name, role, mirrors.Split(',', StringSplitOptions.RemoveEmptyEntries).ToHashSet(StringComparer.Ordinal),
                    DateTimeOffset.FromUnixTimeMilliseconds(issued_at), DateTimeOffset.FromUnixTimeMilliseconds(expires_at)),
                kid, issued_by, revoked_at is { } at ? DateTimeOffset.FromUnixTimeMilliseconds(at) : null, revoked_by);
        }
    }
#pragma warning restore IDE1006, SA1300
}
