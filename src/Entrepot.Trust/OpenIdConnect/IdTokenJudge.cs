using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Entrepot.Core.Faults;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Entrepot.Trust.OpenIdConnect;

/// <summary>Judges identity tokens (OpenID Connect Core §3.1.3.7): a pure decision, except for the library's signature check.</summary>
internal static class IdTokenJudge
{
    /// <summary>Longest token in characters.</summary>
    public const int MaxLength = 64 * 1024;

    private const int MaxSubject = 255;  // OpenID Connect Core §2

    private static readonly JsonWebTokenHandler Handler = new() { MaximumTokenSizeInBytes = MaxLength };

    /// <summary>Judges a token.</summary>
    /// <param name="token">The text.</param>
    /// <param name="keys">The provider's keys.</param>
    /// <param name="options">Whom it has to be of and for.</param>
    /// <param name="nonce">What the sign-in that it answers was marked by.</param>
    /// <param name="accessToken">What came with it, or null.</param>
    /// <param name="now">The time.</param>
    /// <param name="claims">What it says, when it is good.</param>
    /// <param name="fault">Why it is not; never with a part of the token.</param>
    public static bool TryJudge(
        string token, IReadOnlyCollection<SecurityKey> keys, ProviderOptions options, string nonce, string? accessToken, DateTimeOffset now,
        out JsonElement claims, [NotNullWhen(false)] out Fault? fault)
    {
        claims = default;
        var parts = token.Split('.');
        if (token.Length > MaxLength || parts.Length != 3 || Parse(parts[0]) is not { } header || Parse(parts[1]) is not { } payload)
            return Refuse(Malformed("it is not a signed JWT"), out fault);
        if (ProviderJson.Text(header, "alg") is not { } algorithm || !ProviderOptions.Algorithms.Contains(algorithm))
            return Refuse(Fault.Of(
                OidcFault.Algorithm, FaultKind.Forbidden, "The provider's token is not signed by an asymmetric algorithm.",
                $"Have the provider sign this client's tokens by one of {string.Join(", ", ProviderOptions.Algorithms.Order(StringComparer.Ordinal))}."), out fault);
        // RFC 7515 §4.1.11: what is critical has to be understood, and none is here.
        if (header.TryGetProperty("crit", out _) || (header.TryGetProperty("typ", out _) && !string.Equals(ProviderJson.Text(header, "typ"), "JWT", StringComparison.OrdinalIgnoreCase)))
            return Refuse(Malformed("its header is not that of an identity token"), out fault);
        if (KeyOf(header, keys) is not { } key)
            return Refuse(Fault.Of(
                OidcFault.UnknownKey, FaultKind.Forbidden, "The provider's token is signed by a key that the provider does not publish.",
                "Look at the provider's key set, and at whether the issuer in the configuration is the right one."), out fault);
        fault = CheckByLibrary(token, key, options, now) ?? CheckClaims(payload, options, nonce, accessToken, algorithm, now);
        claims = payload;
        return fault is null;
    }

    /// <summary>The key that the header names; where it names none, the only one there is.</summary>
    private static SecurityKey? KeyOf(JsonElement header, IReadOnlyCollection<SecurityKey> keys)
    {
        var asymmetric = keys.Where(static key => key is not SymmetricSecurityKey && key is not JsonWebKey { Kty: JsonWebAlgorithmsKeyTypes.Octet }).ToList();
        if (header.TryGetProperty("kid", out _))
            return asymmetric.FirstOrDefault(key => key.KeyId is { Length: > 0 } id && id == ProviderJson.Text(header, "kid"));
        return asymmetric.Count == 1 ? asymmetric[0] : null;
    }

