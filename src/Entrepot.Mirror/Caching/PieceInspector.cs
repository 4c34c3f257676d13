using System.Buffers;
using System.Globalization;
using System.IO.Hashing;
using System.Security.Cryptography;
using Entrepot.Core.Identities;
using Microsoft.Extensions.Logging;

namespace Entrepot.Mirror.Caching;

/// <summary>Compares pieces at rest with their proof, and puts aside what differs.</summary>
internal sealed class PieceInspector(PieceCache cache, TimeProvider time, ILogger logger)
{
    private const int BlockSize = 256 * 1024;

    /// <summary>Rotten pieces kept for inspection, at most; the oldest go first.</summary>
    private const int MaxQuarantined = 64;

    /// <summary>Compares the piece with its proof.</summary>
    /// <returns>What is wrong, or null.</returns>
    /// <exception cref="DataFileException">Its file can't be opened, which says nothing about the piece.</exception>
    public string? Look(CachedBlob blob, int piece, bool deep)
    {
        try
        {
            var (crc32, sha256) = Hash(blob, piece, deep);
            var expected = blob.Fingerprint.Pieces[piece];
            if (crc32 == expected.Crc32 && (sha256 is null || sha256 == expected.Sha256))
                return null;
            var actual = sha256 ?? Hash(blob, piece, deep: true).Sha256 ?? default;
            return actual == expected.Sha256 ? null : $"Its SHA-256 is {actual.Hex} instead of {expected.Sha256.Hex}.";
        }
        catch (IOException error) when (error is not DataFileException)
        {
            return $"It can't be read: {error.Message}.";
        }
    }

    private (uint Crc32, Sha256Digest? Sha256) Hash(CachedBlob blob, int piece, bool deep)
    {
        var crc32 = new Crc32();
        using var sha256 = deep ? IncrementalHash.CreateHash(HashAlgorithmName.SHA256) : null;
        Read(blob, piece, bytes =>
        {
            crc32.Append(bytes);
            sha256?.AppendData(bytes);
        });
        return (crc32.GetCurrentHashAsUInt32(), sha256 is null ? null : new Sha256Digest(sha256.GetHashAndReset()));
    }

    private void Read(CachedBlob blob, int piece, Action<ReadOnlySpan<byte>> take)
    {
        var file = blob.Data(cache);
        var block = ArrayPool<byte>.Shared.Rent(BlockSize);
        try
        {
            for (long at = blob.Fingerprint.OffsetOf(piece), stop = at + blob.Fingerprint.LengthOf(piece); at < stop;)
            {
                var read = RandomAccess.Read(file, block.AsSpan(0, (int)Math.Min(BlockSize, stop - at)), at);
                if (read == 0)
                    throw new IOException($"the file ends at {at}");
                take(block.AsSpan(0, read));
                at += read;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(block);
        }
    }

    /// <summary>Keeps the bytes of a rotten piece for inspection.</summary>
    /// <returns>The name of the file, or null when that failed.</returns>
    public string? Quarantine(CachedBlob blob, int piece, string detail)
    {
        Log.Rotten(logger, piece, blob.Fingerprint.Digest, detail);
        var name = string.Create(
            CultureInfo.InvariantCulture, $"{blob.Fingerprint.Digest.Hex}.{piece}.{time.GetUtcNow().ToUnixTimeMilliseconds()}");
        var path = Path.Combine(cache.QuarantineFolder, name);
        try
        {
            foreach (var old in new DirectoryInfo(cache.QuarantineFolder).EnumerateFiles().OrderByDescending(static file => file.LastWriteTimeUtc).Skip(MaxQuarantined - 1))
                old.Delete();
            using var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, 0);
            Read(blob, piece, file.Write);
            return name;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;  // the evidence is worth less than the mending
        }
    }
}
