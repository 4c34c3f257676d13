using System.Security.Cryptography;
using System.Text;
using Dapper;
using Entrepot.Core.Secrets;
using Entrepot.Core.State;

namespace Entrepot.Trust.Changes;

/// <summary>The key by which an origin signs what people approved. Its private half is kept sealed, and open only while it signs.</summary>
public sealed class ChangeKey
{
    private const string Purpose = "change-key";

    private readonly byte[] _sealedKey;
    private readonly SealingKey _sealing;

    private ChangeKey(byte[] sealedKey, SealingKey sealing)
    {
        (_sealedKey, _sealing) = (sealedKey, sealing);
        PublicKey = With(Ed25519Signature.PublicKeyOf);
    }

    /// <summary>Of the key that signs; 32 bytes. Derived from the private one, so that nobody can put another in its place.</summary>
    public byte[] PublicKey { get; }

    /// <summary>The public key as PEM.</summary>
    public string Pem => Ed25519Signature.ToPem(PublicKey);

    /// <summary>Opens the key, or makes it.</summary>
    /// <param name="state">Where it is kept.</param>
    /// <param name="sealing">Seals it; kept by the caller for as long as the key is used.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="Core.Faults.FaultException"><see cref="SecretFault.Broken"/>.</exception>
    public static async Task<ChangeKey> OpenAsync(StateDatabase state, SealingKey sealing, CancellationToken cancellation = default)
    {
        var kept = state.Read(static connection => connection.ExecuteScalar<byte[]>("SELECT sealed FROM change_key"))
            ?? await state.WriteAsync(
                transaction =>
                {
                    var fresh = Ed25519Signature.CreatePrivateKey();
                    transaction.Execute("INSERT INTO change_key (only, sealed) VALUES (1, @Sealed) ON CONFLICT DO NOTHING", new { Sealed = sealing.Seal(fresh, Purpose) });
                    CryptographicOperations.ZeroMemory(fresh);
                    return transaction.Scalar<byte[]>("SELECT sealed FROM change_key")!;
                },
                cancellation);
        return new ChangeKey(kept, sealing);
    }

    /// <summary>Signs a text.</summary>
    public SignedStatement Sign(string statement) => new(statement, With(key => Ed25519Signature.Sign(key, Encoding.UTF8.GetBytes(statement))));

    private byte[] With(Func<byte[], byte[]> use)
    {
        var key = _sealing.Open(_sealedKey, Purpose);
        try
        {
            return use(key);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }
}
