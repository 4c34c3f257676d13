using Entrepot.Core.Identities;
using Entrepot.Mirror.Blobs;
using Entrepot.Mirror.Integrity;

namespace Entrepot.Mirror.Caching;

/// <summary>Brings a cache folder into order after whatever ended the last process: what the files prove is kept, everything else goes.</summary>
internal static class CacheRecovery
{
    /// <summary>A blob that was found whole.</summary>
    internal sealed record Found(Fingerprint Blob, string Stem, PieceBits Held, DateTime LastUsed);

    /// <summary>Reads every shard, deleting temporaries, bitmaps without data, data without a bitmap, what does not parse, and empty blobs.
    /// Space of pieces that are not held is given back.</summary>
    /// <param name="disk">Makes the changes.</param>
    /// <param name="shards">The folders.</param>
    /// <param name="removed">How many files were deleted.</param>
    public static List<Found> Run(ICacheDisk disk, IEnumerable<string> shards, out int removed)
    {
        var found = new List<Found>();
        removed = 0;
        foreach (var shard in shards)
        {
            var here = new Dictionary<Sha256Digest, Found>();
            var names = Directory.EnumerateFiles(shard).ToHashSet(StringComparer.Ordinal);
            foreach (var path in names)
            {
                if (!path.EndsWith(BlobFiles.HeldSuffix, StringComparison.Ordinal))
                    continue;
                var stem = path[..^BlobFiles.HeldSuffix.Length];
                if (!names.Contains(stem + BlobFiles.DataSuffix) || Inspect(disk, stem) is not { } blob)
                    continue;
                // Two generations of one blob: the one that holds more.
                if (here.TryGetValue(blob.Blob.Digest, out var other) && other.Held.SetCount >= blob.Held.SetCount)
                    continue;
                here[blob.Blob.Digest] = blob;
            }

            foreach (var blob in here.Values)
            {
                names.Remove(blob.Stem + BlobFiles.HeldSuffix);
                names.Remove(blob.Stem + BlobFiles.DataSuffix);
            }

            foreach (var path in names)
                disk.Delete(path);
            removed += names.Count;
            found.AddRange(here.Values);
        }

        return found;
    }

    private static Found? Inspect(ICacheDisk disk, string stem)
    {
        try
        {
            return InspectCore(disk, stem);
        }
        catch (IOException error) when (!DiskFaults.IsOutOfFiles(error))
        {
            return null;  // what can't be read is worth nothing
        }
    }

    private static Found? InspectCore(ICacheDisk disk, string stem)
    {
        if (HeldFile.Read(stem + BlobFiles.HeldSuffix) is not { } read || read.Held.IsEmpty
            || !Path.GetFileName(stem).StartsWith(read.Blob.Digest.Hex + "-", StringComparison.Ordinal))
            return null;
        using var data = disk.Open(stem + BlobFiles.DataSuffix, FileMode.Open);
        if (RandomAccess.GetLength(data) != read.Blob.Size)
            return null;
        for (var piece = 0; piece < read.Held.Count;)
        {
            var first = piece;
            while (piece < read.Held.Count && !read.Held[piece])
                piece++;
            if (piece > first)
                disk.TryPunchHole(
                    data, stem + BlobFiles.DataSuffix, read.Blob.OffsetOf(first), Math.Min(read.Blob.OffsetOf(piece), read.Blob.Size) - read.Blob.OffsetOf(first));
            else
                piece++;
        }

        return new Found(read.Blob, stem, read.Held, File.GetLastWriteTimeUtc(stem + BlobFiles.HeldSuffix));
    }
}