    private static Fault? CheckByLibrary(string token, SecurityKey key, ProviderOptions options, DateTimeOffset now)
    {
        // Completes at once: the key is given, nothing is fetched.
        var result = Handler.ValidateTokenAsync(token, new TokenValidationParameters
        {
            IssuerSigningKey = key,
            // There is this one; it was chosen above, also for a token that names none.
            TryAllIssuerSigningKeys = true,
            RequireSignedTokens = true,
            ValidAlgorithms = ProviderOptions.Algorithms,
            ValidIssuer = options.Issuer,
            ValidAudience = options.ClientId,
            IgnoreTrailingSlashWhenValidatingAudience = false,
            RequireExpirationTime = true,
            // By the clock that we are given, not the system's.
            LifetimeValidator = (from, until, _, _) => until is { } end && end.ToUniversalTime() + options.ClockSkew <= now.UtcDateTime
                ? throw new SecurityTokenExpiredException()
                : from is { } start && start.ToUniversalTime() - options.ClockSkew > now.UtcDateTime
                    ? throw new SecurityTokenNotYetValidException()
                    : until is not null,
        }).GetAwaiter().GetResult();
        return result.IsValid ? null : result.Exception switch
        {
            SecurityTokenExpiredException => Fault.Of(OidcFault.Expired, FaultKind.Forbidden, "The provider's token has expired.", "Sign in again; if it stays so, compare the clocks."),
            SecurityTokenNotYetValidException => NotYet(),
            SecurityTokenInvalidIssuerException => Fault.Of(OidcFault.Issuer, FaultKind.Forbidden, "The token is of another issuer than the configured one.", "Compare openIdConnect.issuer with what the provider calls itself."),
            SecurityTokenInvalidAudienceException => WrongAudience(),
            SecurityTokenInvalidSignatureException => Fault.Of(OidcFault.Signature, FaultKind.Forbidden, "The signature of the provider's token is not valid."),
            _ => Malformed("its claims are not those of an identity token"),
        };
    }

    private static Fault? CheckClaims(JsonElement claims, ProviderOptions options, string nonce, string? accessToken, string algorithm, DateTimeOffset now)
    {
        if (ProviderJson.Text(claims, "sub") is not { Length: > 0 and <= MaxSubject } || !Number(claims, "iat", out var issued))
            return Malformed("it lacks sub or iat");
        if (issued - options.ClockSkew.TotalSeconds > now.ToUnixTimeSeconds())
            return NotYet();
        // §3.1.3.7, 3 to 5: of several audiences, azp says who asked.
        var isAlone = claims.GetProperty("aud").ValueKind == JsonValueKind.String || claims.GetProperty("aud").GetArrayLength() == 1;
        if (claims.TryGetProperty("azp", out _) ? ProviderJson.Text(claims, "azp") != options.ClientId : !isAlone)
            return WrongAudience();
        if (ProviderJson.Text(claims, "nonce") is not { } given || !CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(given), Encoding.UTF8.GetBytes(nonce)))
            return Fault.Of(OidcFault.Nonce, FaultKind.Forbidden, "The provider's token was not made for this sign-in.", "Sign in again from the start.");
        if (claims.TryGetProperty("at_hash", out _) && (accessToken is null || ProviderJson.Text(claims, "at_hash") != HashOf(accessToken, algorithm)))
            return Fault.Of(OidcFault.Subject, FaultKind.Forbidden, "The provider's identity token and access token do not belong together.", "Sign in again from the start.");
        return null;
    }

    /// <summary>The left half of the hash that the algorithm has (§3.1.3.6).</summary>
    internal static string HashOf(string accessToken, string algorithm)
    {
        var bytes = Encoding.ASCII.GetBytes(accessToken);
        var hash = algorithm[2..] switch
        {
            "384" => SHA384.HashData(bytes),
            "512" => SHA512.HashData(bytes),
            _ => SHA256.HashData(bytes),
        };
        return Base64Url.EncodeToString(hash.AsSpan(0, hash.Length / 2));
    }

    private static bool Number(JsonElement element, string name, out double number)
    {
        number = 0;
        return element.TryGetProperty(name, out var member) && member.ValueKind == JsonValueKind.Number && member.TryGetDouble(out number);
    }

    private static JsonElement? Parse(string part)
    {
        try
        {
            return ProviderJson.Parse(Base64Url.DecodeFromChars(part));
        }
        catch (Exception error) when (error is JsonException or FormatException)
        {
            return null;
        }
    }

    private static bool Refuse(Fault why, out Fault fault)
    {
        fault = why;
        return false;
    }

    private static Fault NotYet() => Fault.Of(OidcFault.NotYetValid, FaultKind.Forbidden, "The provider's token is not valid yet.", "Compare the clocks of the provider and of this node.");

    private static Fault WrongAudience() => Fault.Of(OidcFault.Audience, FaultKind.Forbidden, "The provider's token is for another client than this node.", "Compare openIdConnect.clientId with the client at the provider.");

    private static Fault Malformed(string why) => Fault.Of(OidcFault.Malformed, FaultKind.Forbidden, $"The provider's token can't be used: {why}.", "Have a look at the client's settings at the provider.");
}
