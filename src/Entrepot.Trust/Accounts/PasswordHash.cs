using System.Globalization;
using System.Security.Cryptography;
using Entrepot.Core.Faults;

namespace Entrepot.Trust.Accounts;

/// <summary>Keeps passwords as <c>pbkdf2-sha256$ITERATIONS$SALT$HASH</c>, salt and hash in base64 (RFC 8018 §5.2).</summary>
public static class PasswordHash
{
    /// <summary>Shortest password in characters. NIST SP 800-63B-4 §3.1.1.2 asks for 15 where it stands alone and 8 beside a second factor, PCI DSS 8.3.6 for 12.</summary>
    public const int MinLength = 12;

    /// <summary>Longest password in characters; a bound on the work of checking one.</summary>
    public const int MaxLength = 256;

    /// <summary>Iterations of new hashes (OWASP Password Storage Cheat Sheet for PBKDF2-HMAC-SHA256).</summary>
    public const int Iterations = 600_000;

    private const string Name = "pbkdf2-sha256";
    private const int SaltBytes = 16;
    private const int HashBytes = 32;

    /// <summary>What a password is compared with when there is no account, so that it takes as long.</summary>
    public static string OfNobody { get; } = $"{Name}${Iterations}${Convert.ToBase64String(new byte[SaltBytes])}${Convert.ToBase64String(new byte[HashBytes])}";

    /// <summary>Refuses a password that is easily guessed. No rule about kinds of characters: they make passwords worse (SP 800-63B-4 §3.1.1.2).</summary>
    /// <param name="password">The password.</param>
    /// <param name="account">The account's name, which must not be in it.</param>
    /// <exception cref="FaultException"><see cref="AccountFault.Password"/>.</exception>
    public static void Require(string password, string account)
    {
        var why = password.Length < MinLength ? $"has {password.Length} characters, fewer than {MinLength}"
            : password.Length > MaxLength ? $"has more than {MaxLength} characters"
            : password.Contains(account, StringComparison.OrdinalIgnoreCase) ? "contains the account's name"
            : password.Distinct().Count() < 5 ? "consists of fewer than five different characters"
            : IsRun(password) ? "is a run of neighbouring characters"
            : null;
        if (why is not null)
            throw Fault.Of(AccountFault.Password, FaultKind.Invalid, $"The password {why}.", "Take several words that do not belong together.").ToException();
    }

    /// <summary>Hashes a password with a new salt.</summary>
    public static string Of(string password) => Of(password, Iterations);

    /// <summary>True when a password is the one that was hashed. A text that is no hash is nobody's.</summary>
    public static bool Matches(string kept, string password)
    {
        if (kept.Split('$') is not [Name, var count, var salt, var hash] || !int.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out var iterations)
            || iterations is < 1 or > 10 * Iterations)
            return false;
        Span<byte> saltBytes = stackalloc byte[SaltBytes];
        Span<byte> expected = stackalloc byte[HashBytes];
        if (!Convert.TryFromBase64String(salt, saltBytes, out var saltLength) || !Convert.TryFromBase64String(hash, expected, out var hashLength)
            || saltLength != SaltBytes || hashLength != HashBytes)
            return false;
        Span<byte> actual = stackalloc byte[HashBytes];
        Rfc2898DeriveBytes.Pbkdf2(password, saltBytes, actual, iterations, HashAlgorithmName.SHA256);
        return CryptographicOperations.FixedTimeEquals(actual, expected);
    }

    /// <summary>True when a hash was made with fewer iterations than new ones are.</summary>
    public static bool IsOutdated(string kept) => !kept.StartsWith($"{Name}${Iterations}$", StringComparison.Ordinal);

    internal static string Of(string password, int iterations)
    {
        var salt = RandomNumberGenerator.GetBytes(SaltBytes);
        var hash = Rfc2898DeriveBytes.Pbkdf2(password, salt, iterations, HashAlgorithmName.SHA256, HashBytes);
        return string.Create(CultureInfo.InvariantCulture, $"{Name}${iterations}${Convert.ToBase64String(salt)}${Convert.ToBase64String(hash)}");
    }

    private static bool IsRun(string password)
    {
        var step = password[1] - password[0];
        for (var i = 2; i < password.Length; i++)
        {
            if (password[i] - password[i - 1] != step)
                return false;
        }

        return step is 1 or -1;
    }
}
