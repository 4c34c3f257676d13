using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using CsCheck;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Core.Journal;
using Entrepot.Core.Secrets;
using Entrepot.Trust.Authority;

namespace Entrepot.Tests.Trust.Authority;

public sealed class NetworkAuthorityTests
{
    [Fact]
    public async Task It_is_made_once_and_opens_again_with_its_key_alone()
    {
        await using var world = await TrustWorld.CreateAsync();
        var fingerprint = world.Authority.State.Signers.ShouldHaveSingleItem().Fingerprint;
        await world.ReopenAsync();
        world.Authority.State.Signers.ShouldHaveSingleItem().Fingerprint.ShouldBe(fingerprint);

        using var other = SealingKey.CreateEphemeral();
        (await Should.ThrowAsync<FaultException>(() => NetworkAuthority.OpenAsync(world.State, other, TrustWorld.Network, world.Time)))
            .Fault.Is(SecretFault.Broken).ShouldBeTrue();
    }

    [Fact]
    public async Task Its_certificate_signs_no_further_authority_and_its_key_is_nowhere_in_the_database()
    {
        await using var world = await TrustWorld.CreateAsync();
        var certificate = world.Authority.State.Signers[0].Certificate;

        var constraints = certificate.Extensions.OfType<X509BasicConstraintsExtension>().Single();
        (constraints.CertificateAuthority, constraints.HasPathLengthConstraint, constraints.PathLengthConstraint).ShouldBe((true, true, 0));
        using var key = certificate.GetECDsaPrivateKey()!;
        var secret = key.ExportParameters(true).D!;
        foreach (var file in Directory.GetFiles(Path.GetDirectoryName(world.State.File)!))
        {
            using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            var content = new byte[stream.Length];
            stream.ReadExactly(content);
            content.AsSpan().IndexOf(secret).ShouldBe(-1, file);
        }
    }

    [Fact]
    public async Task Serial_numbers_do_not_repeat_or_follow_each_other()
    {
        await using var world = await TrustWorld.CreateAsync();
        var serials = Enumerable.Range(0, 50).Select(_ => world.Issue().SerialNumber).ToList();
        serials.Distinct().Count().ShouldBe(50);
        serials.ShouldAllBe(static serial => serial.Length == 32);
    }

    [Fact]
    public async Task Through_a_rotation_every_valid_certificate_stays_believed_by_everybody_who_renews_in_time()
    {
        // Nodes renew at any moments within a life; each believes what it heard of at its last renewal. All pairs must always work.
        await Gen.Select(Gen.Int[0, 15], Gen.Int[0, 15], Gen.Int[48, 120]).SampleAsync(async (first, second, hours) =>
        {
            await using var world = await TrustWorld.CreateAsync();
            var overlap = TimeSpan.FromHours(hours);
            (int Every, X509Certificate2? Certificate, NetworkTrust? Trust)[] nodes = [(1 + first, null, null), (1 + second, null, null)];
            for (var hour = 0; hour < hours + 30; hour++)
            {
                if (hour == 16)
                    await world.Authority.RotateAsync(overlap, dryRun: false, "test");
                await world.Authority.TidyAsync();
                for (var i = 0; i < nodes.Length; i++)
                {
                    if (hour % nodes[i].Every == 0)
                        nodes[i] = (nodes[i].Every, world.Issue(), world.Trust);
                }

                foreach (var by in nodes)
                {
                    foreach (var of in nodes)
                        by.Trust!.TryIdentify(of.Certificate, Certificates.ClientUse, null, world.Now, out _, out var fault).ShouldBeTrue(fault?.Message);
                }

                world.Time.Advance(TimeSpan.FromHours(1));
            }

            world.Authority.State.Signers.Length.ShouldBe(1);
        }, iter: 4, threads: 1);
    }

