using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;

namespace Entrepot.Mirror.Catalog;

/// <summary>One immutable version of a tree mirror: a sorted array of files. Safe to read from any thread.</summary>
public sealed class TreeSnapshot
{
    /// <summary>Most files a mirror may hold; some 400 MB of memory.</summary>
    public const int MaxFiles = 2_000_000;

    private FolderIndex? _folders;

    internal TreeSnapshot(SnapshotInfo info, ImmutableArray<TreeEntry> entries) => (Info, Entries) = (info, entries);

    /// <summary>A snapshot that another node says it has, checked against its root digest.</summary>
    /// <param name="info">What it is said to be.</param>
    /// <param name="entries">Its files, sorted by the UTF-8 bytes of their paths.</param>
    /// <exception cref="FaultException"><see cref="CatalogFault.SnapshotMismatch"/>: they are not those of that root digest, or not in order.</exception>
    public static TreeSnapshot Verify(SnapshotInfo info, ImmutableArray<TreeEntry> entries)
    {
        var sorted = entries.Length == info.Files;
        for (var i = 1; sorted && i < entries.Length; i++)
            sorted = ContentPath.CompareUtf8(entries[i - 1].Path.Value, entries[i].Path.Value) < 0;
        return sorted && SnapshotListing.RootOf(entries) == info.Root
            ? new TreeSnapshot(info, entries)
            : throw Fault.Of(
                CatalogFault.SnapshotMismatch, FaultKind.Mismatch,
                $"The {entries.Length} files that were sent as snapshot #{info.Number} of mirror '{info.Mirror}' do not have its root digest.",
                "Ask again; if it stays so, look at the origin's disk with 'entrepot verify'.").ToException();
    }

    /// <summary>Number, root digest, time and the like.</summary>
    public SnapshotInfo Info { get; }

    /// <summary>The mirror.</summary>
    public MirrorName Mirror => Info.Mirror;

    /// <summary>Its number, counted from 1; 0 is the empty state of a new mirror.</summary>
    public long Number => Info.Number;

    /// <summary>SHA-256 of its <see cref="SnapshotListing"/>.</summary>
    public Sha256Digest Root => Info.Root;

    /// <summary>The files, sorted by the UTF-8 bytes of their paths.</summary>
    public ImmutableArray<TreeEntry> Entries { get; }

    private FolderIndex Folders => Volatile.Read(ref _folders) ?? (_folders = new FolderIndex(Entries));

    /// <summary>The file at a path.</summary>
    public bool TryGet(ContentPath path, [NotNullWhen(true)] out TreeEntry? entry)
    {
        var at = LowerBound(Entries, path.Value, 0);
        entry = at < Entries.Length && Entries[at].Path == path ? Entries[at] : null;
        return entry is not null;
    }

    /// <summary>What is at a path; the default path is the root folder.</summary>
    public PathLookup Look(ContentPath path)
        => path != default && TryGet(path, out var entry) ? new PathLookup(Info, entry, false) : new PathLookup(Info, null, HasFolder(path));

    /// <summary>What would keep a file from being put at a path: a folder of that very name, or a file where one of its folders
    /// would have to be.</summary>
    /// <returns>Null when nothing is in the way.</returns>
    public Fault? Obstacle(ContentPath path)
    {
        var text = path.Value;
        var (first, end) = Below(Entries, path);
        if (first < end)
            return TreeChange.FileAndFolder(text, Entries[first].Path.Value);
        for (var slash = text.IndexOf('/'); slash >= 0; slash = text.IndexOf('/', slash + 1))
        {
            var at = LowerBound(Entries, text.AsSpan(0, slash), 0);
            if (at < Entries.Length && Entries[at].Path.Value.AsSpan().SequenceEqual(text.AsSpan(0, slash)))
                return TreeChange.FileAndFolder(text[..slash], text);
        }

        return null;
    }

    /// <summary>One level of a folder: folders first, then files, each by name. A folder's figures cover everything below it.</summary>
    /// <param name="folder">The folder; the default path is the root.</param>
    /// <returns>Null when there is no such folder. The root is always there.</returns>
    public IReadOnlyList<FolderEntry>? List(ContentPath folder)
    {
        var (first, end) = Below(Entries, folder);
        return first == end && folder != default ? null : Folders.List(folder, first, end);
    }

    /// <summary>True when there are files below the folder; the root is always there.</summary>
    public bool HasFolder(ContentPath folder)
    {
        var (first, end) = Below(Entries, folder);
        return first < end || folder == default;
    }

    /// <summary>The files below a folder, at any depth: index of the first, and one past the last.</summary>
    /// <param name="entries">Files sorted by path.</param>
    /// <param name="folder">The folder; the default path is the root.</param>
    internal static (int First, int End) Below(ImmutableArray<TreeEntry> entries, ContentPath folder)
    {
        if (folder == default)
            return (0, entries.Length);
        var first = LowerBound(entries, folder.Value + "/", 0);
        return (first, LowerBound(entries, folder.Value + "0", first));  // '0' follows '/'
    }

    /// <summary>Index of the first file whose path is not before the given text, searched from an index on. Near results are found
    /// fast: the step doubles until it overshoots.</summary>
    internal static int LowerBound(ImmutableArray<TreeEntry> entries, ReadOnlySpan<char> path, int from)
    {
        int low = from, high = entries.Length;
        if (from > 0)
        {
            for (var step = 1; low + step < entries.Length; step *= 2)
            {
                if (ContentPath.CompareUtf8(entries[low + step].Path.Value, path) >= 0)
                {
                    high = low + step;
                    break;
                }

                low += step;
            }
        }

        while (low < high)
        {
            var middle = (int)(((uint)low + (uint)high) / 2);
            if (ContentPath.CompareUtf8(entries[middle].Path.Value, path) < 0)
                low = middle + 1;
            else
                high = middle;
        }

        return low;
    }
}
