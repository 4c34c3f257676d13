using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;

namespace Entrepot.Trust.Authority;

/// <summary>Whom a node believes: the network's authorities and what they took back. Immutable; the judgement is pure.</summary>
/// <param name="Network">The network's name, the trust domain of its identities.</param>
/// <param name="Authorities">Certificates of the authorities, the one that signs first.</param>
/// <param name="Revocations">What is believed no more.</param>
public sealed record NetworkTrust(string Network, ImmutableArray<X509Certificate2> Authorities, ImmutableArray<Revocation> Revocations)
{
    /// <summary>Most authorities at once: two during an overlap.</summary>
    public const int MaxAuthorities = 4;

    /// <summary>The authorities as PEM (RFC 7468).</summary>
    public string ToPem() => string.Concat(Authorities.Select(static authority => authority.ExportCertificatePem() + "\n"));

    /// <summary>Reads authorities from PEM.</summary>
    /// <returns>Null when there is none, there are too many, or one is broken or no authority.</returns>
    public static ImmutableArray<X509Certificate2>? ReadPem(string pem)
    {
        var read = new X509Certificate2Collection();
        try
        {
            read.ImportFromPem(pem);
        }
        catch (CryptographicException)
        {
            return null;
        }

        var all = read.Count is >= 1 and <= MaxAuthorities
            && read.All(static one => one.Extensions.OfType<X509BasicConstraintsExtension>().SingleOrDefault() is { CertificateAuthority: true });
        return all ? [.. read] : null;
    }

    /// <summary>Says which node showed a certificate, or why it is not believed.</summary>
    /// <param name="certificate">What was shown.</param>
    /// <param name="use"><see cref="Certificates.ClientUse"/> or <see cref="Certificates.ServerUse"/>: the side on which it was shown.</param>
    /// <param name="role">The role that is expected, or null for any.</param>
    /// <param name="now">The time, UTC.</param>
    /// <param name="identity">Who it is.</param>
    /// <param name="fault">Why not: <see cref="AuthorityFault"/>.</param>
    public bool TryIdentify(
        X509Certificate2? certificate, string use, NodeRole? role, DateTimeOffset now, [NotNullWhen(true)] out NodeIdentity? identity, [NotNullWhen(false)] out Fault? fault)
    {
        NodeIdentity? named = null;
        fault = Judge(certificate, use, now)
            ?? (!NodeIdentity.TryParse(Certificates.UriOf(certificate!), out named) || named.Network != Network ? Refuse(AuthorityFault.NoIdentity, $"'{Describe(certificate!)}' names no node of the network '{Network}'.")
            : role is { } wanted && named.Role != wanted ? Refuse(AuthorityFault.WrongRole, $"'{named}' has another role than {NodeIdentity.TextOf(wanted)}.")
            : IsRevoked(named.Name, isClient: false, certificate!) ? Refuse(AuthorityFault.Revoked, $"'{named}' was revoked.", "Remove the node, and join it again with a new token, if it is to come back.")
            : null);
        identity = fault is null ? named! : null;
        return fault is null;
    }

    /// <summary>Says which client showed a certificate, or why it is not believed.</summary>
    /// <param name="certificate">What was shown.</param>
    /// <param name="now">The time, UTC.</param>
    /// <param name="identity">Who it is.</param>
    /// <param name="fault">Why not: <see cref="AuthorityFault"/>.</param>
    public bool TryIdentify(X509Certificate2? certificate, DateTimeOffset now, [NotNullWhen(true)] out ClientIdentity? identity, [NotNullWhen(false)] out Fault? fault)
    {
        ClientIdentity? named = null;
        fault = Judge(certificate, Certificates.ClientUse, now)
            ?? (!ClientIdentity.TryParse(Certificates.UriOf(certificate!), out named) || named.Network != Network ? Refuse(AuthorityFault.NoIdentity, $"'{Describe(certificate!)}' names no client of the network '{Network}'.")
            : IsRevoked(named.Name, isClient: true, certificate!) ? Refuse(AuthorityFault.Revoked, $"The certificate '{named.Name}' was revoked.", "Ask an admin for another one.")
            : null);
        identity = fault is null ? named! : null;
        return fault is null;
    }

    /// <summary>Says why a node's certificate that was believed once is not any more; null while it is.</summary>
    public Fault? Recheck(NodeIdentity identity, X509Certificate2 certificate, DateTimeOffset now) => Recheck(identity.ToString(), identity.Name, isClient: false, certificate, now);

