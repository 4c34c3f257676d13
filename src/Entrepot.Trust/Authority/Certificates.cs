using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Entrepot.Core.Faults;

namespace Entrepot.Trust.Authority;

/// <summary>Makes certificates (RFC 5280) and reads what is in them. Keys are ECDSA P-256 throughout.</summary>
public static class Certificates
{
    /// <summary>Extended key usage of the client's side of TLS (RFC 5280 §4.2.1.12).</summary>
    public const string ClientUse = "1.3.6.1.5.5.7.3.2";

    /// <summary>Extended key usage of the server's side of TLS (RFC 5280 §4.2.1.12).</summary>
    public const string ServerUse = "1.3.6.1.5.5.7.3.1";

    private const string AlternativeNames = "2.5.29.17";
    private const string CurveP256 = "1.2.840.10045.3.1.7";

    /// <summary>Random bytes of a serial number; RFC 5280 §4.1.2.2 allows 20.</summary>
    private const int SerialBytes = 16;

    /// <summary>A new key.</summary>
    public static ECDsa NewKey() => ECDsa.Create(ECCurve.NamedCurves.nistP256);

    /// <summary>An authority's own certificate: it signs those of nodes and no further authority.</summary>
    public static X509Certificate2 Authority(ECDsa key, string network, DateTimeOffset now)
    {
        var request = new CertificateRequest($"CN={network}, O=Entrepot", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, true, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        var own = new X509SubjectKeyIdentifierExtension(request.PublicKey, false);
        request.CertificateExtensions.Add(own);
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromSubjectKeyIdentifier(own));
        using var signed = request.Create(
            request.SubjectName, X509SignatureGenerator.CreateForECDsa(key), now - CertificateTimes.ClockSkew, now + CertificateTimes.AuthorityLifetime, NewSerial());
        return WithKey(signed, key);
    }

    /// <summary>A request for a certificate (PKCS #10, RFC 2986). What it is for is the authority's to say.</summary>
    public static byte[] SigningRequest(ECDsa key) => new CertificateRequest("CN=node", key, HashAlgorithmName.SHA256).CreateSigningRequest();

    /// <summary>The public key of a signing request whose sender has proven to hold the private one.</summary>
    /// <exception cref="FaultException"><see cref="AuthorityFault.SigningRequest"/>.</exception>
    public static PublicKey ReadSigningRequest(byte[] request)
    {
        try
        {
            var read = CertificateRequest.LoadSigningRequest(request, HashAlgorithmName.SHA256, out var consumed);
            using var key = read.PublicKey.GetECDsaPublicKey();
            if (consumed == request.Length && key?.ExportParameters(false).Curve.Oid.Value == CurveP256)
                return read.PublicKey;
        }
        catch (Exception error) when (error is CryptographicException or ArgumentException or NotSupportedException)
        {
            throw NoRequest(error);
        }

        throw NoRequest(null);
    }

    /// <summary>Signs a certificate.</summary>
    /// <param name="authority">With its private key.</param>
    /// <param name="subject">The key that it is for.</param>
    /// <param name="name">Its common name, for people.</param>
    /// <param name="names">What it is for.</param>
    /// <param name="uses">The sides of TLS that it is for.</param>
    /// <param name="now">When it is made.</param>
    /// <param name="lifetime">For how long it is believed; never longer than the authority.</param>
    public static X509Certificate2 Sign(
        X509Certificate2 authority, PublicKey subject, string name, SubjectAlternativeNameBuilder names, IReadOnlyList<string> uses, DateTimeOffset now, TimeSpan lifetime)
    {
        var common = new X500DistinguishedNameBuilder();
        common.AddCommonName(name.Length <= 64 ? name : name[..64]);  // ub-common-name, RFC 5280 appendix A.1
        var request = new CertificateRequest(common.Build(), subject, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        var purposes = new OidCollection();
        foreach (var use in uses)
            purposes.Add(new Oid(use));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension(purposes, false));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(subject, false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(authority, true, false));
        request.CertificateExtensions.Add(names.Build());
        var until = now + lifetime;
        return request.Create(
            authority, now - CertificateTimes.ClockSkew, until < authority.NotAfter ? until : authority.NotAfter, NewSerial());
    }

    /// <summary>The names of a surface's certificate: host names and addresses.</summary>
    public static SubjectAlternativeNameBuilder HostNames(IEnumerable<string> hosts)
    {
        var names = new SubjectAlternativeNameBuilder();
        foreach (var host in hosts.Distinct(StringComparer.OrdinalIgnoreCase))
        {
            if (IPAddress.TryParse(host.Trim('[', ']'), out var address))
                names.AddIpAddress(address);
            else
                names.AddDnsName(host);
        }

        return names;
    }

    /// <summary>The one URI among a certificate's names, or null when there is none or more than one.</summary>
    public static string? UriOf(X509Certificate2 certificate)
    {
        const int uniformResourceIdentifier = 6;  // GeneralName, RFC 5280 §4.2.1.6
        try
        {
            string? found = null;
            foreach (var extension in certificate.Extensions.Where(static extension => extension.Oid?.Value == AlternativeNames))
            {
                var names = new System.Formats.Asn1.AsnReader(extension.RawData, System.Formats.Asn1.AsnEncodingRules.DER).ReadSequence();
                while (names.HasData)
                {
                    var tag = names.PeekTag();
                    if (tag is not { TagClass: System.Formats.Asn1.TagClass.ContextSpecific, TagValue: uniformResourceIdentifier })
                    {
                        names.ReadEncodedValue();
                        continue;
                    }

                    if (found is not null)
                        return null;
                    found = names.ReadCharacterString(System.Formats.Asn1.UniversalTagNumber.IA5String, tag);
                }
            }

            return found;
        }
        catch (System.Formats.Asn1.AsnContentException)
        {
            return null;
        }
    }

    /// <summary>Joins a certificate with its key, so that a connection can use it.</summary>
    public static X509Certificate2 WithKey(X509Certificate2 certificate, ECDsa key)
    {
        var joined = certificate.CopyWithPrivateKey(key);
        if (!OperatingSystem.IsWindows())
            return joined;
        // Schannel takes no key that lives in this process alone.
        using (joined)
            return X509CertificateLoader.LoadPkcs12(joined.Export(X509ContentType.Pkcs12), null);
    }

    /// <summary>SHA-256 of the certificate, 64 hexadecimal digits in lower case.</summary>
    public static string FingerprintOf(X509Certificate2 certificate) => Convert.ToHexStringLower(SHA256.HashData(certificate.RawData));

    private static byte[] NewSerial()
    {
        var serial = RandomNumberGenerator.GetBytes(SerialBytes);
        serial[0] = (byte)((serial[0] & 0x7F) | 0x40);  // positive, and never shorter
        return serial;
    }

    private static FaultException NoRequest(Exception? inner) => Fault.Of(
        AuthorityFault.SigningRequest, FaultKind.Invalid, "The signing request is not a PKCS #10 request signed by an ECDSA P-256 key.",
        "Send what 'entrepot serve --join' makes.").ToException(inner);
}
