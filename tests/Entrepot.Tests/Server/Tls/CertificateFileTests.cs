using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Entrepot.Core.Faults;
using Entrepot.Server.Configuration;
using Entrepot.Server.Tls;
using Entrepot.Trust.Authority;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Entrepot.Tests.Server.Tls;

public sealed class CertificateFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("entrepot-test-").FullName;
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero));

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void PEM_in_one_file_or_two_and_PKCS12_with_a_password_are_read()
    {
        using var key = Certificates.NewKey();
        using var certificate = Make(key, "one");
        File.WriteAllText(At("both.pem"), certificate.ExportCertificatePem() + "\n" + key.ExportPkcs8PrivateKeyPem());
        File.WriteAllText(At("cert.pem"), certificate.ExportCertificatePem());
        File.WriteAllText(At("key.pem"), key.ExportPkcs8PrivateKeyPem());
        File.WriteAllText(At("sealed.pem"), key.ExportEncryptedPkcs8PrivateKeyPem("secret", new PbeParameters(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 1000)));
        using var joined = certificate.CopyWithPrivateKey(key);
        File.WriteAllBytes(At("both.pfx"), joined.Export(X509ContentType.Pkcs12, "secret"));
        File.WriteAllText(At("password"), "secret\n");

        TlsSettings[] all =
        [
            new() { Certificate = At("both.pem") }, new() { Certificate = At("cert.pem"), Key = At("key.pem") },
            new() { Certificate = At("cert.pem"), Key = At("sealed.pem"), PasswordFile = At("password") }, new() { Certificate = At("both.pfx"), PasswordFile = At("password") },
        ];
        foreach (var settings in all)
        {
            var used = Open(settings).Context.TargetCertificate;
            (used.Subject, used.HasPrivateKey).ShouldBe(("CN=one", true), settings.ToString());
        }
    }

    [Fact]
    public void What_can_not_be_used_is_refused_by_name()
    {
        using var key = Certificates.NewKey();
        using var other = Certificates.NewKey();
        using var certificate = Make(key, "one");
        File.WriteAllText(At("cert.pem"), certificate.ExportCertificatePem());
        File.WriteAllText(At("other.pem"), other.ExportPkcs8PrivateKeyPem());
        File.WriteAllText(At("sealed.pem"), key.ExportEncryptedPkcs8PrivateKeyPem("secret", new PbeParameters(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 1000)));
        File.WriteAllText(At("wrong"), "wrong");
        File.WriteAllText(At("text"), "no certificate");
        using var joined = certificate.CopyWithPrivateKey(key);
        File.WriteAllBytes(At("both.pfx"), joined.Export(X509ContentType.Pkcs12, "secret"));
        File.WriteAllText(At("both.pem"), certificate.ExportCertificatePem() + "\n" + key.ExportPkcs8PrivateKeyPem());

        Reason(new() { Certificate = At("absent") }).ShouldBe(TlsFault.Certificate);
        Reason(new() { Certificate = At("text") }).ShouldBe(TlsFault.Certificate);
        Reason(new() { Certificate = At("cert.pem") }).ShouldBe(TlsFault.Key);
        Reason(new() { Certificate = At("cert.pem"), Key = At("other.pem") }).ShouldBe(TlsFault.Key);
        Reason(new() { Certificate = At("cert.pem"), Key = At("sealed.pem") }).ShouldBe(TlsFault.Password);
        Reason(new() { Certificate = At("cert.pem"), Key = At("sealed.pem"), PasswordFile = At("wrong") }).ShouldBe(TlsFault.Password);
        Reason(new() { Certificate = At("both.pfx"), PasswordFile = At("wrong") }).ShouldBe(TlsFault.Password);
        _time.Advance(TimeSpan.FromDays(400));
        Reason(new() { Certificate = At("both.pem") }).ShouldBe(TlsFault.Certificate);
    }

    [Fact]
    public void A_new_file_is_taken_and_a_broken_one_leaves_the_old_in_use()
    {
        using var key = Certificates.NewKey();
        using var one = Make(key, "one");
        using var two = Make(key, "second");
        var keyText = "\n" + key.ExportPkcs8PrivateKeyPem();
        File.WriteAllText(At("both.pem"), one.ExportCertificatePem() + keyText);
        var file = Open(new TlsSettings { Certificate = At("both.pem") });

        File.WriteAllText(At("both.pem"), two.ExportCertificatePem() + keyText);
        file.Refresh();
        file.Context.TargetCertificate.Subject.ShouldBe("CN=second");
        File.WriteAllText(At("both.pem"), "broken");
        file.Refresh();
        file.Context.TargetCertificate.Subject.ShouldBe("CN=second");
        File.WriteAllText(At("both.pem"), one.ExportCertificatePem() + keyText);
        file.Refresh();
        file.Context.TargetCertificate.Subject.ShouldBe("CN=one");
    }

    private string At(string name) => Path.Combine(_folder, name);

    private CertificateFile Open(TlsSettings settings) => CertificateFile.Open(settings, _time, NullLogger.Instance);

    private TlsFault Reason(TlsSettings settings)
    {
        var fault = Should.Throw<FaultException>(() => Open(settings)).Fault;
        fault.Cure.ShouldNotBeNullOrEmpty();
        return Enum.GetValues<TlsFault>().Single(reason => fault.Is(reason));
    }

    private X509Certificate2 Make(ECDsa key, string name)
        => new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256).Create(
            new X500DistinguishedName($"CN={name}"), X509SignatureGenerator.CreateForECDsa(key), _time.GetUtcNow().AddDays(-1), _time.GetUtcNow().AddDays(365), [1, 2, 3]);
}
