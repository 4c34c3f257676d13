using System.Security.Cryptography;
using CsCheck;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Mirror.Integrity;
using Crc32 = System.IO.Hashing.Crc32;

namespace Entrepot.Tests.Mirror.Integrity;

public sealed class VerifierTests
{
    private const int MiB = 1 << 20;

    private static readonly byte[] Random5MiB = RandomBytes((5 * MiB) + 3);

    public static TheoryData<int> SizesAroundPieces => [0, 1, 2, MiB - 1, MiB, MiB + 1, (2 * MiB) - 1, 2 * MiB, (2 * MiB) + 1, (3 * MiB) + 17, 5 * MiB];

    public static TheoryData<ChecksumAlgorithm> Algorithms => [.. Enum.GetValues<ChecksumAlgorithm>()];

    [Theory]
    [MemberData(nameof(SizesAroundPieces))]
    public void A_fingerprint_is_what_hashing_everything_anew_gives(int size)
    {
        var bytes = Random5MiB[..size];

        var fingerprint = Fingerprinted(bytes, [bytes.Length]);

        fingerprint.ShouldBe(Naive(bytes, MiB));
        fingerprint.IsConsistent().ShouldBeTrue();
        for (var piece = 0; piece < fingerprint.Pieces.Length; piece++)
            fingerprint.Proves(piece, bytes.AsSpan(piece * MiB, fingerprint.LengthOf(piece))).ShouldBeTrue();
    }

    [Fact]
    public void How_the_stream_is_cut_makes_no_difference()
    {
        var whole = Naive(Random5MiB, MiB);
        Gen.Int[1, 2 * MiB].List[1, 20].Sample(cuts => Fingerprinted(Random5MiB, cuts).ShouldBe(whole), iter: 10);
    }

    [Theory]
    [MemberData(nameof(Algorithms))]
    public void A_stated_checksum_that_is_right_is_accepted(ChecksumAlgorithm algorithm)
    {
        var bytes = Random5MiB[..1000];
        using var verifier = new Verifier(new Expectation(null, [Expectation.FromHex(algorithm, Hash(algorithm, bytes).ToUpperInvariant(), "--checksum")]));
        verifier.Append(bytes);

        var fingerprint = verifier.Complete();

        fingerprint.Md5?.ToString().ShouldBe(algorithm == ChecksumAlgorithm.Md5 ? Hash(algorithm, bytes) : null);
    }

    [Theory]
    [MemberData(nameof(Algorithms))]
    public void A_stated_checksum_that_is_wrong_is_refused_with_both_values(ChecksumAlgorithm algorithm)
    {
        var bytes = Random5MiB[..1000];
        var (stated, computed) = (Hash(algorithm, Random5MiB[..999]), Hash(algorithm, bytes));
        using var verifier = new Verifier(new Expectation(null, [Expectation.FromHex(algorithm, stated, "X-Checksum")]));
        verifier.Append(bytes);

        var error = Should.Throw<FaultException>(() => verifier.Complete());

        error.Fault.Is(VerificationFault.DigestMismatch).ShouldBeTrue();
        error.Fault.Kind.ShouldBe(FaultKind.Mismatch);
        error.Message.ShouldContain($"X-Checksum states {algorithm} {stated}");
        error.Message.ShouldContain(computed);
    }

    [Fact]
    public void Every_wrong_checksum_is_reported_at_once()
    {
        using var verifier = new Verifier(new Expectation(null, [.. Enum.GetValues<ChecksumAlgorithm>().Select(
            algorithm => Expectation.FromHex(algorithm, Hash(algorithm, "other"u8.ToArray()), $"header-{algorithm}"))]));
        verifier.Append("bytes"u8);

        var error = Should.Throw<FaultException>(() => verifier.Complete());

        foreach (var algorithm in Enum.GetValues<ChecksumAlgorithm>())
            error.Message.ShouldContain($"header-{algorithm}");
    }

    [Fact]
    public void Checksums_are_read_in_base64_too_and_malformed_ones_are_refused()
    {
        var md5 = Hash(ChecksumAlgorithm.Md5, "bytes"u8.ToArray());
        Expectation.FromBase64(ChecksumAlgorithm.Md5, Convert.ToBase64String(Convert.FromHexString(md5)), "Content-MD5").Value.ShouldBe(md5);
        foreach (var malformed in new[] { "", "!", "AAAA", Convert.ToBase64String(new byte[17]) })
            Should.Throw<FaultException>(() => Expectation.FromBase64(ChecksumAlgorithm.Md5, malformed, "Content-MD5")).Fault.Is(VerificationFault.MalformedDigest).ShouldBeTrue();
        foreach (var malformed in new[] { "", "0", new string('g', 32), new string('0', 33) })
            Should.Throw<FaultException>(() => Expectation.FromHex(ChecksumAlgorithm.Md5, malformed, "--md5")).Message.ShouldContain("--md5");
    }

