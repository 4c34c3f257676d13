using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Mirror.Blobs;

namespace Entrepot.Mirror.Catalog;

/// <summary>What an edit comes to when it meets a snapshot. A pure function of the two.</summary>
internal sealed class TreeChange
{
    private readonly ImmutableArray<TreeEntry> _before;
    private readonly List<TreeEntry> _after;
    private readonly List<(int First, int End)> _replaced;
    private int _nextReplaced;

    private TreeChange(ImmutableArray<TreeEntry> before, TreeEdit edit)
    {
        _before = before;
        _after = new List<TreeEntry>(before.Length + edit.Puts.Length);
        _replaced = Ranges(before, edit.Replaced);
    }

    /// <summary>The files afterwards, sorted by path.</summary>
    public ImmutableArray<TreeEntry> Entries { get; private set; }

    /// <summary>Files that are new or have other bytes than before.</summary>
    public List<(TreeEntry Entry, StoredBlob Blob)> Written { get; } = [];

    /// <summary>Files that are gone, or whose bytes were replaced by one of <see cref="Written"/>.</summary>
    public List<TreeEntry> Ended { get; } = [];

    /// <summary>True when the same bytes are at the same paths as before.</summary>
    public bool IsEmpty => Written.Count == 0 && Ended.Count == 0;

    /// <summary>Applies an edit.</summary>
    /// <exception cref="FaultException">A condition fails, a file to remove is absent, or a path would be file and folder.</exception>
    public static TreeChange Apply(TreeSnapshot snapshot, TreeEdit edit)
    {
        RefuseFailedConditions(snapshot, edit);
        var change = new TreeChange(snapshot.Entries, edit);
        change.Merge(edit);
        change.Entries = ImmutableArray.Create(CollectionsMarshal.AsSpan(change._after));
        change.RefuseFilesThatAreFolders();
        if (change.Entries.Length > TreeSnapshot.MaxFiles)
            throw Fault.Of(
                CatalogFault.TooManyFiles, FaultKind.TooLarge,
                $"Mirror '{snapshot.Mirror}' would hold {change.Entries.Length} files; the limit is {TreeSnapshot.MaxFiles}.",
                "Spread the files over several mirrors.").ToException();
        return change;
    }

    private static void RefuseFailedConditions(TreeSnapshot snapshot, TreeEdit edit)
    {
        foreach (var put in edit.Puts)
        {
            if (put.Condition is not null)
                Judge(snapshot, put.Path, put.Condition);
        }

        foreach (var delete in edit.Deletes)
        {
            var entry = Judge(snapshot, delete.Path, delete.Condition);
            if (entry is null)
                throw Fault.Of(
                    CatalogFault.PathNotFound, FaultKind.NotFound, $"Mirror '{snapshot.Mirror}' has no file '{delete.Path}'.").ToException();
        }
    }

    private static TreeEntry? Judge(TreeSnapshot snapshot, ContentPath path, PathCondition? condition)
    {
        snapshot.TryGet(path, out var entry);
        return condition?.Judge(path, entry) is { } fault ? throw fault.ToException() : entry;
    }

    private static List<(int First, int End)> Ranges(ImmutableArray<TreeEntry> entries, ImmutableArray<ContentPath> folders)
    {
        var ranges = new List<(int First, int End)>();
        foreach (var folder in folders)
        {
            // One may lie inside another; Keep goes on from where it is.
            var (first, end) = TreeSnapshot.Below(entries, folder);
            if (first < end)
                ranges.Add((first, end));
        }

        ranges.Sort();
        return ranges;
    }

    private void Merge(TreeEdit edit)
    {
        int at = 0, p = 0, d = 0;
        while (p < edit.Puts.Length || d < edit.Deletes.Length)
        {
            var put = d == edit.Deletes.Length || (p < edit.Puts.Length && edit.Puts[p].Path < edit.Deletes[d].Path) ? edit.Puts[p++] : null;
            var path = put?.Path ?? edit.Deletes[d++].Path;
            var index = TreeSnapshot.LowerBound(_before, path.Value, at);
            Keep(at, index);
            var existing = index < _before.Length && _before[index].Path == path ? _before[index] : null;
            at = existing is null ? index : index + 1;
            if (put is not null)
                Write(put, existing);
            else
                Ended.Add(existing!);
        }

        Keep(at, _before.Length);
    }

    /// <summary>Copies files that no put or delete names, but for those in a replaced folder.</summary>
    private void Keep(int first, int end)
    {
        while (first < end)
        {
            while (_nextReplaced < _replaced.Count && _replaced[_nextReplaced].End <= first)
                _nextReplaced++;
            var (from, to) = _nextReplaced < _replaced.Count ? _replaced[_nextReplaced] : (int.MaxValue, int.MaxValue);
            if (first < from)
            {
                var stop = Math.Min(from, end);
                _after.AddRange(_before.AsSpan()[first..stop]);
                first = stop;
            }
            else
            {
                var stop = Math.Min(to, end);
                Ended.AddRange(_before.AsSpan()[first..stop]);
                first = stop;
            }
        }
    }

    private void Write(TreePut put, TreeEntry? existing)
    {
        var blob = put.Blob.Fingerprint;
        if (existing?.Digest == blob.Digest)
        {
            // The same bytes sent again are not a change; the file keeps its first time.
            _after.Add(existing);
            return;
        }

        var entry = new TreeEntry(put.Path, blob.Digest, blob.Size, DateTimeOffset.FromUnixTimeSeconds(put.Modified.ToUnixTimeSeconds()));
        _after.Add(entry);
        Written.Add((entry, put.Blob));
        if (existing is not null)
            Ended.Add(existing);
    }

    private void RefuseFilesThatAreFolders()
    {
        var checkedFolder = "";
        foreach (var (entry, _) in Written)
        {
            var path = entry.Path.Value;
            var below = TreeSnapshot.LowerBound(Entries, path + "/", 0);
            if (below < Entries.Length && Entries[below].Path.Value.StartsWith(path + "/", StringComparison.Ordinal))
                throw FileAndFolder(path, Entries[below].Path.Value).ToException();
            var slash = path.LastIndexOf('/');
            if (slash < 0 || path.AsSpan(0, slash).SequenceEqual(checkedFolder))
                continue;
            checkedFolder = path[..slash];
            for (; slash > 0; slash = path.LastIndexOf('/', slash - 1))
            {
                var ancestor = path[..slash];
                var index = TreeSnapshot.LowerBound(Entries, ancestor, 0);
                if (index < Entries.Length && Entries[index].Path.Value == ancestor)
                    throw FileAndFolder(ancestor, path).ToException();
            }
        }
    }

    internal static Fault FileAndFolder(string file, string below)
        => Fault.Of(
            CatalogFault.FileAndFolder, FaultKind.Conflict, $"'{file}' can't be both a file and the folder of '{below}'.",
            "Rename one of the two, or remove the one that is in the way in the same publication.");
}
