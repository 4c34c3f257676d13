namespace Entrepot.Server.Api;

/// <summary>The network's private authority, as everybody may know it.</summary>
/// <param name="Network">The network's name.</param>
/// <param name="Authorities">The authorities, the oldest first.</param>
/// <param name="Pem">Their certificates, the one that signs first.</param>
public sealed record AuthorityDocument(string Network, IReadOnlyList<SignerDocument> Authorities, string Pem);

/// <summary>One authority.</summary>
/// <param name="Fingerprint">SHA-256 of its certificate, hexadecimal.</param>
/// <param name="Signing">True for the one that signs now.</param>
/// <param name="SignsFrom">From when on it signs, UTC.</param>
/// <param name="TrustedUntil">Until when it is believed, UTC; null while no other follows it.</param>
/// <param name="Expires">When its certificate ends, UTC.</param>
public sealed record SignerDocument(string Fingerprint, bool Signing, DateTimeOffset SignsFrom, DateTimeOffset? TrustedUntil, DateTimeOffset Expires);

/// <summary>Orders another authority.</summary>
/// <param name="OverlapSeconds">For how long both are believed: 48 hours to 365 days.</param>
/// <param name="DryRun">True to only tell what would be.</param>
public sealed record RotateAuthorityRequest(long OverlapSeconds, bool DryRun);

/// <summary>Orders a join token.</summary>
/// <param name="Role"><c>edge</c>, <c>scheduler</c> or <c>audit</c>.</param>
/// <param name="LifeSeconds">For how long it can be used: a minute to 7 days.</param>
public sealed record JoinTokenRequest(string Role, long LifeSeconds)
{
    /// <summary>Where the node is; null to leave that to the node.</summary>
    public string? Site { get; init; }

    /// <summary>The only node that may use it; null for any.</summary>
    public string? Node { get; init; }
}

/// <summary>A join token, which nobody can read again.</summary>
/// <param name="Token">The whole token.</param>
/// <param name="Expires">When it ends, UTC.</param>
public sealed record JoinTokenDocument(string Token, DateTimeOffset Expires);

/// <summary>A machine asks to be taken in.</summary>
/// <param name="Token">The one-time token.</param>
/// <param name="Node">The name it wants.</param>
/// <param name="Role">What it wants to be.</param>
/// <param name="Request">PKCS #10 request of its key, base64.</param>
/// <param name="Hosts">Names and addresses by which clients reach it.</param>
public sealed record JoinRequest(string Token, string Node, string Role, string Request, IReadOnlyList<string> Hosts);

/// <summary>A node asks for another certificate.</summary>
/// <param name="Request">PKCS #10 request of its new key, base64.</param>
/// <param name="Hosts">Names and addresses by which clients reach it.</param>
public sealed record RenewalRequest(string Request, IReadOnlyList<string> Hosts);

/// <summary>What a node lives by for the next day.</summary>
/// <param name="Network">The network's name.</param>
/// <param name="Certificate">For other nodes, PEM.</param>
/// <param name="Surface">For clients, PEM.</param>
/// <param name="Authorities">Whom it believes, PEM.</param>
/// <param name="Revoked">Whom it believes no more.</param>
/// <param name="MetadataPort">Port of the origin's metadata surface; null when that does not run.</param>
public sealed record CertificateDocument(
    string Network, string Certificate, string Surface, string Authorities, IReadOnlyList<RevocationDocument> Revoked, int? MetadataPort)
{
    /// <summary>Where the node is, when its token says so.</summary>
    public string? Site { get; init; }
}

/// <summary>Certificates of one name that are believed no more.</summary>
/// <param name="Node">The node, or the client.</param>
/// <param name="Until">Those made up to here, UTC.</param>
public sealed record RevocationDocument(string Node, DateTimeOffset Until)
{
    /// <summary>True for a client's; nodes and clients may have the same names.</summary>
    public bool Client { get; init; }

    /// <summary>When the last of them has ended by itself, UTC; null for a day after that time.</summary>
    public DateTimeOffset? Ends { get; init; }
}

/// <summary>A machine that belongs to the network.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Role">What it is.</param>
/// <param name="State"><c>enrolled</c>, <c>draining</c> or <c>revoked</c>.</param>
/// <param name="EnrolledAt">When it joined, UTC.</param>
/// <param name="RenewedAt">When it last got a certificate, UTC.</param>
/// <param name="Hosts">Names and addresses in its surface certificate.</param>
public sealed record EnrolledNodeDocument(string Name, string Role, string State, DateTimeOffset EnrolledAt, DateTimeOffset RenewedAt, IReadOnlyList<string> Hosts)
{
    /// <summary>Where it is, when its token said so.</summary>
    public string? Site { get; init; }

    /// <summary>When it was revoked, UTC.</summary>
    public DateTimeOffset? RevokedAt { get; init; }

    /// <summary>Why it was revoked.</summary>
    public string? Reason { get; init; }
}

/// <summary>Orders that a node gets no new clients, or takes that back.</summary>
/// <param name="Draining">True for no new clients.</param>
public sealed record DrainRequest(bool Draining);

/// <summary>Orders that a node is believed no more.</summary>
/// <param name="Reason">Why, for the journal and for the node: 1–500 characters.</param>
public sealed record RevokeRequest(string Reason);
