using System.Security.Cryptography.X509Certificates;
using Entrepot.Trust.Authority;

namespace Entrepot.Trust.ClientCertificates;

/// <summary>Asks for a client's certificate.</summary>
/// <param name="Identity">Whom it names, with what it makes its bearer.</param>
/// <param name="Key">The key that it is for, proven by a signing request.</param>
/// <param name="Lifetime">For how long.</param>
public sealed record ClientCertificateOrder(ClientIdentity Identity, PublicKey Key, TimeSpan Lifetime);

/// <summary>What is kept of a client's certificate.</summary>
/// <param name="Serial">Its serial number, hexadecimal digits.</param>
/// <param name="Identity">Whom it names.</param>
/// <param name="IssuedAt">When it was made, UTC.</param>
/// <param name="IssuedBy">Who had it made, as in the journal.</param>
/// <param name="ExpiresAt">Until when it is believed, UTC.</param>
/// <param name="RevokedAt">When it was revoked, UTC, or null.</param>
/// <param name="RevokedBy">By whom, or null.</param>
public sealed record ClientCertificate(
    string Serial, ClientIdentity Identity, DateTimeOffset IssuedAt, string IssuedBy, DateTimeOffset ExpiresAt, DateTimeOffset? RevokedAt, string? RevokedBy)
{
    /// <summary>True while it opens doors.</summary>
    public bool IsLive(DateTimeOffset now) => RevokedAt is null && now < ExpiresAt;
}
