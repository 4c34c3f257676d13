using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Entrepot.Trust.Urls;

/// <summary>A key that signs addresses: HMAC-SHA-256 (RFC 2104). Whoever has it may read everything; it goes to nodes of the network only.</summary>
/// <param name="Epoch">The hour that it is for, counted from 1970 UTC.</param>
/// <param name="Secret">32 bytes.</param>
public sealed record UrlKey(long Epoch, byte[] Secret)
{
    /// <summary>For how long a signed address is good: the usual default of object stores for theirs.</summary>
    public static TimeSpan Lifetime { get; } = TimeSpan.FromHours(1);

    /// <summary>By how much clocks may differ.</summary>
    public static TimeSpan ClockSkew { get; } = TimeSpan.FromSeconds(60);

    /// <summary>Signs an address.</summary>
    /// <param name="path">The path as it is sent, percent-encoded.</param>
    /// <param name="digest">The digest that the address states; empty for none.</param>
    /// <param name="now">The time.</param>
    /// <returns>Parameters to append to the query: <c>expires</c>, <c>key</c>, <c>signature</c>.</returns>
    public string Sign(string path, string digest, DateTimeOffset now)
    {
        var expires = (now + Lifetime).ToUnixTimeSeconds();
        return string.Create(CultureInfo.InvariantCulture, $"expires={expires}&key={Epoch}&signature={Base64Url.EncodeToString(Mac(path, digest, expires))}");
    }

    /// <summary>Judges an address by the keys that are known.</summary>
    /// <param name="keys">The keys.</param>
    /// <param name="path">The path, percent-encoded as it was when it was signed.</param>
    /// <param name="digest">The digest that the address states; empty for none.</param>
    /// <param name="parameters">What the query says of expiry, key and signature; null for what it does not.</param>
    /// <param name="now">The time.</param>
    public static bool IsSigned(IReadOnlyList<UrlKey> keys, string path, string digest, (string? Expires, string? Key, string? Signature) parameters, DateTimeOffset now)
    {
        if (!TryNumber(parameters.Expires, out var expires) || !TryNumber(parameters.Key, out var epoch) || parameters.Signature is not { Length: 43 } signature)
            return false;
        var seconds = now.ToUnixTimeSeconds();
        if (expires <= seconds || expires > seconds + Lifetime.TotalSeconds + ClockSkew.TotalSeconds)
            return false;
        foreach (var key in keys)
        {
            if (key.Epoch == epoch)
                // Compared as text: base64url has bits to spare, and an address has one signature only.
                return CryptographicOperations.FixedTimeEquals(
                    Encoding.UTF8.GetBytes(Base64Url.EncodeToString(key.Mac(path, digest, expires))), Encoding.UTF8.GetBytes(signature));
        }

        return false;
    }

    /// <inheritdoc/>
    public override string ToString() => $"UrlKey {Epoch}";

    /// <summary>No path, digest or number holds a line feed, so that the parts can't be shifted against each other.</summary>
    private byte[] Mac(string path, string digest, long expires)
        => HMACSHA256.HashData(Secret, Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{path}\n{digest}\n{expires}")));

    private static bool TryNumber(string? text, out long value)
    {
        value = 0;
        return text is { Length: > 0 and <= 12 } && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value);
    }
}
