using OtpNet;

namespace Entrepot.Trust.Accounts;

/// <summary>Time-based one-time passwords (RFC 6238): SHA-1, 30 s, six digits, which every authenticator app takes.</summary>
public static class SecondFactor
{
    /// <summary>Bytes of a key (RFC 4226 §4 R6 recommends 160 bits).</summary>
    public const int KeyBytes = 20;

    /// <summary>Digits of a code.</summary>
    public const int Digits = 6;

    /// <summary>Seconds for which a code is meant.</summary>
    public const int StepSeconds = 30;

    /// <summary>The time step whose code it is: the present one, or the one before or after for clocks that differ.</summary>
    /// <returns>Null when it is of none of them.</returns>
    public static long? StepOf(ReadOnlySpan<byte> key, string code, DateTimeOffset now)
    {
        if (code.Length != Digits || code.AsSpan().ContainsAnyExceptInRange('0', '9'))
            return null;
        var totp = new Totp(key.ToArray(), StepSeconds, OtpHashMode.Sha1, Digits);
        return totp.VerifyTotp(now.UtcDateTime, code, out var step, VerificationWindow.RfcSpecifiedNetworkDelay) ? step : null;
    }

    /// <summary>What an authenticator app is given, as a link or as its QR code.</summary>
    /// <param name="key">The key.</param>
    /// <param name="network">The network's name, shown above the code.</param>
    /// <param name="account">The account's name.</param>
    public static string LinkOf(ReadOnlySpan<byte> key, string network, string account)
        => new OtpUri(OtpType.Totp, key.ToArray(), account, network, OtpHashMode.Sha1, Digits, StepSeconds).ToString();

    /// <summary>The code of a moment.</summary>
    internal static string CodeOf(ReadOnlySpan<byte> key, DateTimeOffset now)
        => new Totp(key.ToArray(), StepSeconds, OtpHashMode.Sha1, Digits).ComputeTotp(now.UtcDateTime);
}
