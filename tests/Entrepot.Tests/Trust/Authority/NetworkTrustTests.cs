using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using CsCheck;
using Entrepot.Core.Identities;
using Entrepot.Trust.Authority;

namespace Entrepot.Tests.Trust.Authority;

public sealed class NetworkTrustTests
{
    [Fact]
    public async Task A_node_is_known_by_its_certificate_on_both_sides_of_a_connection()
    {
        await using var world = await TrustWorld.CreateAsync();
        using var certificate = world.Issue();

        foreach (var use in new[] { Certificates.ClientUse, Certificates.ServerUse })
        {
            world.Trust.TryIdentify(certificate, use, NodeRole.Edge, world.Now, out var identity, out _).ShouldBeTrue();
            identity!.ToString().ShouldBe("spiffe://test.internal/edge/edge-1");
        }
    }

    [Fact]
    public async Task Its_life_is_a_day_and_clocks_may_be_five_minutes_apart()
    {
        await using var world = await TrustWorld.CreateAsync();
        using var certificate = world.Issue();

        Judge(world, certificate, world.Now - CertificateTimes.ClockSkew).ShouldBeNull();
        Judge(world, certificate, world.Now - CertificateTimes.ClockSkew - TimeSpan.FromSeconds(1)).ShouldBe(AuthorityFault.NotYetValid);
        Judge(world, certificate, world.Now + TimeSpan.FromHours(24)).ShouldBeNull();
        Judge(world, certificate, world.Now + TimeSpan.FromHours(24) + TimeSpan.FromSeconds(1)).ShouldBe(AuthorityFault.Expired);
    }

    [Fact]
    public async Task Another_networks_authority_of_the_same_name_is_not_believed()
    {
        await using var world = await TrustWorld.CreateAsync();
        await using var other = await TrustWorld.CreateAsync();
        using var certificate = other.Issue();

        Judge(world, certificate).ShouldBe(AuthorityFault.WrongAuthority);
    }

