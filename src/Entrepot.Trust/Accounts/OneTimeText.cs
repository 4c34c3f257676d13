using System.Buffers;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Entrepot.Trust.Accounts;

/// <summary>Texts that open something once: invitations, recovery codes, sessions. Each is random enough that its SHA-256 alone can be kept.</summary>
public static class OneTimeText
{
    /// <summary>Recovery codes of an account.</summary>
    public const int RecoveryCodes = 10;

    private const int RecoveryGroups = 4;
    private const int GroupLength = 4;

    // Without letters that are taken for digits or for each other (Crockford's base 32).
    private const string Alphabet = "0123456789abcdefghjkmnpqrstvwxyz";

    private static readonly SearchValues<char> Letters = SearchValues.Create(Alphabet);

    /// <summary>256 random bits behind a word that tells what they are.</summary>
    public static string New(string prefix) => prefix + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));

    /// <summary>A recovery code of 80 bits: <c>xxxx-xxxx-xxxx-xxxx</c>.</summary>
    public static string NewRecoveryCode()
        => string.Join('-', Enumerable.Range(0, RecoveryGroups).Select(static _ => RandomNumberGenerator.GetString(Alphabet, GroupLength)));

    /// <summary>True for the form of a recovery code, however it is written.</summary>
    public static bool IsRecoveryCode(string text) => Plain(text) is { Length: RecoveryGroups * GroupLength } plain && !plain.AsSpan().ContainsAnyExcept(Letters);

    /// <summary>What is kept of a recovery code.</summary>
    public static string HashOfRecoveryCode(string code) => HashOf(Plain(code));

    /// <summary>What is kept of a text.</summary>
    public static string HashOf(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    private static string Plain(string code)
        => code.Replace("-", "", StringComparison.Ordinal).Replace(" ", "", StringComparison.Ordinal).ToLowerInvariant()
            .Replace('o', '0').Replace('i', '1').Replace('l', '1');
}
