using System.Collections.Immutable;

namespace Entrepot.Mirror.Catalog;

/// <summary>What one has to do to a snapshot's files to get another's. Times alone make no difference: bytes do.</summary>
/// <param name="Added">Files only in the second.</param>
/// <param name="Removed">Files only in the first.</param>
/// <param name="Changed">Files in both, with other bytes.</param>
public sealed record SnapshotDiff(
    ImmutableArray<TreeEntry> Added, ImmutableArray<TreeEntry> Removed, ImmutableArray<(TreeEntry From, TreeEntry To)> Changed)
{
    /// <summary>True when both hold the same bytes at the same paths.</summary>
    public bool IsEmpty => Added.IsEmpty && Removed.IsEmpty && Changed.IsEmpty;

    /// <summary>Compares two snapshots.</summary>
    public static SnapshotDiff Between(TreeSnapshot from, TreeSnapshot to)
    {
        var added = ImmutableArray.CreateBuilder<TreeEntry>();
        var removed = ImmutableArray.CreateBuilder<TreeEntry>();
        var changed = ImmutableArray.CreateBuilder<(TreeEntry, TreeEntry)>();
        int f = 0, t = 0;
        while (f < from.Entries.Length || t < to.Entries.Length)
        {
            var order = f == from.Entries.Length ? 1 : t == to.Entries.Length ? -1 : Order(from.Entries[f], to.Entries[t]);
            if (order < 0)
                removed.Add(from.Entries[f++]);
            else if (order > 0)
                added.Add(to.Entries[t++]);
            else
            {
                if (from.Entries[f].Digest != to.Entries[t].Digest)
                    changed.Add((from.Entries[f], to.Entries[t]));
                f++;
                t++;
            }
        }

        return new SnapshotDiff(added.DrainToImmutable(), removed.DrainToImmutable(), changed.DrainToImmutable());
    }

    private static int Order(TreeEntry left, TreeEntry right) => ReferenceEquals(left, right) ? 0 : left.Path.CompareTo(right.Path);
}