    [Fact]
    public async Task A_node_is_no_authority()
    {
        await using var world = await TrustWorld.CreateAsync();
        using var key = Certificates.NewKey();
        using var bare = world.Authority.Issue(new PublicKey(key), new NodeIdentity(TrustWorld.Network, NodeRole.Edge, NodeName.Parse("edge-1")));
        using var edge = Certificates.WithKey(bare, key);
        using var other = Certificates.NewKey();
        var names = new SubjectAlternativeNameBuilder();
        names.AddUri(new Uri("spiffe://test.internal/origin/origin"));
        var request = new CertificateRequest("CN=x", other, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(Certificates.ClientUse)], false));
        using var forged = request.Create(edge.SubjectName, X509SignatureGenerator.CreateForECDsa(key), world.Now, world.Now.AddHours(1), [1, 2, 3]);

        Judge(world, forged).ShouldBe(AuthorityFault.WrongAuthority);
    }

    [Fact]
    public async Task The_authoritys_own_certificate_names_no_node()
    {
        await using var world = await TrustWorld.CreateAsync();
        Judge(world, world.Authority.State.Signers[0].Certificate).ShouldBe(AuthorityFault.WrongAuthority);
    }

    [Fact]
    public async Task A_surfaces_certificate_opens_no_door_for_nodes()
    {
        await using var world = await TrustWorld.CreateAsync();
        using var key = Certificates.NewKey();
        using var surface = world.Authority.IssueServer(new PublicKey(key), ["mirror.example.net", "192.0.2.7", "::1"]);

        Judge(world, surface).ShouldBe(AuthorityFault.WrongUse);
        Judge(world, surface, use: Certificates.ServerUse).ShouldBe(AuthorityFault.NoIdentity);
        surface.MatchesHostname("mirror.example.net").ShouldBeTrue();
        surface.MatchesHostname("192.0.2.7").ShouldBeTrue();
        surface.MatchesHostname("other.example.net").ShouldBeFalse();
    }

    [Fact]
    public async Task Role_use_network_and_name_are_each_checked()
    {
        await using var world = await TrustWorld.CreateAsync();
        const string edge = "spiffe://test.internal/edge/edge-1";

        Judge(world, Forged(edge, Certificates.ClientUse), role: NodeRole.Origin).ShouldBe(AuthorityFault.WrongRole);
        Judge(world, Forged(edge, Certificates.ServerUse)).ShouldBe(AuthorityFault.WrongUse);
        Judge(world, Forged(edge)).ShouldBe(AuthorityFault.WrongUse);
        Judge(world, Forged("spiffe://other.internal/edge/edge-1", Certificates.ClientUse)).ShouldBe(AuthorityFault.NoIdentity);
        Judge(world, Forged("https://test.internal/edge/edge-1", Certificates.ClientUse)).ShouldBe(AuthorityFault.NoIdentity);
        Judge(world, Forged("spiffe://test.internal/king/edge-1", Certificates.ClientUse)).ShouldBe(AuthorityFault.NoIdentity);
        Judge(world, Forged("spiffe://test.internal/edge/edge-1/more", Certificates.ClientUse)).ShouldBe(AuthorityFault.NoIdentity);
        Judge(world, world.Forge(names =>
        {
            names.AddUri(new Uri(edge));
            names.AddUri(new Uri("spiffe://test.internal/origin/origin"));
        }, Certificates.ClientUse)).ShouldBe(AuthorityFault.NoIdentity);
        Judge(world, world.Forge(static names => names.AddDnsName("edge-1"), Certificates.ClientUse)).ShouldBe(AuthorityFault.NoIdentity);
        Judge(world, null).ShouldBe(AuthorityFault.NoIdentity);

        X509Certificate2 Forged(string uri, params string[] uses) => world.Forge(names => names.AddUri(new Uri(uri)), uses);
    }

    [Fact]
    public async Task A_changed_byte_anywhere_is_found()
    {
        await using var world = await TrustWorld.CreateAsync();
        using var certificate = world.Issue();
        var bytes = certificate.RawData;

        Gen.Int[0, bytes.Length - 1].Select(Gen.Byte[1, 255]).Sample((at, change) =>
        {
            var changed = bytes.ToArray();
            changed[at] ^= change;
            X509Certificate2 read;
            try
            {
                read = X509CertificateLoader.LoadCertificate(changed);
            }
            catch (CryptographicException)
            {
                return;
            }

            using (read)
                Judge(world, read).ShouldNotBeNull();
        }, iter: 400, threads: 1);
    }

    [Fact]
    public async Task What_was_made_before_the_revocation_is_refused_and_what_is_made_after_is_not()
    {
        await using var world = await TrustWorld.CreateAsync();
        using var before = world.Issue();
        world.Time.Advance(TimeSpan.FromMinutes(1));
        var trust = world.Trust with { Revocations = [new Revocation(NodeName.Parse("edge-1"), world.Now)] };
        using var sameSecond = world.Issue();
        world.Time.Advance(TimeSpan.FromSeconds(1));
        using var after = world.Issue();
        using var other = world.Issue(name: "edge-2");

        Judge(trust, before, world.Now).ShouldBe(AuthorityFault.Revoked);
        Judge(trust, sameSecond, world.Now).ShouldBe(AuthorityFault.Revoked);
        Judge(trust, after, world.Now).ShouldBeNull();
        Judge(trust, other, world.Now).ShouldBeNull();
    }

    [Fact]
    public async Task Authorities_travel_as_PEM()
    {
        await using var world = await TrustWorld.CreateAsync();
        await world.Authority.RotateAsync(CertificateTimes.LeastOverlap, dryRun: false, "test");

        NetworkTrust.ReadPem(world.Trust.ToPem())!.Value.Select(static one => one.Thumbprint).ShouldBe(world.Trust.Authorities.Select(static one => one.Thumbprint));
        using var leaf = world.Issue();
        NetworkTrust.ReadPem(leaf.ExportCertificatePem()).ShouldBeNull();
        NetworkTrust.ReadPem("").ShouldBeNull();
        NetworkTrust.ReadPem("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----").ShouldBeNull();
        NetworkTrust.ReadPem(string.Concat(Enumerable.Repeat(world.Trust.ToPem(), 3))).ShouldBeNull();
    }

    private static AuthorityFault? Judge(
        TrustWorld world, X509Certificate2? certificate, DateTimeOffset? at = null, string use = Certificates.ClientUse, NodeRole? role = NodeRole.Edge)
        => Judge(world.Trust, certificate, at ?? world.Now, use, role);

    private static AuthorityFault? Judge(
        NetworkTrust trust, X509Certificate2? certificate, DateTimeOffset at, string use = Certificates.ClientUse, NodeRole? role = NodeRole.Edge)
    {
        if (trust.TryIdentify(certificate, use, role, at, out _, out var fault))
            return null;
        return Enum.GetValues<AuthorityFault>().Single(reason => fault.Is(reason));
    }
}
