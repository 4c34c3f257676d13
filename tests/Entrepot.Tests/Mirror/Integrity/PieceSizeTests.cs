using System.Collections.Immutable;
using CsCheck;
using Entrepot.Core.Identities;
using Entrepot.Mirror.Integrity;

namespace Entrepot.Tests.Mirror.Integrity;

public sealed class PieceSizeTests
{
    private const long MiB = 1 << 20;
    private const long GiB = 1 << 30;

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 1)]
    [InlineData(512 * MiB, 1)]
    [InlineData((512 * MiB) + 1, 2)]
    [InlineData(GiB, 2)]
    [InlineData(GiB + 1, 4)]
    [InlineData(16 * GiB, 32)]
    [InlineData((16 * GiB) + 1, 64)]
    [InlineData(32 * GiB, 64)]
    [InlineData(1000 * GiB, 64)]
    [InlineData(long.MaxValue, 64)]
    public void Pieces_are_a_512th_of_the_blob_between_1_and_64_MiB(long size, int mebibytes)
        => PieceSize.For(size).ShouldBe(mebibytes << 20);

    [Fact]
    public void Pieces_cover_the_blob_without_gap_or_overlap()
        => Gen.Long[0, 100 * GiB].Sample(size =>
        {
            var pieceSize = PieceSize.For(size);
            var blob = new Fingerprint(default, size, 0, null, pieceSize, [.. new Piece[PieceSize.Count(size, pieceSize)]]);
            int.IsPow2(pieceSize).ShouldBeTrue();
            if (size <= 32 * GiB)
                blob.Pieces.Length.ShouldBeLessThanOrEqualTo(PieceSize.TargetCount);
            long at = 0;
            for (var piece = 0; piece < blob.Pieces.Length; piece++)
            {
                blob.OffsetOf(piece).ShouldBe(at);
                blob.LengthOf(piece).ShouldBeInRange(1, pieceSize);
                at += blob.LengthOf(piece);
            }

            at.ShouldBe(size);
        });

    [Fact]
    public void A_range_touches_exactly_the_pieces_that_its_bytes_are_in()
        => Gen.Select(Gen.Long[1, 50 * MiB], Gen.Double.Unit, Gen.Double.Unit).Sample((size, a, b) =>
        {
            var blob = new Fingerprint(default, size, 0, null, (int)MiB, [.. new Piece[PieceSize.Count(size, (int)MiB)]]);
            var offset = (long)(a * (size - 1));
            var length = (long)(b * (size - offset));
            var (first, end) = blob.PiecesOf(offset, length);
            if (length == 0)
            {
                first.ShouldBe(end);
                return;
            }

            offset.ShouldBeInRange(blob.OffsetOf(first), blob.OffsetOf(first) + blob.LengthOf(first) - 1);
            (offset + length - 1).ShouldBeInRange(blob.OffsetOf(end - 1), blob.OffsetOf(end - 1) + blob.LengthOf(end - 1) - 1);
        });

    [Fact]
    public void A_packed_piece_list_comes_back_as_it_was()
        => Gen.Select(Gen.UInt, Gen.Byte.Array[32]).Array[0, 20].Sample(items =>
        {
            ImmutableArray<Piece> pieces = [.. items.Select(item => new Piece(item.Item1, new Sha256Digest(item.Item2)))];
            var packed = new Fingerprint(default, 0, 0, null, 1, pieces).PackPieces();
            packed.Length.ShouldBe(pieces.Length * 36);
            Fingerprint.UnpackPieces(packed).ShouldBe(pieces);
            if (packed.Length > 0)
                Should.Throw<FormatException>(() => Fingerprint.UnpackPieces(packed.AsSpan(1)));
        });

    [Fact]
    public void A_fingerprint_that_contradicts_itself_is_noticed()
    {
        var piece = new Piece(5, Sha256Digest.Of("x"u8));
        var sound = new Fingerprint(piece.Sha256, 1, 5, null, (int)MiB, [piece]);
        sound.IsConsistent().ShouldBeTrue();

        (sound with { Size = -1 }).IsConsistent().ShouldBeFalse();
        (sound with { Size = MiB + 1 }).IsConsistent().ShouldBeFalse();
        (sound with { PieceSize = 2 << 20 }).IsConsistent().ShouldBeFalse();
        (sound with { Crc32 = 6 }).IsConsistent().ShouldBeFalse();
        (sound with { Digest = Sha256Digest.Of("y"u8) }).IsConsistent().ShouldBeFalse();
        (sound with { Pieces = [] }).IsConsistent().ShouldBeFalse();
        (sound with { Pieces = default }).IsConsistent().ShouldBeFalse();
        (sound with { Pieces = [piece, piece] }).IsConsistent().ShouldBeFalse();
    }
}
