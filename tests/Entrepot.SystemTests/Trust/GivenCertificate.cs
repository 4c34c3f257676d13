using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.RegularExpressions;

namespace Entrepot.SystemTests.Trust;

/// <summary>A certificate for <c>localhost</c> as a public authority would give it, and OpenSSL's OCSP responder, which the certificate names.</summary>
internal sealed partial class GivenCertificate : IAsyncDisposable
{
    private readonly Process _responder;

    private GivenCertificate(TestFolder folder, Process responder) => (Folder, _responder) = (folder, responder);

    private TestFolder Folder { get; }

    /// <summary>The authority's certificate, PEM.</summary>
    public string Authority => Folder["authority.pem"];

    /// <summary>Settings that use the certificate, TLS alone.</summary>
    public string Settings => $"{EntrepotProcess.AnyPorts}\ntls: {{mode: required, certificate: {Folder["chain.pem"]}, key: {Folder["key.pem"]}}}\n";

    public static async Task<GivenCertificate> CreateAsync(TestFolder folder)
    {
        Command.Require("openssl");
        using var authorityKey = RSA.Create(3072);
        var request = new CertificateRequest("CN=Test Authority", authorityKey, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign | X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        using var authority = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(365));
        await File.WriteAllTextAsync(folder["authority.pem"], authority.ExportCertificatePem());
        await File.WriteAllTextAsync(folder["authority.key"], authorityKey.ExportPkcs8PrivateKeyPem());

        var serial = RandomNumberGenerator.GetBytes(16);
        serial[0] = (byte)((serial[0] & 0x7F) | 0x40);
        var until = DateTimeOffset.UtcNow.AddDays(89);
        await File.WriteAllTextAsync(folder["index.txt"], $"V\t{until.ToString("yyMMddHHmmss", CultureInfo.InvariantCulture)}Z\t\t{Convert.ToHexString(serial)}\tunknown\t/CN=localhost\n");
        var (responder, port) = await ListenAsync(folder);

        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var own = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        names.AddIpAddress(IPAddress.Loopback);
        own.CertificateExtensions.Add(names.Build());
        own.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        own.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        own.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], false));
        own.CertificateExtensions.Add(new X509AuthorityInformationAccessExtension([$"http://127.0.0.1:{port}"], null));
        own.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(authority, true, false));
        using var certificate = own.Create(authority.SubjectName, X509SignatureGenerator.CreateForRSA(authorityKey, RSASignaturePadding.Pkcs1), DateTimeOffset.UtcNow.AddHours(-1), until, serial);
        await File.WriteAllTextAsync(folder["chain.pem"], $"{certificate.ExportCertificatePem()}\n{authority.ExportCertificatePem()}\n");
        await File.WriteAllTextAsync(folder["key.pem"], key.ExportPkcs8PrivateKeyPem());
        return new GivenCertificate(folder, responder);
    }

    public async ValueTask DisposeAsync()
    {
        _responder.Kill();
        await _responder.WaitForExitAsync();
        _responder.Dispose();
    }

    private static async Task<(Process, int)> ListenAsync(TestFolder folder)
    {
        var process = new Process
        {
            StartInfo = new ProcessStartInfo(
                "openssl", ["ocsp", "-port", "0", "-index", folder["index.txt"], "-CA", folder["authority.pem"], "-rsigner", folder["authority.pem"], "-rkey", folder["authority.key"], "-ndays", "7"])
            {
                RedirectStandardOutput = true, RedirectStandardError = true,
            },
        };
        process.Start();
        var port = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        process.OutputDataReceived += Look;
        process.ErrorDataReceived += Look;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return (process, await port.Task.WaitAsync(TimeSpan.FromSeconds(30)));

        void Look(object sender, DataReceivedEventArgs line)
        {
            if (Accepting().Match(line.Data ?? "") is { Success: true } match)
                port.TrySetResult(int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture));
        }
    }

    [GeneratedRegex(@"^ACCEPT .*:(\d+)\b")]
    private static partial Regex Accepting();
}
