using System.Buffers.Text;
using Microsoft.IdentityModel.Tokens;

namespace Entrepot.Trust.Tokens;

/// <summary>The public half of a key pair on P-256 (FIPS 186-5). The name of a key is its thumbprint (RFC 7638).</summary>
internal class VerifyingKey
{
    public VerifyingKey(string x, string y, DateTimeOffset? retiresAt)
    {
        // Keys in this form are instantiated by the library for each thread; an ECDsa of our own would be shared.
        Public = Jwk(x, y, null);
        Id = Base64Url.EncodeToString(Public.ComputeJwkThumbprint());
        Public.KeyId = Id;
        RetiresAt = retiresAt;
    }

    public string Id { get; }

    public JsonWebKey Public { get; }

    /// <summary>From when on it verifies nothing; null for the one that signs.</summary>
    public DateTimeOffset? RetiresAt { get; }

    protected static JsonWebKey Jwk(string x, string y, string? d) => new()
    {
        Kty = JsonWebAlgorithmsKeyTypes.EllipticCurve,
        Crv = JsonWebKeyECTypes.P256,
        Use = JsonWebKeyUseNames.Sig,
        Alg = TokenFormat.Algorithm,
        X = x,
        Y = y,
        D = d,
    };
}
