using System.Text;
using CsCheck;
using Entrepot.Core.Identities;

namespace Entrepot.Tests.Core.Identities;

public sealed class ContentPathTests
{
    [Theory]
    [InlineData("disk.img")]
    [InlineData("24.04/disk.img")]
    [InlineData("pool/main/c/con/con_1.0~rc1+b2_amd64.deb")]
    [InlineData("ünïcode/文件 mit space")]
    [InlineData("...")]
    [InlineData("a/.hidden")]
    public void Ordinary_names_are_taken_as_they_are(string text)
    {
        ContentPath.TryParse(text, out var path, out _).ShouldBeTrue();
        path.Value.ShouldBe(text);
    }

    [Theory]
    [InlineData("", IdentityFault.PathEmpty)]
    [InlineData("/a", IdentityFault.PathEmptySegment)]
    [InlineData("a/", IdentityFault.PathEmptySegment)]
    [InlineData("a//b", IdentityFault.PathEmptySegment)]
    [InlineData("..", IdentityFault.PathTraversal)]
    [InlineData("a/../b", IdentityFault.PathTraversal)]
    [InlineData("a/.", IdentityFault.PathTraversal)]
    [InlineData("a\0b", IdentityFault.PathCharacter)]
    [InlineData("a\nb", IdentityFault.PathCharacter)]
    [InlineData("a\\..\\b", IdentityFault.PathCharacter)]
    public void Names_that_could_hurt_are_refused_with_a_reason(string text, IdentityFault reason)
    {
        ContentPath.TryParse(text, out _, out var fault).ShouldBeFalse();
        fault!.Is(reason).ShouldBeTrue(fault.Code);
        fault.Cure.ShouldNotBeNullOrEmpty();
    }

    [Fact]
    public void A_lone_surrogate_is_refused()  // an attribute could not carry it: metadata is UTF-8
    {
        ContentPath.TryParse("a\ud800b", out _, out var fault).ShouldBeFalse();
        fault!.Is(IdentityFault.PathEncoding).ShouldBeTrue(fault.Code);
    }

    [Theory]
    [InlineData("a/%2e%2e/b", IdentityFault.PathTraversal)]
    [InlineData("%2E%2E", IdentityFault.PathTraversal)]
    [InlineData("a%2fb", IdentityFault.PathCharacter)]
    [InlineData("a%5c..%5cb", IdentityFault.PathCharacter)]
    [InlineData("a%00b", IdentityFault.PathCharacter)]
    [InlineData("a%ff", IdentityFault.PathEncoding)]
    [InlineData("a%c0%ae", IdentityFault.PathEncoding)]
    [InlineData("a%2", IdentityFault.PathEncoding)]
    [InlineData("a%zz", IdentityFault.PathEncoding)]
    public void Percent_encoding_tricks_are_refused(string encoded, IdentityFault reason)
    {
        ContentPath.TryParseEncoded(encoded, out _, out var fault).ShouldBeFalse();
        fault!.Is(reason).ShouldBeTrue(fault.Code);
    }

    [Fact]
    public void Decoding_happens_once()
    {
        ContentPath.TryParseEncoded("a%252e%252e", out var path, out _).ShouldBeTrue();
        path.Value.ShouldBe("a%2e%2e");
    }

    [Theory]
    [InlineData(255, true)]
    [InlineData(256, false)]
    public void A_segment_may_have_255_bytes(int length, bool accepted)
        => ContentPath.TryParse(new string('a', length), out _, out _).ShouldBe(accepted);

    [Theory]
    [InlineData(1024, true)]
    [InlineData(1025, false)]
    public void A_path_may_have_1024_bytes(int length, bool accepted)
        => ContentPath.TryParse(new string('a', 200) + string.Concat(Enumerable.Repeat("/" + new string('b', 200), 4)) + "/" + new string('c', length - 1005), out _, out _)
            .ShouldBe(accepted);

    [Fact]
    public void Every_accepted_path_survives_its_url_form()
        => Gen.String.Sample(text =>
        {
            if (!ContentPath.TryParse(text, out var path, out _))
                return;
            ContentPath.TryParseEncoded(path.ToUrl(), out var back, out var fault).ShouldBeTrue(fault?.Message);
            back.ShouldBe(path);
        });

    [Fact]
    public void Order_is_the_order_of_the_utf8_bytes()
        => Gen.Select(Gen.String, Gen.String).Where(t => WellFormed(t.Item1) && WellFormed(t.Item2)).Sample((left, right)
            => Math.Sign(ContentPath.CompareUtf8(left, right))
                .ShouldBe(Math.Sign(Encoding.UTF8.GetBytes(left).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(right)))));

    private static bool WellFormed(string text) => Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text)) == text;
}
