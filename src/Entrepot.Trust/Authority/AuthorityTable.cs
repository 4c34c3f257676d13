using Dapper;
using Entrepot.Core.State;

namespace Entrepot.Trust.Authority;

/// <summary>An authority as it is kept.</summary>
internal sealed record AuthorityRow(string Fingerprint, string Network, byte[] Certificate, byte[] SealedKey, long SignsFrom, long? TrustedUntil);

/// <summary>The authorities' only SQL.</summary>
internal static class AuthorityTable
{
    private const string Select =
        "SELECT fingerprint, network, certificate, sealed_key AS SealedKey, signs_from AS SignsFrom, trusted_until AS TrustedUntil FROM authorities ORDER BY signs_from";

    public static IReadOnlyList<AuthorityRow> Read(StateDatabase database)
        => database.Read(static connection => connection.Query<Row>(Select).Select(ToRow).ToList());

    public static void Add(StateTransaction transaction, AuthorityRow row)
        => transaction.Execute(
            "INSERT INTO authorities (fingerprint, network, certificate, sealed_key, signs_from, trusted_until) VALUES (@Fingerprint, @Network, @Certificate, @SealedKey, @SignsFrom, @TrustedUntil)",
            row);

    public static void End(StateTransaction transaction, string fingerprint, long until)
        => transaction.Execute("UPDATE authorities SET trusted_until = @until WHERE fingerprint = @fingerprint", new { fingerprint, until });

    public static void Remove(StateTransaction transaction, string fingerprint)
        => transaction.Execute("DELETE FROM authorities WHERE fingerprint = @fingerprint", new { fingerprint });

    private static AuthorityRow ToRow(Row row) => new(row.Fingerprint, row.Network, row.Certificate, row.SealedKey, row.SignsFrom, row.TrustedUntil);

    private sealed class Row
    {
        public string Fingerprint { get; init; } = "";

        public string Network { get; init; } = "";

        public byte[] Certificate { get; init; } = [];

        public byte[] SealedKey { get; init; } = [];

        public long SignsFrom { get; init; }

        public long? TrustedUntil { get; init; }
    }
}