    /// <summary>Says why a client's certificate that was believed once is not any more; null while it is.</summary>
    public Fault? Recheck(ClientIdentity identity, X509Certificate2 certificate, DateTimeOffset now) => Recheck(identity.Name.Value, identity.Name, isClient: true, certificate, now);

    private Fault? Recheck(string who, NodeName name, bool isClient, X509Certificate2 certificate, DateTimeOffset now)
        => now > certificate.NotAfter ? Refuse(AuthorityFault.Expired, $"'{who}' came with a certificate that ended {At(certificate.NotAfter)}.")
            : IsRevoked(name, isClient, certificate) ? Refuse(AuthorityFault.Revoked, $"'{who}' was revoked.")
            : !IsOfAnAuthority(certificate) ? Refuse(AuthorityFault.WrongAuthority, $"'{who}' came with a certificate of an authority that is believed no more.")
            : null;

    /// <summary>True while the one that signed it, as was proven once, is among those that are believed (RFC 5280 §4.2.1.1).</summary>
    private bool IsOfAnAuthority(X509Certificate2 certificate)
        => certificate.Extensions.OfType<X509AuthorityKeyIdentifierExtension>().FirstOrDefault()?.KeyIdentifier is { } signer
            && Authorities.Any(authority => authority.Extensions.OfType<X509SubjectKeyIdentifierExtension>().FirstOrDefault()?.SubjectKeyIdentifierBytes.Span.SequenceEqual(signer.Span) == true);

    /// <summary>What is asked of every certificate, whomever it names.</summary>
    private Fault? Judge(X509Certificate2? certificate, string use, DateTimeOffset now)
        => certificate is null ? Refuse(AuthorityFault.NoIdentity, "No certificate was shown.")
            : !IsSigned(certificate) ? Refuse(AuthorityFault.WrongAuthority, $"'{Describe(certificate)}' was signed by no authority of the network '{Network}'.")
            : now < certificate.NotBefore ? Refuse(AuthorityFault.NotYetValid, $"'{Describe(certificate)}' is valid only from {At(certificate.NotBefore)}; it is {At(now)}.", "Set the clocks of both machines.")
            : now > certificate.NotAfter ? Refuse(AuthorityFault.Expired, $"'{Describe(certificate)}' ended {At(certificate.NotAfter)}; it is {At(now)}.", "Set the clocks of both machines, or have a new one made.")
            : !IsFor(certificate, use) ? Refuse(AuthorityFault.WrongUse, $"'{Describe(certificate)}' was not made for this side of a connection.")
            : null;

    private bool IsRevoked(NodeName name, bool isClient, X509Certificate2 certificate)
    {
        // Seconds are all that a certificate holds of its time (RFC 5280 §4.1.2.5): within the same one, it counts as older.
        var made = new DateTimeOffset(certificate.NotBefore.ToUniversalTime()) + CertificateTimes.ClockSkew;
        return Revocations.Any(revocation => revocation.Name == name && revocation.IsClient == isClient && made <= revocation.Until);
    }

    private bool IsSigned(X509Certificate2 certificate)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(Authorities.ToArray());
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        // Times are judged apart, by the caller's clock and with reasons of their own.
        chain.ChainPolicy.VerificationFlags = X509VerificationFlags.IgnoreNotTimeValid;
        try
        {
            // One link: nobody signs on an authority's behalf.
            return chain.Build(certificate) && chain.ChainElements.Count == 2;
        }
        catch (CryptographicException)
        {
            // Broken beyond what a chain can be built of.
            return false;
        }
    }

    private static bool IsFor(X509Certificate2 certificate, string use)
        => certificate.Extensions.OfType<X509EnhancedKeyUsageExtension>().Any(extension => extension.EnhancedKeyUsages.Cast<Oid>().Any(one => one.Value == use));

    private static Fault Refuse(AuthorityFault reason, string message, string? cure = null) => Fault.Of(reason, FaultKind.Forbidden, message, cure);

    private static string At(DateTimeOffset time) => time.ToUniversalTime().ToString("u", System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>Who it says it is, for logs: whatever stands there, as long as it is printable.</summary>
    private static string Describe(X509Certificate2 certificate)
    {
        var text = Certificates.UriOf(certificate) ?? certificate.Subject;
        var shown = new StringBuilder();
        foreach (var character in text.Length <= 200 ? text : text[..200])
            shown.Append(char.IsControl(character) || char.IsSurrogate(character) ? '\uFFFD' : character);
        return shown.ToString();
    }
}
