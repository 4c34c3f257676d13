using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Entrepot.Core.Faults;
using Entrepot.Server.Configuration;
using Microsoft.Extensions.Logging;

namespace Entrepot.Server.Tls;

/// <summary>A certificate that an operator put into a file. It is read again when the file changes; one that can't be used leaves the last
/// good one in use.</summary>
internal sealed class CertificateFile
{
    /// <summary>Where a certificate says who answers for its revocation (RFC 5280 §4.2.2.1).</summary>
    private const string AuthorityInformation = "1.3.6.1.5.5.7.1.1";

    private readonly TlsSettings _settings;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private string _seen;
    private SslStreamCertificateContext _context;

    private CertificateFile(TlsSettings settings, TimeProvider time, ILogger logger)
    {
        (_settings, _time, _logger) = (settings, time, logger);
        _seen = Look();
        _context = Load(settings, time);
    }

    /// <summary>What connections are given now.</summary>
    public SslStreamCertificateContext Context => Volatile.Read(ref _context);

    /// <summary>Reads the file for the first time.</summary>
    /// <exception cref="FaultException"><see cref="TlsFault"/>: nothing is served with half a certificate.</exception>
    public static CertificateFile Open(TlsSettings settings, TimeProvider time, ILogger logger) => new(settings, time, logger);

    /// <summary>Looks whether the files changed, and reads them if so.</summary>
    public void Refresh()
    {
        var now = Look();
        if (now == _seen)
            return;
        _seen = now;
        try
        {
            var next = Load(_settings, _time);
            Volatile.Write(ref _context, next);
            Log.CertificateReplaced(_logger, _settings.Certificate!, next.TargetCertificate.Subject, next.TargetCertificate.NotAfter.ToUniversalTime());
        }
        catch (FaultException error)
        {
            Log.CertificateKept(_logger, _settings.Certificate!, error.Fault.Message, error.Fault.Cure ?? "");
        }
    }

    private static SslStreamCertificateContext Load(TlsSettings settings, TimeProvider time)
    {
        var path = settings.Certificate!;
        try
        {
            var password = settings.PasswordFile is { } file ? File.ReadAllText(file).TrimEnd('\r', '\n') : null;
            var all = new X509Certificate2Collection();
            var leaf = IsPem(path) ? LoadPem(path, settings.Key ?? path, password, all) : LoadPkcs12(path, password, all);
            if (leaf.NotAfter.ToUniversalTime() < time.GetUtcNow())
                throw Bad(TlsFault.Certificate, $"The certificate in '{path}' ended {leaf.NotAfter.ToUniversalTime():u}.", "Put a valid one in its place.", null);
            var chain = new X509Certificate2Collection(all.Where(one => one.Thumbprint != leaf.Thumbprint).ToArray());
            // Asking the responder in the background is what staples its answers (RFC 6961); without one nothing is to be asked.
            return SslStreamCertificateContext.Create(leaf, chain, offline: !NamesResponder(leaf));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Bad(TlsFault.Certificate, $"'{path}' or its key can't be read: {error.Message}", "Check the paths under 'tls', and that this user may read them.", error);
        }
    }

    private static X509Certificate2 LoadPem(string path, string keyPath, string? password, X509Certificate2Collection all)
    {
        try
        {
            all.ImportFromPemFile(path);
        }
        catch (CryptographicException error)
        {
            throw Bad(TlsFault.Certificate, $"'{path}' holds no certificate: {error.Message}", "Name a PEM or PKCS #12 file.", error);
        }

        if (all.Count == 0)
            throw Bad(TlsFault.Certificate, $"'{path}' holds no certificate.", "Name a PEM or PKCS #12 file.", null);
        try
        {
            using var ephemeral = password is null
                ? X509Certificate2.CreateFromPemFile(path, keyPath)
                : X509Certificate2.CreateFromEncryptedPemFile(path, password, keyPath);
            // Through PKCS #12: Schannel takes no key that lives in this process alone.
            return X509CertificateLoader.LoadPkcs12(ephemeral.Export(X509ContentType.Pkcs12), null);
        }
        catch (Exception error) when (error is CryptographicException or ArgumentException)
        {
            var text = File.ReadAllText(keyPath);
            throw text.Contains("ENCRYPTED", StringComparison.Ordinal)
                ? Bad(TlsFault.Password, $"The key in '{keyPath}' does not open with the password.", "Put the key's password into the file that 'passwordFile' names.", error)
                : Bad(TlsFault.Key, $"'{keyPath}' holds no private key of the first certificate in '{path}'.", "Put the server's own certificate first, and name its key with 'key'.", error);
        }
    }

    private static X509Certificate2 LoadPkcs12(string path, string? password, X509Certificate2Collection all)
    {
        try
        {
            all.AddRange(X509CertificateLoader.LoadPkcs12CollectionFromFile(path, password));
        }
        catch (CryptographicException error)
        {
            throw Bad(TlsFault.Password, $"'{path}' is neither PEM nor a PKCS #12 file that the password opens.", "Put its password into the file that 'passwordFile' names.", error);
        }

        return all.FirstOrDefault(static one => one.HasPrivateKey)
            ?? throw Bad(TlsFault.Key, $"'{path}' holds no private key.", "Export the certificate with its key.", null);
    }

    private static bool IsPem(string path)
    {
        using var file = File.OpenRead(path);
        Span<byte> start = stackalloc byte[2];
        // PKCS #12 is DER: a SEQUENCE with a length of two bytes.
        return file.ReadAtLeast(start, 2, throwOnEndOfStream: false) < 2 || start[0] != 0x30 || start[1] < 0x80;
    }

    private static bool NamesResponder(X509Certificate2 certificate)
        => certificate.Extensions.FirstOrDefault(static extension => extension.Oid?.Value == AuthorityInformation) is { } extension
            && new X509AuthorityInformationAccessExtension(extension.RawData).EnumerateOcspUris().Any();

    /// <summary>Size and time of each file: what changes when it is replaced.</summary>
    private string Look()
    {
        var text = new StringBuilder();
        foreach (var path in new[] { _settings.Certificate, _settings.Key, _settings.PasswordFile }.OfType<string>())
        {
            var file = new FileInfo(path);
            text.Append(file.Exists ? file.Length : -1).Append(' ').Append(file.Exists ? file.LastWriteTimeUtc.Ticks : 0).Append(';');
        }

        return text.ToString();
    }

    private static FaultException Bad(TlsFault reason, string message, string cure, Exception? inner) => Fault.Of(reason, FaultKind.Invalid, message, cure).ToException(inner);
}
