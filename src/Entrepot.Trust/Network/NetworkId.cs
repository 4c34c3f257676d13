using System.Security.Cryptography;
using Dapper;
using Entrepot.Core.State;

namespace Entrepot.Trust.Network;

/// <summary>What tells one network from every other: 128 random bits, made when its origin starts for the first time.</summary>
public static class NetworkId
{
    /// <summary>The network of a state database, made if there is none: 32 characters of <c>0–9 a–f</c>.</summary>
    public static async Task<string> OpenOrCreateAsync(StateDatabase state, CancellationToken cancellation = default)
        => state.Read(static connection => connection.ExecuteScalar<string>("SELECT id FROM network"))
            ?? await state.WriteAsync(
                static transaction =>
                {
                    transaction.Execute(
                        "INSERT INTO network (only, id) VALUES (1, @id) ON CONFLICT DO NOTHING", new { id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)) });
                    return transaction.Scalar<string>("SELECT id FROM network")!;
                },
                cancellation);
}
