using System.Buffers.Binary;
using System.Collections.Immutable;
using Entrepot.Core.Identities;

namespace Entrepot.Mirror.Integrity;

/// <summary>Everything that proves a blob: size, digests of the whole and of each piece.</summary>
/// <param name="Digest">SHA-256 of the whole; the blob's name.</param>
/// <param name="Size">Length in bytes.</param>
/// <param name="Crc32">CRC-32 (IEEE 802.3) of the whole.</param>
/// <param name="Md5">MD5 of the whole for clients that ask for it, or null until it has been computed. Never trusted.</param>
/// <param name="PieceSize">Length of each piece but the last, in bytes.</param>
/// <param name="Pieces">One proof per piece, in order.</param>
public sealed record Fingerprint(
    Sha256Digest Digest, long Size, uint Crc32, Md5Digest? Md5, int PieceSize, ImmutableArray<Piece> Pieces)
{
    /// <summary>Bytes of a piece in the stored list.</summary>
    public const int PackedPiece = 4 + Sha256Digest.Length;

    /// <summary>Where a piece starts, in bytes from the start of the blob.</summary>
    public long OffsetOf(int piece) => (long)piece * PieceSize;

    /// <summary>Length of a piece in bytes; only the last may be shorter than <see cref="PieceSize"/>.</summary>
    public int LengthOf(int piece) => (int)Math.Min(PieceSize, Size - OffsetOf(piece));

    /// <summary>The pieces that a byte range touches.</summary>
    /// <returns>First piece and one past the last.</returns>
    public (int First, int End) PiecesOf(long offset, long length)
        => length == 0 ? (0, 0) : ((int)(offset / PieceSize), (int)((offset + length - 1) / PieceSize) + 1);

    /// <summary>True when the bytes are those of the piece: length, CRC-32 and SHA-256.</summary>
    public bool Proves(int piece, ReadOnlySpan<byte> bytes)
        => bytes.Length == LengthOf(piece)
            && System.IO.Hashing.Crc32.HashToUInt32(bytes) == Pieces[piece].Crc32
            && Sha256Digest.Of(bytes) == Pieces[piece].Sha256;

    /// <summary>True when the record agrees with itself: piece count and sizes fit, and a single piece names the whole.
    /// Checked on everything that comes over a wire.</summary>
    public bool IsConsistent()
        => Size >= 0
            && PieceSize == Integrity.PieceSize.For(Size)
            && !Pieces.IsDefault
            && Pieces.Length == Integrity.PieceSize.Count(Size, PieceSize)
            && (Pieces.Length != 1 || (Pieces[0].Sha256 == Digest && Pieces[0].Crc32 == Crc32));

    /// <summary>The piece list as stored: 4 bytes CRC-32 big-endian and 32 bytes SHA-256 for each piece.</summary>
    public byte[] PackPieces()
    {
        var packed = new byte[Pieces.Length * PackedPiece];
        for (var i = 0; i < Pieces.Length; i++)
        {
            var slot = packed.AsSpan(i * PackedPiece);
            BinaryPrimitives.WriteUInt32BigEndian(slot, Pieces[i].Crc32);
            Pieces[i].Sha256.CopyTo(slot[4..]);
        }

        return packed;
    }

    /// <summary>Reads what <see cref="PackPieces"/> wrote.</summary>
    /// <exception cref="FormatException">The length is no multiple of a piece's.</exception>
    public static ImmutableArray<Piece> UnpackPieces(ReadOnlySpan<byte> packed)
    {
        if (packed.Length % PackedPiece != 0)
            throw new FormatException($"A piece list of {packed.Length} bytes is no multiple of {PackedPiece}.");
        var pieces = ImmutableArray.CreateBuilder<Piece>(packed.Length / PackedPiece);
        for (; !packed.IsEmpty; packed = packed[PackedPiece..])
            pieces.Add(new Piece(BinaryPrimitives.ReadUInt32BigEndian(packed), new Sha256Digest(packed.Slice(4, Sha256Digest.Length))));
        return pieces.MoveToImmutable();
    }

    /// <summary>Equality of content, pieces included.</summary>
    public bool Equals(Fingerprint? other)
        => other is not null && Digest == other.Digest && Size == other.Size && Crc32 == other.Crc32 && Md5 == other.Md5
            && PieceSize == other.PieceSize && Pieces.AsSpan().SequenceEqual(other.Pieces.AsSpan());

    /// <inheritdoc/>
    public override int GetHashCode() => Digest.GetHashCode();
}
