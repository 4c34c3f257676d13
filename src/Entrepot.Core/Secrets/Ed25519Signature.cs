using System.Security.Cryptography;
using Org.BouncyCastle.Math.EC.Rfc8032;

namespace Entrepot.Core.Secrets;

/// <summary>Signs by Ed25519 (RFC 8032 §5.1), which .NET does not have in this version.</summary>
public static class Ed25519Signature
{
    /// <summary>Bytes of a public key.</summary>
    public const int PublicKeyBytes = 32;

    /// <summary>Bytes of a private key.</summary>
    public const int PrivateKeyBytes = 32;

    /// <summary>Bytes of a signature.</summary>
    public const int Bytes = 64;

    /// <summary>What stands before a public key in a SubjectPublicKeyInfo (RFC 8410 §4).</summary>
    private static readonly byte[] PublicKeyPrefix = Convert.FromHexString("302a300506032b6570032100");

    /// <summary>Makes a private key.</summary>
    public static byte[] CreatePrivateKey() => RandomNumberGenerator.GetBytes(PrivateKeyBytes);

    /// <summary>The public key of a private one.</summary>
    public static byte[] PublicKeyOf(byte[] privateKey)
    {
        var key = new byte[PublicKeyBytes];
        Ed25519.GeneratePublicKey(privateKey, 0, key, 0);
        return key;
    }

    /// <summary>Signs.</summary>
    public static byte[] Sign(byte[] privateKey, byte[] message)
    {
        var signature = new byte[Bytes];
        Ed25519.Sign(privateKey, 0, message, 0, message.Length, signature, 0);
        return signature;
    }

    /// <summary>True when the key's owner signed the message.</summary>
    public static bool Verify(byte[] publicKey, byte[] message, byte[] signature)
        => publicKey.Length == PublicKeyBytes && signature.Length == Bytes
            && Ed25519.Verify(signature, 0, publicKey, 0, message, 0, message.Length);

    /// <summary>The public key as PEM, for OpenSSL and its like.</summary>
    public static string ToPem(byte[] publicKey) => PemEncoding.WriteString("PUBLIC KEY", [.. PublicKeyPrefix, .. publicKey]) + "\n";

    /// <summary>Reads a public key from PEM; null when it is none of this kind.</summary>
    public static byte[]? FromPem(string pem)
    {
        if (!PemEncoding.TryFind(pem, out var fields) || pem[fields.Label] is not "PUBLIC KEY")
            return null;
        var bytes = Convert.FromBase64String(pem[fields.Base64Data]);
        return bytes.Length == PublicKeyPrefix.Length + PublicKeyBytes && bytes.AsSpan().StartsWith(PublicKeyPrefix) ? bytes[PublicKeyPrefix.Length..] : null;
    }
}
