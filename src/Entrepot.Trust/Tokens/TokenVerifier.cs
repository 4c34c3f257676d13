using System.Buffers;
using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Trust.Access;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Entrepot.Trust.Tokens;

/// <summary>Judges tokens: a pure decision, except for the library's signature check. Everything that is not exactly what
/// <see cref="TokenWriter"/> writes is refused, by name.</summary>
/// <remarks>RFC 8725 §3: the algorithm and the type are fixed, the key is chosen by its identifier among the network's own, issuer and audience
/// are compared whole.</remarks>
internal static class TokenVerifier
{
    private const int SignatureBytes = 64;  // RFC 7518 §3.4: R and S

    private static readonly JsonWebTokenHandler Handler = new() { MaximumTokenSizeInBytes = TokenFormat.MaxLength };

    /// <summary>JSON of one meaning: no member twice, no comments, little nesting.</summary>
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 2 };

    /// <summary>Judges a token.</summary>
    /// <param name="token">The text as it was sent.</param>
    /// <param name="trust">What is trusted now.</param>
    /// <param name="now">The time.</param>
    /// <param name="grant">What it says, when it is good.</param>
    /// <param name="fault">Why it is not, a <see cref="TokenFault"/>; never with a part of the token.</param>
    public static bool TryVerify(
        string token, TokenTrust trust, DateTimeOffset now, [NotNullWhen(true)] out TokenGrant? grant, [NotNullWhen(false)] out Fault? fault)
    {
        grant = null;
        fault = FindKey(token, trust, now, out var claims, out var key)
            ?? CheckByLibrary(token, trust, key!, now)
            ?? Read(claims!, out grant);
        if (grant is not null && trust.Revoked.Contains(grant.Id))
        {
            fault = Refused(TokenFault.Revoked, $"The token '{grant.Name}' was revoked.", "Ask an admin for another one.");
            grant = null;
        }

        return fault is null;
    }

    private static Fault? FindKey(string token, TokenTrust trust, DateTimeOffset now, out byte[]? claims, out VerifyingKey? key)
    {
        (claims, key) = (null, null);
        if (token.Length > TokenFormat.MaxLength)
            return Refused(TokenFault.TooLarge, $"The token has {token.Length} characters; tokens of this network have at most {TokenFormat.MaxLength}.");
        var parts = token.Split('.');
        if (parts.Length != 3 || Decode(parts[0]) is not { } header || Decode(parts[1]) is not { } payload || Decode(parts[2]) is not { } signature)
            return Malformed("it is not three parts of base64url");
        if (ReadObject(header, TokenFormat.HeaderMembers) is not { } members)
            return Malformed("its header is not that of this network's tokens");
        using (members)
        {
            var root = members.RootElement;
            if (!Is(root.GetProperty("alg"), TokenFormat.Algorithm))
                return Refused(TokenFault.Algorithm, $"The token is not signed by {TokenFormat.Algorithm}.");
            if (!Is(root.GetProperty("typ"), TokenFormat.Type))
                return Refused(TokenFault.Type, "The token is of another kind than this network's.");
            key = trust.Keys.Values.FirstOrDefault(known => Is(root.GetProperty("kid"), known.Id) && (known.RetiresAt is not { } end || now < end));
            if (key is null)
                return Refused(TokenFault.UnknownKey, "The token is signed by a key that this network does not have, or has no more.", "Ask an admin for another one.");
        }

        claims = payload;
        return signature.Length == SignatureBytes ? null : Refused(TokenFault.Signature, "The token's signature is not valid.");
    }

    private static Fault? CheckByLibrary(string token, TokenTrust trust, VerifyingKey key, DateTimeOffset now)
    {
        // Completes at once: neither keys nor anything else is fetched.
        var result = Handler.ValidateTokenAsync(token, new TokenValidationParameters
        {
            IssuerSigningKey = key.Public,
            TryAllIssuerSigningKeys = false,
            RequireSignedTokens = true,
            ValidAlgorithms = [TokenFormat.Algorithm],
            ValidTypes = [TokenFormat.Type],
            ValidIssuer = trust.Network,
            ValidAudience = TokenFormat.Audience,
            IgnoreTrailingSlashWhenValidatingAudience = false,
            RequireExpirationTime = true,
            // By the clock that we are given, not the system's.
            LifetimeValidator = (from, until, _, _) => until is { } end && end.ToUniversalTime() + TokenFormat.ClockSkew <= now.UtcDateTime
                ? throw new SecurityTokenExpiredException()
                : from is { } start && start.ToUniversalTime() - TokenFormat.ClockSkew > now.UtcDateTime
                    ? throw new SecurityTokenNotYetValidException()
                    : from is not null && until is not null,
        }).GetAwaiter().GetResult();
        return result.IsValid ? null : result.Exception switch
        {
            SecurityTokenExpiredException => Refused(TokenFault.Expired, "The token has expired.", "Ask an admin for another one."),
            SecurityTokenNotYetValidException => Refused(TokenFault.NotYetValid, "The token is not valid yet.", "Compare the clocks of both machines."),
            SecurityTokenInvalidIssuerException => Refused(TokenFault.Issuer, "The token is of another network.", "Use a token of this network."),
            SecurityTokenInvalidAudienceException => Refused(TokenFault.Audience, "The token is meant for something else than this network's surfaces."),
            SecurityTokenInvalidSignatureException => Refused(TokenFault.Signature, "The token's signature is not valid."),
            _ => Malformed("its claims are not those of this network's tokens"),
        };
    }

    /// <summary>Reads claims whose signature is good. A key of ours signs only what we write; this is the second lock.</summary>
    private static Fault? Read(byte[] claims, out TokenGrant? grant)
    {
        grant = null;
        using var members = ReadObject(claims, TokenFormat.ClaimMembers);
        if (members?.RootElement is not { } root
            || root.GetProperty("aud").ValueKind != JsonValueKind.String
            || root.GetProperty("sub") is not { ValueKind: JsonValueKind.String } name || name.GetString() is not { Length: > 0 } sub
            || root.GetProperty("jti") is not { ValueKind: JsonValueKind.String } id || id.GetString() is not { Length: > 0 } jti
            || !TryTime(root.GetProperty("iat"), out var issuedAt) || !TryTime(root.GetProperty("exp"), out var expiresAt)
            || Words(root.GetProperty("roles")) is not { } roles || !Roles.TryParse(roles, out var role, out _)
            || Words(root.GetProperty("mirrors")) is not { Count: <= TokenFormat.MaxMirrors } mirrors || mirrors.Any(static mirror => !MirrorName.TryParse(mirror, out _, out _)))
            return Malformed("its claims are not those of this network's tokens");
        grant = new TokenGrant(jti, sub, role, mirrors.ToHashSet(StringComparer.Ordinal), issuedAt, expiresAt);
        return null;
    }

    /// <summary>An object of exactly these members, or null.</summary>
    private static JsonDocument? ReadObject(byte[] json, string[] names)
    {
        try
        {
            var document = JsonDocument.Parse(json, Strict);
            if (document.RootElement.ValueKind == JsonValueKind.Object
                && document.RootElement.EnumerateObject().Select(static member => member.Name).Order(StringComparer.Ordinal).SequenceEqual(names))
                return document;
            document.Dispose();
            return null;
        }
        catch (JsonException)
        {
            return null;
        }
        catch (InvalidOperationException)
        {
            return null;  // a name that is no UTF-16
        }
    }

    /// <summary>Bytes of canonical base64url: one text for each value, or a token could be changed and still be good.</summary>
    private static byte[]? Decode(string part)
    {
        var bytes = new byte[Base64Url.GetMaxDecodedLength(part.Length)];
        if (part.Length == 0 || Base64Url.DecodeFromChars(part, bytes, out _, out var length) != OperationStatus.Done)
            return null;
        return Base64Url.EncodeToString(bytes.AsSpan(0, length)) == part ? bytes[..length] : null;
    }

    private static bool Is(JsonElement element, string text) => element.ValueKind == JsonValueKind.String && element.ValueEquals(text);

    private static List<string>? Words(JsonElement element)
        => element.ValueKind == JsonValueKind.Array && element.EnumerateArray().All(static item => item.ValueKind == JsonValueKind.String)
            ? [.. element.EnumerateArray().Select(static item => item.GetString()!)]
            : null;

    /// <summary>NumericDate (RFC 7519 §2), whole seconds until the year 9999.</summary>
    private static bool TryTime(JsonElement element, out DateTimeOffset time)
    {
        time = default;
        if (element.ValueKind != JsonValueKind.Number || !element.TryGetInt64(out var seconds) || seconds is < 0 or > 253_402_300_799)
            return false;
        time = DateTimeOffset.FromUnixTimeSeconds(seconds);
        return true;
    }

    private static Fault Malformed(string why) => Refused(TokenFault.Malformed, $"The token can't be read: {why}.", "Send it whole, as it was printed.");

    private static Fault Refused(TokenFault reason, string message, string? cure = null)
        => Fault.Of(reason, FaultKind.Forbidden, message, cure ?? "Use a token that 'entrepot token create' of this network printed.");
}
