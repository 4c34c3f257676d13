using System.Buffers.Text;
using System.Security.Cryptography;
using Microsoft.IdentityModel.Tokens;

namespace Entrepot.Trust.Tokens;

/// <summary>A key pair on P-256 (FIPS 186-5). The name of a key is its thumbprint (RFC 7638).</summary>
internal sealed class SigningKey
{
    private SigningKey(ECParameters pair, DateTimeOffset createdAt, DateTimeOffset? retiresAt)
    {
        // Keys in this form are instantiated by the library for each thread; an ECDsa of our own would be shared.
        Public = Jwk(pair with { D = null });
        Id = Base64Url.EncodeToString(Public.ComputeJwkThumbprint());
        Public.KeyId = Id;
        Private = Jwk(pair);
        Private.KeyId = Id;
        (CreatedAt, RetiresAt) = (createdAt, retiresAt);
    }

    public string Id { get; }

    public JsonWebKey Public { get; }

    public JsonWebKey Private { get; }

    public DateTimeOffset CreatedAt { get; }

    /// <summary>From when on it verifies nothing; null for the one that signs.</summary>
    public DateTimeOffset? RetiresAt { get; }

    public static SigningKey Create(DateTimeOffset now)
    {
        using var pair = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return new SigningKey(pair.ExportParameters(includePrivateParameters: true), now, null);
    }

    /// <summary>Reads what <see cref="Export"/> wrote.</summary>
    public static SigningKey Import(ReadOnlySpan<byte> pkcs8, DateTimeOffset createdAt, DateTimeOffset? retiresAt)
    {
        using var pair = ECDsa.Create();
        pair.ImportPkcs8PrivateKey(pkcs8, out _);
        return new SigningKey(pair.ExportParameters(includePrivateParameters: true), createdAt, retiresAt);
    }

    /// <summary>The pair as PKCS #8, to be sealed.</summary>
    public byte[] Export()
    {
        using var pair = ECDsa.Create(new ECParameters
        {
            Curve = ECCurve.NamedCurves.nistP256,
            D = Base64Url.DecodeFromChars(Private.D),
            Q = new ECPoint { X = Base64Url.DecodeFromChars(Private.X), Y = Base64Url.DecodeFromChars(Private.Y) },
        });
        return pair.ExportPkcs8PrivateKey();
    }

    private static JsonWebKey Jwk(ECParameters pair) => new()
    {
        Kty = JsonWebAlgorithmsKeyTypes.EllipticCurve,
        Crv = JsonWebKeyECTypes.P256,
        Use = JsonWebKeyUseNames.Sig,
        Alg = TokenFormat.Algorithm,
        X = Base64Url.EncodeToString(pair.Q.X),
        Y = Base64Url.EncodeToString(pair.Q.Y),
        D = pair.D is null ? null : Base64Url.EncodeToString(pair.D),
    };
}