    [Fact]
    public async Task A_rotation_is_planned_refused_done_and_journalled()
    {
        await using var world = await TrustWorld.CreateAsync();
        var old = world.Authority.State.Signers[0].Fingerprint;

        var planned = await world.Authority.RotateAsync(TimeSpan.FromHours(72), dryRun: true, "test");
        planned.Signers.Select(static signer => signer.TrustedUntil).ShouldBe([world.Now.AddHours(72), null]);
        world.Authority.State.Signers.Length.ShouldBe(1);

        Reason(await Should.ThrowAsync<FaultException>(() => world.Authority.RotateAsync(TimeSpan.FromHours(47), true, "test"))).ShouldBe(AuthorityFault.Overlap);
        Reason(await Should.ThrowAsync<FaultException>(() => world.Authority.RotateAsync(TimeSpan.FromDays(366), true, "test"))).ShouldBe(AuthorityFault.Overlap);

        await world.Authority.RotateAsync(TimeSpan.FromHours(72), dryRun: false, "operator@test");
        Reason(await Should.ThrowAsync<FaultException>(() => world.Authority.RotateAsync(TimeSpan.FromHours(72), false, "test"))).ShouldBe(AuthorityFault.Rotating);
        world.Authority.State.SignerAt(world.Now).Fingerprint.ShouldBe(old);
        world.Authority.State.SignerAt(world.Now.AddHours(48)).Fingerprint.ShouldNotBe(old);

        world.Time.Advance(TimeSpan.FromHours(73));
        await world.ReopenAsync();
        world.Authority.State.Signers.ShouldHaveSingleItem().Fingerprint.ShouldNotBe(old);
        JournalTable.Read(world.State, 0, 100, "authority.").Select(static entry => (entry.Action, entry.Actor)).ShouldBe(
            [("authority.create", "system:authority"), ("authority.rotate", "operator@test"), ("authority.drop", "system:authority")]);
    }

    [Fact]
    public void A_signing_request_is_read_whole_or_not_at_all()
    {
        using var key = Certificates.NewKey();
        var request = Certificates.SigningRequest(key);
        Certificates.ReadSigningRequest(request).EncodedKeyValue.RawData.ShouldBe(new PublicKey(key).EncodedKeyValue.RawData);
        for (var length = 0; length < request.Length; length++)
            Reason(Should.Throw<FaultException>(() => Certificates.ReadSigningRequest(request[..length]))).ShouldBe(AuthorityFault.SigningRequest);
        for (var at = 0; at < request.Length; at++)
        {
            var changed = request.ToArray();
            changed[at] ^= 1;
            Should.Throw<FaultException>(() => Certificates.ReadSigningRequest(changed), $"byte {at}");
        }

        using var rsa = RSA.Create(2048);
        Should.Throw<FaultException>(() => Certificates.ReadSigningRequest(
            new CertificateRequest("CN=x", rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1).CreateSigningRequest()));
        using var large = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        Should.Throw<FaultException>(() => Certificates.ReadSigningRequest(new CertificateRequest("CN=x", large, HashAlgorithmName.SHA384).CreateSigningRequest()));
        Should.Throw<FaultException>(() => Certificates.ReadSigningRequest([.. request, 0]));
    }

    [Fact]
    public void An_identity_is_read_as_it_is_written()
        => Gen.Select(Gen.Enum<NodeRole>(), Gen.String[Gen.Char.AlphaNumeric, 1, 20]).Sample((role, name) =>
        {
            var identity = new NodeIdentity("a.b-c", role, NodeName.Parse(name.ToLowerInvariant()));
            NodeIdentity.TryParse(identity.ToString(), out var read).ShouldBeTrue();
            read.ShouldBe(identity);
        });

    [Theory]
    [InlineData("")]
    [InlineData("spiffe://")]
    [InlineData("spiffe:///edge/x")]
    [InlineData("spiffe://a/edge/")]
    [InlineData("spiffe://a/Edge/x")]
    [InlineData("spiffe://a/0/x")]
    [InlineData("spiffe://A/edge/x")]
    [InlineData("spiffe://a:1/edge/x")]
    [InlineData("spiffe://u@a/edge/x")]
    [InlineData("spiffe://a/edge/x?q")]
    [InlineData("spiffe://a/edge/x/y")]
    [InlineData("SPIFFE://a/edge/x")]
    public void Anything_else_is_no_identity(string text) => NodeIdentity.TryParse(text, out _).ShouldBeFalse();

    private static AuthorityFault Reason(FaultException error) => Enum.GetValues<AuthorityFault>().Single(reason => error.Fault.Is(reason));
}
