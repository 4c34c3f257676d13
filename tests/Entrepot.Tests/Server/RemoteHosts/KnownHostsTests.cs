using System.Security.Cryptography;
using System.Text;
using CsCheck;
using Entrepot.Core.Faults;
using Entrepot.Server.RemoteHosts;

namespace Entrepot.Tests.Server.RemoteHosts;

public sealed class KnownHostsTests
{
    private static readonly byte[] Key = [0, 0, 0, 11, .. "ssh-ed25519"u8, 0, 0, 0, 1, 9];
    private static readonly byte[] Other = [0, 0, 0, 11, .. "ssh-ed25519"u8, 0, 0, 0, 1, 8];
    private static readonly string Text = Convert.ToBase64String(Key);

    [Theory]
    [InlineData("a.example", "a.example", HostTrust.Trusted)]
    [InlineData("b.example,A.example", "a.example", HostTrust.Trusted)]
    [InlineData("*.example", "a.example", HostTrust.Trusted)]
    [InlineData("*.example,!a.example", "a.example", HostTrust.Unknown)]
    [InlineData("[a.example]:2222", "[a.example]:2222", HostTrust.Trusted)]
    [InlineData("a.example", "[a.example]:2222", HostTrust.Unknown)]
    [InlineData("@revoked a.example", "a.example", HostTrust.Revoked)]
    [InlineData("@cert-authority a.example", "a.example", HostTrust.Unknown)]
    public void A_key_is_trusted_for_the_hosts_that_are_named(string hosts, string host, HostTrust trust)
        => KnownHosts.Parse($"# comment\n\n{hosts} ssh-ed25519 {Text} somebody\n").Judge(host, Key).ShouldBe(trust);

    [Fact]
    public void Another_key_is_told_from_an_unknown_host()
    {
        var known = KnownHosts.Parse($"a.example ssh-ed25519 {Text}\n");
        known.Judge("a.example", Other).ShouldBe(HostTrust.Changed);
        known.Judge("b.example", Other).ShouldBe(HostTrust.Unknown);
        known.TypesOf("a.example").ShouldBe(["ssh-ed25519"]);
    }

    [Fact]
    public void One_of_several_keys_is_enough_but_not_a_revoked_one()
    {
        var known = $"a ssh-ed25519 {Convert.ToBase64String(Other)}\na ssh-ed25519 {Text}\n";
        KnownHosts.Parse(known).Judge("a", Key).ShouldBe(HostTrust.Trusted);
        KnownHosts.Parse($"{known}@revoked a ssh-ed25519 {Text}\n").Judge("a", Key).ShouldBe(HostTrust.Revoked);
    }

    [Fact]
    public void Hashed_names_are_found()
    {
        byte[] salt = [.. Enumerable.Range(0, 20).Select(i => (byte)i)];
#pragma warning disable CA5350 // The format asks for it.
        var hash = HMACSHA1.HashData(salt, Encoding.UTF8.GetBytes("a.example"));
#pragma warning restore CA5350
        var known = KnownHosts.Parse($"|1|{Convert.ToBase64String(salt)}|{Convert.ToBase64String(hash)} ssh-ed25519 {Text}\n");
        known.Judge("a.example", Key).ShouldBe(HostTrust.Trusted);
        known.Judge("b.example", Key).ShouldBe(HostTrust.Unknown);
    }

    [Fact]
    public void Any_file_is_read_without_an_exception()
        => Gen.Select(Gen.String, Gen.String).Sample((hosts, key) => { KnownHosts.Parse($"{hosts} ssh-rsa {key}\n|1|{hosts} x {Text}").Judge("a", Key); });

    [Theory]
    [InlineData("ssh://root@a.example", "root", "a.example", 22)]
    [InlineData("ssh://root@[::1]:2222/", "root", "::1", 2222)]
    public void Addresses_name_user_and_host(string text, string user, string host, int port) => SshAddress.Parse(text).ShouldBe(new SshAddress(user, host, port));

    [Theory]
    [InlineData("a.example")]
    [InlineData("ssh://a.example")]
    [InlineData("ssh://root:secret@a.example")]
    [InlineData("ssh://root@a.example/etc")]
    [InlineData("http://root@a.example")]
    public void Other_addresses_are_refused(string text)
        => Should.Throw<FaultException>(() => SshAddress.Parse(text)).Fault.Is(RemoteHostFault.Address).ShouldBeTrue();
}
