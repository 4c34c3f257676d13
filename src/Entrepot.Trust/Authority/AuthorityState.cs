using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;
using Entrepot.Core.Faults;

namespace Entrepot.Trust.Authority;

/// <summary>One authority of the network.</summary>
/// <param name="Certificate">Its certificate, with the private key.</param>
/// <param name="SignsFrom">From when on it signs, UTC.</param>
/// <param name="TrustedUntil">Until when it is believed, UTC; null while no other follows it.</param>
public sealed record Signer(X509Certificate2 Certificate, DateTimeOffset SignsFrom, DateTimeOffset? TrustedUntil)
{
    /// <summary>SHA-256 of the certificate.</summary>
    public string Fingerprint { get; } = Certificates.FingerprintOf(Certificate);
}

/// <summary>The network's authorities at one moment, by <see cref="Signer.SignsFrom"/>. What each may do at a time is pure.</summary>
/// <param name="Network">The network's name.</param>
/// <param name="Signers">At least one.</param>
public sealed record AuthorityState(string Network, ImmutableArray<Signer> Signers)
{
    /// <summary>The one that signs: the newest whose time has come.</summary>
    public Signer SignerAt(DateTimeOffset now) => Signers.LastOrDefault(signer => signer.SignsFrom <= now) ?? Signers[0];

    /// <summary>Those that are believed, the one that signs first. A new one is believed at once, long before it signs.</summary>
    public ImmutableArray<X509Certificate2> TrustedAt(DateTimeOffset now)
    {
        var current = SignerAt(now);
        return [current.Certificate, .. Signers.Where(signer => signer != current && !(signer.TrustedUntil < now)).Select(static signer => signer.Certificate)];
    }

    /// <summary>When a rotation that begins now has its parts.</summary>
    /// <param name="now">The time, UTC.</param>
    /// <param name="overlap">For how long both are believed, <see cref="CertificateTimes.LeastOverlap"/>–<see cref="CertificateTimes.MostOverlap"/>.</param>
    /// <returns>When the new one begins to sign, and when the old one is believed no more.</returns>
    /// <exception cref="FaultException"><see cref="AuthorityFault.Rotating"/>, <see cref="AuthorityFault.Overlap"/>.</exception>
    /// <remarks>A node with a certificate that is valid when the new authority begins to sign was given it after the rotation began, and heard
    /// of the new authority with it. Certificates of the old one have all ended when it is dropped.</remarks>
    public (DateTimeOffset SignsFrom, DateTimeOffset OldUntil) PlanRotation(DateTimeOffset now, TimeSpan overlap)
    {
        if (overlap < CertificateTimes.LeastOverlap || overlap > CertificateTimes.MostOverlap)
            throw Fault.Of(
                AuthorityFault.Overlap, FaultKind.Invalid,
                $"An overlap of {overlap.TotalHours:0.#} h is not between {CertificateTimes.LeastOverlap.TotalHours:0} h and {CertificateTimes.MostOverlap.TotalDays:0} days.",
                $"Certificates live {CertificateTimes.Lifetime.TotalHours:0} h: a shorter overlap would shut nodes out. To shut a node out at once, revoke it.").ToException();
        if (Signers.Length > 1)
            throw Fault.Of(
                AuthorityFault.Rotating, FaultKind.Conflict, $"The authority is being changed: {Signers[0].Fingerprint[..16]} is believed until {Signers[0].TrustedUntil:u}.",
                "Begin the next change after that.").ToException();
        return (now + overlap - CertificateTimes.Lifetime, now + overlap);
    }
}
