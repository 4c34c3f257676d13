using CsCheck;
using Entrepot.Core.Faults;
using Entrepot.Mirror.Integrity;
using Entrepot.Mirror.Oci;

namespace Entrepot.Tests.Mirror.Oci;

public sealed class OciNameTests
{
    [Theory]
    [InlineData("apps")]
    [InlineData("apps/web")]
    [InlineData("a/b/c/d/e")]
    [InlineData("apps/my-web_server.v2")]
    [InlineData("apps/a__b/c--d")]
    [InlineData("1apps/2web")]
    public void A_repository_is_named_so(string name)
    {
        var repository = RepositoryName.Parse(name);
        repository.Value.ShouldBe(name);
        repository.Mirror.Value.ShouldBe(name.Split('/')[0]);
    }

    [Theory]
    [InlineData("")]
    [InlineData("/apps")]
    [InlineData("apps/")]
    [InlineData("apps//web")]
    [InlineData("Apps/web")]
    [InlineData("apps/.web")]
    [InlineData("apps/web.")]
    [InlineData("apps/a..b")]
    [InlineData("apps/a___b")]
    [InlineData("apps/a_-b")]
    [InlineData("apps/ü")]
    [InlineData("apps/web\n")]
    [InlineData("v2/web")]
    [InlineData("apps/web:tag")]
    public void And_not_so(string name)
        => Should.Throw<FaultException>(() => RepositoryName.Parse(name)).Fault.Is(OciFault.NameInvalid).ShouldBeTrue();

    [Fact]
    public void A_repository_has_a_longest_name()
    {
        RepositoryName.TryParse("a/" + new string('b', RepositoryName.MaxLength - 2), out _).ShouldBeTrue();
        RepositoryName.TryParse("a/" + new string('b', RepositoryName.MaxLength - 1), out _).ShouldBeFalse();
    }

    [Theory]
    [InlineData("latest", true)]
    [InlineData("_x", true)]
    [InlineData("v1.2.3-rc.1_amd64", true)]
    [InlineData("", false)]
    [InlineData(".x", false)]
    [InlineData("-x", false)]
    [InlineData("a:b", false)]
    [InlineData("a/b", false)]
    [InlineData("a\n", false)]
    public void Tags_are_named_as_the_specification_says(string text, bool isTag) => TagName.TryParse(text, out _).ShouldBe(isTag);

    [Fact]
    public void A_tag_has_a_longest_name()
    {
        TagName.TryParse(new string('a', 128), out _).ShouldBeTrue();
        TagName.TryParse(new string('a', 129), out _).ShouldBeFalse();
    }

    [Fact]
    public void Digests_of_two_algorithms_are_read_and_written_as_the_same()
        => Gen.Select(Gen.Bool, Gen.Byte.Array[64]).Sample((isLong, bytes) =>
        {
            var text = isLong ? $"sha512:{Convert.ToHexStringLower(bytes)}" : $"sha256:{Convert.ToHexStringLower(bytes[..32])}";
            var digest = OciDigest.Parse(text);
            digest.ToString().ShouldBe(text);
            digest.Algorithm.ShouldBe(isLong ? ChecksumAlgorithm.Sha512 : ChecksumAlgorithm.Sha256);
            (digest.Sha256 is null).ShouldBe(isLong);
            for (var length = 0; length < text.Length; length++)
                OciDigest.TryParse(text[..length], out _).ShouldBeFalse();
            OciDigest.TryParse(text.ToUpperInvariant(), out _).ShouldBeFalse();
            OciDigest.TryParse(text[..^1] + "g", out _).ShouldBeFalse();
        });

    [Theory]
    [InlineData("md5:d41d8cd98f00b204e9800998ecf8427e")]
    [InlineData("sha384:38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da274edebfe76f65fbd51ad2f14898b95b")]
    [InlineData("sha256")]
    [InlineData("")]
    [InlineData(null)]
    public void Another_algorithm_is_refused(string? text)
        => Should.Throw<FaultException>(() => OciDigest.Parse(text)).Fault.Is(OciFault.DigestInvalid).ShouldBeTrue();
}
