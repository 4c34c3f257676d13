using System.Buffers.Binary;
using System.IO.Hashing;
using Entrepot.Core.Identities;
using Entrepot.Mirror.Integrity;

namespace Entrepot.Mirror.Caching;

/// <summary>The form of the small file beside a blob's data: the fingerprint, written once, and the bitmap of held pieces, rewritten in
/// place. Each part carries its CRC-32; a file in which either fails is worth nothing, and the blob is fetched anew.</summary>
/// <remarks>All numbers big-endian. Offset 0: magic, length and CRC-32 of the fingerprint, the fingerprint. At the next multiple of 512, so
/// that rewriting it never touches a sector of the fingerprint: CRC-32, piece count, bitmap. When both do not fit into one block of 4096, the
/// bitmap begins at a multiple of 4096 instead. Most blobs are of few pieces, and of each there is such a file: one block, not two.</remarks>
internal static class HeldFile
{
    private const int Sector = 512;
    private const int Block = 4096;
    private const int HeaderLength = 16;
    private const int FixedLength = Sha256Digest.Length + 8 + 4 + 4 + 1 + Md5Digest.Length;
    private const int SlotHeader = 8;

    /// <summary>Largest file that is looked at: a blob of a million pieces (64 TiB).</summary>
    private const int MaxLength = 64 << 20;

    private static ReadOnlySpan<byte> Magic => "ENTHELD2"u8;

    /// <summary>Where the bitmap lies.</summary>
    public static long SlotOffset(Fingerprint blob) => SlotOffset(PackedLength(blob), blob.Pieces.Length);

    /// <summary>Length of the whole file in bytes.</summary>
    public static long LengthFor(Fingerprint blob) => SlotOffset(blob) + SlotLength(blob.Pieces.Length);

    /// <summary>The whole file.</summary>
    public static byte[] Compose(Fingerprint blob, PieceBits held)
    {
        var slotOffset = (int)SlotOffset(blob);
        var slot = ComposeSlot(held);
        var file = new byte[slotOffset + slot.Length];
        var packed = file.AsSpan(HeaderLength, PackedLength(blob));
        blob.Digest.CopyTo(packed);
        BinaryPrimitives.WriteInt64BigEndian(packed[32..], blob.Size);
        BinaryPrimitives.WriteUInt32BigEndian(packed[40..], blob.Crc32);
        BinaryPrimitives.WriteInt32BigEndian(packed[44..], blob.PieceSize);
        packed[48] = blob.Md5 is null ? (byte)0 : (byte)1;
        (blob.Md5?.ToBytes() ?? new byte[Md5Digest.Length]).CopyTo(packed[49..]);
        blob.PackPieces().CopyTo(packed[FixedLength..]);
        Magic.CopyTo(file);
        BinaryPrimitives.WriteInt32BigEndian(file.AsSpan(8), packed.Length);
        BinaryPrimitives.WriteUInt32BigEndian(file.AsSpan(12), Crc32.HashToUInt32(packed));
        slot.CopyTo(file.AsSpan(slotOffset));
        return file;
    }

    /// <summary>The part that is rewritten.</summary>
    public static byte[] ComposeSlot(PieceBits held)
    {
        var slot = new byte[SlotHeader + held.StoredLength];
        BinaryPrimitives.WriteInt32BigEndian(slot.AsSpan(4), held.Count);
        held.Store(slot.AsSpan(SlotHeader));
        BinaryPrimitives.WriteUInt32BigEndian(slot, Crc32.HashToUInt32(slot.AsSpan(4)));
        return slot;
    }

    /// <summary>Reads a file; null when it is not whole, or not consistent.</summary>
    public static (Fingerprint Blob, PieceBits Held)? Read(string path)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        if (stream.Length is < HeaderLength + FixedLength or > MaxLength)
            return null;
        var file = new byte[stream.Length];
        stream.ReadExactly(file);
        return Parse(file);
    }

    private static (Fingerprint Blob, PieceBits Held)? Parse(ReadOnlySpan<byte> file)
    {
        var length = BinaryPrimitives.ReadInt32BigEndian(file[8..]);
        if (!file.StartsWith(Magic) || length < FixedLength || length > file.Length - HeaderLength || (length - FixedLength) % 36 != 0)
            return null;
        var packed = file.Slice(HeaderLength, length);
        if (Crc32.HashToUInt32(packed) != BinaryPrimitives.ReadUInt32BigEndian(file[12..]))
            return null;
        var blob = new Fingerprint(
            new Sha256Digest(packed[..32]), BinaryPrimitives.ReadInt64BigEndian(packed[32..]), BinaryPrimitives.ReadUInt32BigEndian(packed[40..]),
            packed[48] == 1 ? new Md5Digest(packed.Slice(49, Md5Digest.Length)) : null, BinaryPrimitives.ReadInt32BigEndian(packed[44..]),
            Fingerprint.UnpackPieces(packed[FixedLength..]));
        if (!blob.IsConsistent())
            return null;
        var slot = file[(int)Math.Min(SlotOffset(length, blob.Pieces.Length), file.Length)..];
        if (slot.Length < SlotLength(blob.Pieces.Length))
            return null;
        slot = slot[..SlotLength(blob.Pieces.Length)];
        if (BinaryPrimitives.ReadInt32BigEndian(slot[4..]) != blob.Pieces.Length
            || BinaryPrimitives.ReadUInt32BigEndian(slot) != Crc32.HashToUInt32(slot[4..])
            || PieceBits.Load(blob.Pieces.Length, slot[SlotHeader..]) is not { } held)
            return null;
        return (blob, held);
    }

    private static int PackedLength(Fingerprint blob) => FixedLength + (blob.Pieces.Length * 36);

    private static int SlotLength(int pieces) => SlotHeader + ((pieces + 7) / 8);

    private static long SlotOffset(int packedLength, int pieces)
    {
        var near = Up(HeaderLength + packedLength, Sector);
        return near + SlotLength(pieces) <= Block ? near : Up(HeaderLength + packedLength, Block);
    }

    private static long Up(long length, int unit) => (length + unit - 1) / unit * unit;
}
