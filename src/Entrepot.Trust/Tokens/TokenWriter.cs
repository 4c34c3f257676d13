using Entrepot.Trust.Access;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Entrepot.Trust.Tokens;

/// <summary>Writes tokens.</summary>
internal static class TokenWriter
{
    private static readonly JsonWebTokenHandler Handler = new() { SetDefaultTimesOnTokenCreation = false };

    /// <summary>The signed text of a grant.</summary>
    public static string Write(TokenGrant grant, string network, SigningKey key) => Handler.CreateToken(new SecurityTokenDescriptor
    {
        TokenType = TokenFormat.Type,
        Issuer = network,
        Audience = TokenFormat.Audience,
        IssuedAt = grant.IssuedAt.UtcDateTime,
        NotBefore = grant.IssuedAt.UtcDateTime,
        Expires = grant.ExpiresAt.UtcDateTime,
        Claims = new Dictionary<string, object>
        {
            ["sub"] = grant.Name,
            ["jti"] = grant.Id,
            ["roles"] = Roles.WordsOf(grant.Roles).ToArray(),
            ["mirrors"] = grant.Mirrors.Order(StringComparer.Ordinal).ToArray(),
        },
        SigningCredentials = new SigningCredentials(key.Private, SecurityAlgorithms.EcdsaSha256),
    });
}
