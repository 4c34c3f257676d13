using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using Entrepot.Core.Identities;

namespace Entrepot.Mirror.Catalog;

/// <summary>The text that a root digest is taken of: for each file, sorted by the UTF-8 bytes of its path, the line
/// <c>HEX␠␠PATH\n</c>. It is what <c>sha256sum</c> prints, so anybody can check a downloaded tree with coreutils:
/// <c>find . -type f -printf '%P\n' | LC_ALL=C sort | xargs -d '\n' sha256sum | sha256sum</c>. Paths hold neither
/// newline nor backslash, so the form needs no escaping.</summary>
public static class SnapshotListing
{
    private const int ChunkSize = 64 << 10;
    private const int LongestLine = (Sha256Digest.Length * 2) + 2 + ContentPath.MaxBytes + 1;

    /// <summary>The listing's bytes in parts of up to 64 KiB. Each part is valid until the next is asked for.</summary>
    /// <param name="entries">Files sorted by path.</param>
    public static IEnumerable<ReadOnlyMemory<byte>> Chunks(ImmutableArray<TreeEntry> entries)
    {
        var buffer = new byte[Math.Min(ChunkSize, Math.Max(1, entries.Length) * LongestLine)];
        var filled = 0;
        foreach (var entry in entries)
        {
            if (buffer.Length - filled < LongestLine)
            {
                yield return buffer.AsMemory(0, filled);
                filled = 0;
            }

            filled += WriteLine(entry, buffer.AsSpan(filled));
        }

        if (filled > 0)
            yield return buffer.AsMemory(0, filled);
    }

    /// <summary>SHA-256 of the listing.</summary>
    /// <param name="entries">Files sorted by path.</param>
    public static Sha256Digest RootOf(ImmutableArray<TreeEntry> entries)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var chunk in Chunks(entries))
            hash.AppendData(chunk.Span);
        Span<byte> root = stackalloc byte[Sha256Digest.Length];
        hash.GetHashAndReset(root);
        return new Sha256Digest(root);
    }

    private static int WriteLine(TreeEntry entry, Span<byte> line)
    {
        Span<byte> digest = stackalloc byte[Sha256Digest.Length];
        entry.Digest.CopyTo(digest);
        Convert.TryToHexStringLower(digest, line, out var length);
        line[length++] = (byte)' ';
        line[length++] = (byte)' ';
        length += Encoding.UTF8.GetBytes(entry.Path.Value, line[length..]);
        line[length++] = (byte)'\n';
        return length;
    }
}
