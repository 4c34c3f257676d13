using System.Text.Json.Serialization;

namespace Entrepot.Server.Api;

/// <summary>Asks for a token.</summary>
/// <param name="Roles">What it makes its bearer: <c>viewer</c>, <c>publisher</c>, <c>operator</c>, <c>approver</c>, <c>auditor</c>, <c>admin</c>; at least one.</param>
/// <param name="LifetimeSeconds">For how long it is good, 60 up to the setting <c>trust.tokens.maxTtl</c>.</param>
/// <param name="Name">1–63 characters of <c>a–z 0–9 -</c>, of no other token in use; null for one that is made up.</param>
/// <param name="Mirrors">The only mirrors that it is for, at most 64; null or empty for all.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record CreateTokenRequest(
    [property: JsonRequired] IReadOnlyList<string> Roles, [property: JsonRequired] long LifetimeSeconds, string? Name = null, IReadOnlyList<string>? Mirrors = null);

/// <summary>A token as <c>/v1/tokens</c> shows it. Its text is told once, when it is made.</summary>
/// <param name="Id">Its identifier, the claim <c>jti</c>.</param>
/// <param name="Name">What people and the journal call it.</param>
/// <param name="Roles">What it makes its bearer.</param>
/// <param name="Mirrors">The only mirrors that it is for; empty for all.</param>
/// <param name="IssuedAt">When it was made, UTC.</param>
/// <param name="IssuedBy">Who had it made.</param>
/// <param name="ExpiresAt">Until when it is good, UTC.</param>
/// <param name="State"><c>live</c>, <c>expired</c> or <c>revoked</c>.</param>
/// <param name="RevokedAt">When it was revoked, UTC, or null.</param>
/// <param name="RevokedBy">By whom, or null.</param>
public sealed record TokenDocument(
    string Id, string Name, IReadOnlyList<string> Roles, IReadOnlyList<string> Mirrors, DateTimeOffset IssuedAt, string IssuedBy, DateTimeOffset ExpiresAt,
    string State, DateTimeOffset? RevokedAt, string? RevokedBy)
{
    /// <summary>The text to send as <c>Authorization: Bearer</c>; only in the answer that makes the token.</summary>
    public string? Token { get; init; }
}

/// <summary>Asks for a new key to sign tokens by.</summary>
/// <param name="OverlapSeconds">For how long the keys before still verify; 0 refuses their tokens at once; null until all of them have expired.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record RotateKeysRequest(long? OverlapSeconds = null);

/// <summary>A new key signs tokens.</summary>
/// <param name="KeyId">Its identifier, <c>kid</c>.</param>
/// <param name="OldKeysEnd">When the last of the keys before verifies nothing any more, UTC.</param>
public sealed record KeyRotationDocument(string KeyId, DateTimeOffset OldKeysEnd);
