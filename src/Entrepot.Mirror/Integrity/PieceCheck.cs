using System.IO.Hashing;
using System.Security.Cryptography;
using Entrepot.Core.Identities;
using Microsoft.Win32.SafeHandles;

namespace Entrepot.Mirror.Integrity;

/// <summary>Compares a piece at rest with its proof. CRC-32 alone finds what a disk does to bytes; a piece that fails it is judged by SHA-256.</summary>
internal static class PieceCheck
{
    /// <summary>Reads a piece.</summary>
    /// <param name="file">The blob's file.</param>
    /// <param name="blob">The proofs.</param>
    /// <param name="piece">Which piece.</param>
    /// <param name="deep">True to compute SHA-256 at once.</param>
    /// <param name="block">Where to read to, a part of the piece at a time.</param>
    /// <param name="spend">Called before each read with its length; may wait.</param>
    /// <param name="cancellation">Stops between two reads.</param>
    /// <returns>False when the bytes are not the piece's, or the disk does not give them.</returns>
    public static async Task<bool> IsSoundAsync(
        SafeFileHandle file, Fingerprint blob, int piece, bool deep, Memory<byte> block, Func<int, CancellationToken, ValueTask>? spend,
        CancellationToken cancellation)
    {
        if (!deep)
        {
            var crc = new Crc32();
            if (await ReadAsync(file, blob, piece, block, crc.Append, spend, cancellation) && crc.GetCurrentHashAsUInt32() == blob.Pieces[piece].Crc32)
                return true;
        }

        using var sha256 = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        return await ReadAsync(file, blob, piece, block, sha256.AppendData, spend, cancellation)
            && new Sha256Digest(sha256.GetHashAndReset()) == blob.Pieces[piece].Sha256;
    }

    /// <returns>False when the disk gives no bytes.</returns>
    private static async Task<bool> ReadAsync(
        SafeFileHandle file, Fingerprint blob, int piece, Memory<byte> block, Action<ReadOnlySpan<byte>> take,
        Func<int, CancellationToken, ValueTask>? spend, CancellationToken cancellation)
    {
        var (offset, end) = (blob.OffsetOf(piece), blob.OffsetOf(piece) + blob.LengthOf(piece));
        while (offset < end)
        {
            var part = block[..(int)Math.Min(block.Length, end - offset)];
            if (spend is not null)
                await spend(part.Length, cancellation);
            cancellation.ThrowIfCancellationRequested();
            int read;
            try
            {
                read = await RandomAccess.ReadAsync(file, part, offset, cancellation);
            }
            catch (IOException)
            {
                return false;
            }

            if (read == 0)
                return false;
            take(part.Span[..read]);
            offset += read;
        }

        return true;
    }
}
