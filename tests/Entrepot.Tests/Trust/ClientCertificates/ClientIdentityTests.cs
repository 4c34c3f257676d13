using CsCheck;
using Entrepot.Core.Identities;
using Entrepot.Trust.Access;
using Entrepot.Trust.Authority;

namespace Entrepot.Tests.Trust.ClientCertificates;

public sealed class ClientIdentityTests
{
    private static readonly Gen<ClientIdentity> Any =
        from name in Gen.String[Gen.Char["abcdefghij0123456789"], 1, 20]
        from roles in Gen.Int[1, (int)Roles.Grantable]
        from mirrors in Gen.String[Gen.Char["abcdefghij0123456789._-"], 0, 10].Select(static text => $"m{text}x").Array[0, 5]
        select new ClientIdentity(
            "net.internal", NodeName.Parse(name), (Role)roles, [.. mirrors.Distinct().Order(StringComparer.Ordinal).Select(MirrorName.Parse)]);

    [Fact]
    public void What_is_written_is_read_as_the_same()
        => Any.Sample(static identity =>
        {
            ClientIdentity.TryParse(identity.ToString(), out var read).ShouldBeTrue();
            (read!.Network, read.Name, read.Roles).ShouldBe((identity.Network, identity.Name, identity.Roles));
            read.Mirrors.ShouldBe(identity.Mirrors);
            NodeIdentity.TryParse(identity.ToString(), out _).ShouldBeFalse("a client is no node");
            var principal = read.ToPrincipal();
            (principal.Name, principal.Roles, principal.Proof).ShouldBe(($"certificate:{identity.Name}", identity.Roles, Proof.Certificate));
            principal.Mirrors.ShouldBe(identity.Mirrors.Select(static mirror => mirror.Value), ignoreOrder: true);
        });

    [Fact]
    public void No_shorter_text_is_read_as_another_identity()
        => Any.Sample(static identity =>
        {
            var text = identity.ToString();
            for (var length = 0; length < text.Length; length++)
            {
                if (ClientIdentity.TryParse(text[..length], out var read))
                    read.ToString().ShouldBe(text[..length]);
            }
        });

    [Theory]
    [InlineData("spiffe://net.internal/edge/ann")]
    [InlineData("spiffe://net.internal/client/ann")]
    [InlineData("spiffe://net.internal/client/ann/role")]
    [InlineData("spiffe://net.internal/client/ann/role/node")]
    [InlineData("spiffe://net.internal/client/ann/role/root")]
    [InlineData("spiffe://net.internal/client/ann/role/Auditor")]
    [InlineData("spiffe://net.internal/client/ann/role/auditor/role/viewer")]
    [InlineData("spiffe://net.internal/client/ann/role/auditor/role/auditor")]
    [InlineData("spiffe://net.internal/client/ann/role/auditor/mirror/v1")]
    [InlineData("spiffe://net.internal/client/ann/mirror/images/role/auditor")]
    [InlineData("spiffe://net.internal/client/ann/role/publisher/mirror/b/mirror/a")]
    [InlineData("spiffe://net.internal/client/../role/auditor")]
    [InlineData("spiffe://NET.internal/client/ann/role/auditor")]
    [InlineData("spiffe://net.internal/client/ann/role/auditor/")]
    [InlineData("spiffe://net.internal/client/ann/role/auditor?role=admin")]
    [InlineData("https://net.internal/client/ann/role/auditor")]
    [InlineData(null)]
    public void What_is_not_written_so_is_no_identity(string? text) => ClientIdentity.TryParse(text, out _).ShouldBeFalse();
}
