namespace Entrepot.Trust.Tokens;

/// <summary>What tokens may be.</summary>
public sealed record TokenOptions
{
    /// <summary>Shortest life of a token.</summary>
    public static readonly TimeSpan MinLifetime = TimeSpan.FromMinutes(1);

    /// <summary>Most tokens that are neither expired nor revoked.</summary>
    public const int MaxLive = 10_000;

    /// <summary>Longest life of a token, 1 min–3650 days. Default 90 days, as the longest life of a TLS certificate is about to be and as
    /// many forges suggest for theirs.</summary>
    public TimeSpan MaxLifetime { get; init; } = TimeSpan.FromDays(90);
}

/// <summary>Asks for a token.</summary>
/// <param name="Name">1–63 characters of <c>a–z 0–9 -</c>, of no other token in use; null for one that is made up.</param>
/// <param name="Roles">What it makes its bearer: some of <see cref="Access.Roles.Grantable"/>.</param>
/// <param name="Mirrors">The only mirrors that it is for; empty for all.</param>
/// <param name="Lifetime">For how long.</param>
public sealed record TokenOrder(string? Name, Access.Role Roles, IReadOnlyCollection<Core.Identities.MirrorName> Mirrors, TimeSpan Lifetime);

/// <summary>A new token. The only place where its text is.</summary>
/// <param name="Text">What its bearer sends.</param>
/// <param name="Record">What is kept of it.</param>
public sealed record IssuedToken(string Text, TokenRecord Record);

/// <summary>What is kept of a token.</summary>
/// <param name="Grant">What it says.</param>
/// <param name="KeyId">The key that signed it.</param>
/// <param name="IssuedBy">Who had it made, as in the journal.</param>
/// <param name="RevokedAt">When it was revoked, UTC, or null.</param>
/// <param name="RevokedBy">By whom, or null.</param>
public sealed record TokenRecord(TokenGrant Grant, string KeyId, string IssuedBy, DateTimeOffset? RevokedAt, string? RevokedBy)
{
    /// <summary>True while it opens doors.</summary>
    public bool IsLive(DateTimeOffset now) => RevokedAt is null && now < Grant.ExpiresAt;
}

/// <summary>A change of the signing key.</summary>
/// <param name="KeyId">The key that signs from now on.</param>
/// <param name="OldKeysEnd">When the last of the keys before verifies nothing any more, UTC.</param>
public sealed record KeyRotation(string KeyId, DateTimeOffset OldKeysEnd);
