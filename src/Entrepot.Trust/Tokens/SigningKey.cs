using System.Buffers.Text;
using System.Security.Cryptography;
using Microsoft.IdentityModel.Tokens;

namespace Entrepot.Trust.Tokens;

/// <summary>A key pair that signs tokens, or did.</summary>
internal sealed class SigningKey : VerifyingKey
{
    private SigningKey(ECParameters pair, DateTimeOffset createdAt, DateTimeOffset? retiresAt)
        : base(Base64Url.EncodeToString(pair.Q.X), Base64Url.EncodeToString(pair.Q.Y), retiresAt)
    {
        Private = Jwk(Public.X, Public.Y, Base64Url.EncodeToString(pair.D));
        Private.KeyId = Id;
        CreatedAt = createdAt;
    }

    public JsonWebKey Private { get; }

    public DateTimeOffset CreatedAt { get; }

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
}