    [Theory]
    [InlineData(11)]
    [InlineData(3_000_000_000)]  // whose pieces would be larger: no second pass is asked for, the number alone refuses it
    public void Fewer_bytes_than_announced_are_refused_at_the_end(long announced)
    {
        using var verifier = new Verifier(new Expectation(announced, []));
        verifier.Append(Random5MiB.AsSpan(0, 10));

        verifier.IsPieceSizeFinal.ShouldBeTrue();
        var error = Should.Throw<FaultException>(() => verifier.Complete());

        error.Fault.Is(VerificationFault.SizeMismatch).ShouldBeTrue();
        error.Message.ShouldContain($"{announced} bytes were announced, 10 arrived");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(10)]
    public void More_bytes_than_announced_are_refused_as_they_come(int announced)
    {
        using var verifier = new Verifier(new Expectation(announced, []));
        verifier.Append(Random5MiB.AsSpan(0, announced));

        Should.Throw<FaultException>(() => verifier.Append("x"u8)).Fault.Is(VerificationFault.SizeMismatch).ShouldBeTrue();
    }

    [Fact]
    public void Pieces_of_a_guessed_size_are_not_passed_off_as_the_right_ones()
    {
        using var verifier = new Verifier(Expectation.None, sizeHint: 4L << 30);
        verifier.Append("small after all"u8);

        verifier.IsPieceSizeFinal.ShouldBeFalse();
        Should.Throw<InvalidOperationException>(() => verifier.Complete());
    }

    [Fact]
    public void A_piece_from_elsewhere_is_accepted_only_as_itself()
    {
        var blob = Naive(Random5MiB, MiB);
        using var verifier = new PieceVerifier();
        for (var piece = 0; piece < blob.Pieces.Length; piece++)
        {
            var bytes = Random5MiB.AsSpan((int)blob.OffsetOf(piece), blob.LengthOf(piece)).ToArray();
            verifier.Append(bytes);
            verifier.Complete(blob, piece, "edge-1").Index.ShouldBe(piece);

            bytes[bytes.Length / 2] ^= 1;
            Refused(bytes, piece);
            bytes[bytes.Length / 2] ^= 1;
            Refused(bytes[..^1], piece);
            Refused([.. bytes, 0], piece);
            Refused(bytes, (piece + 1) % blob.Pieces.Length);
        }

        void Refused(byte[] bytes, int piece)
        {
            verifier.Append(bytes);
            var error = Should.Throw<FaultException>(() => verifier.Complete(blob, piece, "edge-1"));
            error.Fault.Is(VerificationFault.PieceMismatch).ShouldBeTrue();
            error.Message.ShouldContain("edge-1");
        }
    }

    private static Fingerprint Fingerprinted(byte[] bytes, List<int> cuts)
    {
        using var verifier = new Verifier(Expectation.None);
        for (int offset = 0, i = 0; offset < bytes.Length; i++)
        {
            var length = Math.Min(cuts[i % cuts.Count], bytes.Length - offset);
            verifier.Append(bytes.AsSpan(offset, length));
            offset += length;
        }

        verifier.Size.ShouldBe(bytes.Length);
        return verifier.Complete();
    }

    private static Fingerprint Naive(byte[] bytes, int pieceSize) => new(
        Sha256Digest.Of(bytes), bytes.Length, Crc32.HashToUInt32(bytes), null, pieceSize,
        [.. bytes.Chunk(pieceSize).Select(piece => new Piece(Crc32.HashToUInt32(piece), Sha256Digest.Of(piece)))]);

    private static string Hash(ChecksumAlgorithm algorithm, byte[] bytes) => algorithm switch
    {
        ChecksumAlgorithm.Sha256 => Convert.ToHexStringLower(SHA256.HashData(bytes)),
        ChecksumAlgorithm.Crc32 => Crc32.HashToUInt32(bytes).ToString("x8"),
#pragma warning disable CA5350, CA5351
        ChecksumAlgorithm.Md5 => Convert.ToHexStringLower(MD5.HashData(bytes)),
        ChecksumAlgorithm.Sha1 => Convert.ToHexStringLower(SHA1.HashData(bytes)),
#pragma warning restore CA5350, CA5351
        _ => Convert.ToHexStringLower(SHA512.HashData(bytes)),
    };

    private static byte[] RandomBytes(int length)
    {
        var bytes = new byte[length];
        new Random(7).NextBytes(bytes);
        return bytes;
    }
}
