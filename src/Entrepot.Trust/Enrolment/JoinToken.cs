using System.Buffers;
using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using Entrepot.Core.Faults;

namespace Entrepot.Trust.Enrolment;

/// <summary>What lets one machine join: <c>ejt1.SECRET.FINGERPRINT</c>, both of 32 bytes in base64url (RFC 4648 §5). The fingerprint is the
/// SHA-256 of the authority's certificate, so that the machine knows the origin before it gives the secret away.</summary>
public sealed class JoinToken
{
    /// <summary>What every token begins with: searchable in logs and repositories where none may be.</summary>
    public const string Prefix = "ejt1.";

    private const int SecretBytes = 32;

    private readonly byte[] _secret;

    private JoinToken(byte[] secret, string authority) => (_secret, Authority) = (secret, authority);

    /// <summary>SHA-256 of the authority's certificate, hexadecimal in lower case.</summary>
    public string Authority { get; }

    /// <summary>SHA-256 of the secret: all that the origin keeps. The secret is random, so it needs no slow hash.</summary>
    public byte[] Hash => SHA256.HashData(_secret);

    /// <summary>Draws a token.</summary>
    /// <param name="authority">SHA-256 of the authority's certificate, hexadecimal.</param>
    public static JoinToken Create(string authority) => new(RandomNumberGenerator.GetBytes(SecretBytes), authority);

    /// <summary>Reads a token.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out JoinToken? token)
    {
        token = null;
        if (text?.Trim() is not { } trimmed || !trimmed.StartsWith(Prefix, StringComparison.Ordinal)
            || trimmed[Prefix.Length..].Split('.') is not [var secret, var authority]
            || Read(secret) is not { } bytes || Read(authority) is not { } fingerprint)
            return false;
        token = new JoinToken(bytes, Convert.ToHexStringLower(fingerprint));
        return true;
    }

    /// <summary>As <see cref="TryParse"/>, throwing. The text is not in the message.</summary>
    /// <exception cref="FaultException"><see cref="EnrolmentFault.Malformed"/>.</exception>
    public static JoinToken Parse(string? text) => TryParse(text, out var token)
        ? token
        : throw Fault.Of(
            EnrolmentFault.Malformed, FaultKind.Invalid, "What was given is no join token.", $"Give what 'entrepot node token' printed, whole: it begins with {Prefix}").ToException();

    /// <summary>The whole token, secret included.</summary>
    public string Reveal() => $"{Prefix}{Base64Url.EncodeToString(_secret)}.{Base64Url.EncodeToString(Convert.FromHexString(Authority))}";

    /// <summary>Without the secret.</summary>
    public override string ToString() => Prefix + "…";

    private static byte[]? Read(string text)
    {
        var bytes = new byte[SecretBytes];
        // Only the one spelling that is written: 43 characters whose last has no stray bits.
        return text.Length == 43 && Base64Url.DecodeFromChars(text, bytes, out _, out var written) == OperationStatus.Done && written == SecretBytes && Base64Url.EncodeToString(bytes) == text
            ? bytes
            : null;
    }
}
