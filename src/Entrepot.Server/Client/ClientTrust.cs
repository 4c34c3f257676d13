using System.Collections.Immutable;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Entrepot.Core.Faults;
using Entrepot.Core.Secrets;
using Entrepot.Trust.Authority;

namespace Entrepot.Server.Client;

/// <summary>Whom the commands believe that a surface is the one it says: the authorities of this system, and those of the network.</summary>
public sealed class ClientTrust
{
    /// <summary>Largest file that is read, in bytes.</summary>
    private const long MaxFile = 64 * 1024;

    private ImmutableArray<X509Certificate2> _authorities = [];
    private X509Certificate2? _own;

    /// <summary>What the commands show themselves, or null.</summary>
    internal X509Certificate2? Own => _own;

    /// <summary>True when a certificate is shown.</summary>
    public bool Shows => _own is not null;

    /// <summary>Shows a certificate to surfaces that ask for one.</summary>
    /// <param name="certificate">PEM.</param>
    /// <param name="key">PEM, that nobody else may read; may be the same file.</param>
    /// <exception cref="FaultException"><see cref="ClientFault.Certificate"/>, <see cref="SecretFault"/>.</exception>
    public void Show(string certificate, string key)
    {
        var secret = SecretFile.Read(key) ?? throw Unshowable(key, "it is not there", null);
        try
        {
            _own = X509Certificate2.CreateFromPem(File.ReadAllText(certificate), System.Text.Encoding.UTF8.GetString(secret));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException)
        {
            throw Unshowable(certificate, error.Message.TrimEnd('.'), error);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(secret);
        }
    }

    /// <summary>Believes the authorities of a file as well.</summary>
    /// <param name="file">PEM (RFC 7468).</param>
    /// <param name="required">False where a missing or unreadable file is no error.</param>
    /// <exception cref="FaultException"><see cref="ClientFault.Authority"/>.</exception>
    public void Use(string file, bool required)
    {
        try
        {
            if (!required && !File.Exists(file))
                return;
            var text = new FileInfo(file).Length <= MaxFile ? File.ReadAllText(file) : "";
            _authorities = NetworkTrust.ReadPem(text) ?? throw Unusable(file, "it holds no authority as PEM", null);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            if (required)
                throw Unusable(file, error.Message, error);
        }
    }

    /// <summary>Judges what a surface shows. The name must be right whoever signed it.</summary>
    internal bool Judge(X509Certificate? certificate, X509Chain? sent, SslPolicyErrors errors)
    {
        if (errors == SslPolicyErrors.None)
            return true;
        if (errors != SslPolicyErrors.RemoteCertificateChainErrors || _authorities.IsEmpty || certificate is not X509Certificate2 shown)
            return false;
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(_authorities.ToArray());
        // A private authority has no list of what it took back; its certificates live for a day.
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.ApplicationPolicy.Add(new System.Security.Cryptography.Oid(Certificates.ServerUse));
        foreach (var element in sent?.ChainElements ?? Enumerable.Empty<X509ChainElement>())
            chain.ChainPolicy.ExtraStore.Add(element.Certificate);
        return chain.Build(shown);
    }

    private static FaultException Unshowable(string file, string why, Exception? inner) => Fault.Of(
        ClientFault.Certificate, FaultKind.Invalid, $"'{file}' can't be shown as a certificate: {why}.", "Name the folder that 'entrepot certificate create' wrote, or a PEM file with certificate and key.").ToException(inner);

    private static FaultException Unusable(string file, string why, Exception? inner) => Fault.Of(
        ClientFault.Authority, FaultKind.Invalid, $"'{file}' can't be used as the authority to believe: {why}.", "Name the file that 'entrepot ca show --pem' printed at the origin.").ToException(inner);
}
