namespace Entrepot.Trust.Tokens;

/// <summary>The tokens of a network: JSON Web Tokens (RFC 7519) under ES256 (RFC 7518 §3.4), written strictly and read strictly: exactly these
/// members, each once.</summary>
internal static class TokenFormat
{
    /// <summary>Explicit type, so that no other JWT under the same key passes for one (RFC 8725 §3.11).</summary>
    public const string Type = "entrepot+jwt";

    public const string Algorithm = "ES256";

    public const string Audience = "entrepot";

    /// <summary>Longest token in characters: 64 mirrors of 64 characters fit. Kestrel's default for all headers together is 32 KiB.</summary>
    public const int MaxLength = 8 * 1024;

    /// <summary>Most mirrors in one token.</summary>
    public const int MaxMirrors = 64;

    /// <summary>By how much clocks may differ.</summary>
    public static readonly TimeSpan ClockSkew = TimeSpan.FromSeconds(60);

    public static readonly string[] HeaderMembers = ["alg", "kid", "typ"];

    public static readonly string[] ClaimMembers = ["aud", "exp", "iat", "iss", "jti", "mirrors", "nbf", "roles", "sub"];
}
