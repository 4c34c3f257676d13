using System.Text.Json.Serialization;

namespace Entrepot.Server.Api;

/// <summary>Asks for a client's certificate.</summary>
/// <param name="Name">1–63 characters of <c>a–z 0–9 -</c>, of no other certificate in use.</param>
/// <param name="Request">PKCS #10 (RFC 2986) in base64, signed by an ECDSA P-256 key that never leaves the client.</param>
/// <param name="Roles">What it makes its bearer; at least one.</param>
/// <param name="LifetimeSeconds">For how long it is believed, 60 up to the setting <c>trust.tokens.maxTtl</c>.</param>
/// <param name="Mirrors">The only mirrors that it is for, at most 16; null or empty for all.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record CreateClientCertificateRequest(
    [property: JsonRequired] string Name, [property: JsonRequired] string Request, [property: JsonRequired] IReadOnlyList<string> Roles,
    [property: JsonRequired] long LifetimeSeconds, IReadOnlyList<string>? Mirrors = null);

/// <summary>A client's certificate as <c>/v1/certificates</c> shows it.</summary>
/// <param name="Name">What people and the journal call it.</param>
/// <param name="Serial">Its serial number, hexadecimal digits.</param>
/// <param name="Roles">What it makes its bearer.</param>
/// <param name="Mirrors">The only mirrors that it is for; empty for all.</param>
/// <param name="IssuedAt">When it was made, UTC.</param>
/// <param name="IssuedBy">Who had it made.</param>
/// <param name="ExpiresAt">Until when it is believed, UTC.</param>
/// <param name="State"><c>live</c> or <c>revoked</c>.</param>
/// <param name="RevokedAt">When it was revoked, UTC, or null.</param>
/// <param name="RevokedBy">By whom, or null.</param>
public sealed record ClientCertificateDocument(
    string Name, string Serial, IReadOnlyList<string> Roles, IReadOnlyList<string> Mirrors, DateTimeOffset IssuedAt, string IssuedBy, DateTimeOffset ExpiresAt,
    string State, DateTimeOffset? RevokedAt, string? RevokedBy)
{
    /// <summary>The certificate itself, PEM; only in the answer that makes it.</summary>
    public string? Certificate { get; init; }

    /// <summary>The network's authority, PEM, by which a client knows the surfaces; only in the answer that makes it.</summary>
    public string? Authorities { get; init; }
}
