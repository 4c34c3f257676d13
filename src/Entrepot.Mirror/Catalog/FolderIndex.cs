using System.Collections.Immutable;
using Entrepot.Core.Identities;

namespace Entrepot.Mirror.Catalog;

/// <summary>Sums and newest times over ranges of a sorted file list, so that a folder page costs as much as it has lines and not
/// as there are files below it. Built when the first folder of a snapshot is listed.</summary>
internal sealed class FolderIndex
{
    private const int BlockSize = 256;

    private readonly ImmutableArray<TreeEntry> _entries;
    private readonly long[] _bytesBefore;
    private readonly long[] _newestInBlock;

    public FolderIndex(ImmutableArray<TreeEntry> entries)
    {
        _entries = entries;
        _bytesBefore = new long[entries.Length + 1];
        _newestInBlock = new long[(entries.Length + BlockSize - 1) / BlockSize];
        for (var i = 0; i < entries.Length; i++)
        {
            _bytesBefore[i + 1] = _bytesBefore[i] + entries[i].Size;
            ref var newest = ref _newestInBlock[i / BlockSize];
            newest = Math.Max(newest, entries[i].Modified.UtcTicks);
        }
    }

    /// <summary>One level of the folder whose files are at the given indexes.</summary>
    public IReadOnlyList<FolderEntry> List(ContentPath folder, int first, int end)
    {
        var folders = new List<FolderEntry>();
        var files = new List<FolderEntry>();
        var skip = folder == default ? 0 : folder.Value.Length + 1;
        for (var i = first; i < end;)
        {
            var entry = _entries[i];
            var rest = entry.Path.Value.AsSpan(skip);
            var slash = rest.IndexOf('/');
            if (slash < 0)
            {
                files.Add(new FolderEntry(rest.ToString(), false, entry.Size, entry.Modified, entry.Digest, 1));
                i++;
                continue;
            }

            var after = TreeSnapshot.LowerBound(_entries, string.Concat(entry.Path.Value.AsSpan(0, skip + slash), "0"), i);
            folders.Add(new FolderEntry(
                rest[..slash].ToString(), true, _bytesBefore[after] - _bytesBefore[i], Newest(i, after), null, after - i));
            i = after;
        }

        // Files come sorted; folders may not: "a-b/x" sorts before "a/x".
        folders.Sort(static (left, right) => ContentPath.CompareUtf8(left.Name, right.Name));
        folders.AddRange(files);
        return folders;
    }

    private DateTimeOffset Newest(int first, int end)
    {
        long newest = 0;
        for (var i = first; i < end;)
        {
            if (i % BlockSize == 0 && i + BlockSize <= end)
            {
                newest = Math.Max(newest, _newestInBlock[i / BlockSize]);
                i += BlockSize;
            }
            else
            {
                newest = Math.Max(newest, _entries[i++].Modified.UtcTicks);
            }
        }

        return new DateTimeOffset(newest, TimeSpan.Zero);
    }
}
