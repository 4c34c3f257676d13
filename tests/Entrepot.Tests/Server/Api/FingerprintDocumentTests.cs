using Entrepot.Mirror.Integrity;
using Entrepot.Server.Api;
using Entrepot.Tests.Mirror.Replication;

namespace Entrepot.Tests.Server.Api;

public sealed class FingerprintDocumentTests
{
    private static readonly Fingerprint Real = TestBlob.Of((2 << 20) + 5).Fingerprint with { Md5 = Md5Digest.TryParse("9dd4e461268c8034f5c8564e155c67a6", out var md5) ? md5 : default(Md5Digest?) };

    [Fact]
    public void What_was_written_is_read()
    {
        Documents.Fingerprint(Real).TryRead().ShouldBe(Real);
        Documents.Fingerprint(Real with { Md5 = null }).TryRead().ShouldBe(Real with { Md5 = null });
    }

    [Theory]
    [InlineData("")]
    [InlineData("0x1234")]
    [InlineData("-1")]
    [InlineData("123")]
    [InlineData("123456789")]
    [InlineData(" 1234567")]
    [InlineData("zzzzzzzz")]
    [InlineData(null)]
    public void A_crc32_is_eight_hex_digits(string? crc32) => (Documents.Fingerprint(Real) with { Crc32 = crc32! }).TryRead().ShouldBeNull();

    [Theory]
    [InlineData("")]
    [InlineData("12")]
    [InlineData("zz345678901234567890123456789012")]
    public void An_md5_that_is_none_is_not_passed_over(string md5) => (Documents.Fingerprint(Real) with { Md5 = md5 }).TryRead().ShouldBeNull();

    [Fact]
    public void A_piece_list_of_any_other_length_is_none()
    {
        var document = Documents.Fingerprint(Real);
        for (var length = 0; length < document.Pieces.Length; length++)
            (document with { Pieces = document.Pieces[..length] }).TryRead().ShouldBeNull();
        (document with { Pieces = null! }).TryRead().ShouldBeNull();
    }

    [Fact]
    public void Parts_that_contradict_each_other_are_none()
    {
        var document = Documents.Fingerprint(Real);

        (document with { Size = -1 }).TryRead().ShouldBeNull();
        (document with { Size = 1 }).TryRead().ShouldBeNull();
        (document with { PieceSize = 0 }).TryRead().ShouldBeNull();
        (document with { PieceSize = 1 << 21 }).TryRead().ShouldBeNull();
    }
}
