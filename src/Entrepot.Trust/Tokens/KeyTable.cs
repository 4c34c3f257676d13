using System.Security.Cryptography;
using Dapper;
using Entrepot.Core.Secrets;
using Entrepot.Core.State;
using Microsoft.Data.Sqlite;

namespace Entrepot.Trust.Tokens;

/// <summary>SQL of the table <c>token_key</c>. The private halves are there sealed only.</summary>
internal static class KeyTable
{
    public static void Insert(StateTransaction transaction, SigningKey key, SealingKey sealing)
    {
        var pair = key.Export();
        transaction.Execute(
            "INSERT INTO token_key (kid, created_at, sealed) VALUES (@Id, @CreatedAt, @Sealed)",
            new { key.Id, CreatedAt = key.CreatedAt.ToUnixTimeMilliseconds(), Sealed = sealing.Seal(pair, Purpose(key.Id)) });
        CryptographicOperations.ZeroMemory(pair);
    }

    /// <summary>Has the keys that signed until now, and those that retire later than that, verify until a time and no longer.</summary>
    public static void Retire(StateTransaction transaction, DateTimeOffset end)
        => transaction.Execute("UPDATE token_key SET retires_at = @end WHERE retires_at IS NULL OR retires_at > @end", new { end = end.ToUnixTimeMilliseconds() });

    /// <summary>Removes keys that verify nothing any more.</summary>
    public static void Forget(StateTransaction transaction, DateTimeOffset now)
        => transaction.Execute("DELETE FROM token_key WHERE retires_at <= @now", new { now = now.ToUnixTimeMilliseconds() });

    /// <exception cref="Core.Faults.FaultException"><see cref="SecretFault.Broken"/>.</exception>
    public static IReadOnlyList<SigningKey> Read(SqliteConnection connection, SealingKey sealing)
        => [.. connection.Query<Row>("SELECT kid, created_at, retires_at, sealed FROM token_key ORDER BY created_at").Select(row => Open(row, sealing))];

    private static SigningKey Open(Row row, SealingKey sealing)
    {
        var pair = sealing.Open(row.@sealed, Purpose(row.kid));
        try
        {
            return SigningKey.Import(
                pair, DateTimeOffset.FromUnixTimeMilliseconds(row.created_at), row.retires_at is { } end ? DateTimeOffset.FromUnixTimeMilliseconds(end) : null);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(pair);
        }
    }

    private static string Purpose(string id) => $"token-key:{id}";

#pragma warning disable IDE1006, SA1300 // names are those of the columns
    private sealed record Row(string kid, long created_at, long? retires_at, byte[] @sealed);
#pragma warning restore IDE1006, SA1300
}
