using System.Collections.Immutable;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Core.State;
using Entrepot.Mirror.Blobs;

namespace Entrepot.Mirror.Catalog;

/// <content>Publishing and rolling back.</content>
public sealed partial class MirrorCatalog
{
    /// <summary>Publishes an edit as one snapshot: clients see the mirror before it or after it, never a mixture. Edits of one mirror
    /// take turns; conditions are judged against the state that the edit really meets.</summary>
    /// <param name="name">The mirror.</param>
    /// <param name="edit">What to change.</param>
    /// <param name="baseSnapshot">Refuse unless this snapshot is current; null to publish on whatever is.</param>
    /// <param name="actor">Who asks.</param>
    /// <param name="note">Why, for people.</param>
    /// <param name="cancellation">Withdraws the request while it waits.</param>
    /// <returns>The current snapshot, which is the old one when the edit changes no bytes.</returns>
    /// <exception cref="FaultException">A <see cref="CatalogFault"/>; nothing was changed then.</exception>
    public async Task<Publication> PublishAsync(
        MirrorName name, TreeEdit edit, long? baseSnapshot, string actor, string note = "", CancellationToken cancellation = default)
    {
        MirrorRules.RequireText("note", note);
        using var hold = Hold([.. edit.Puts.Select(static put => put.Blob)]);
        return await PublishAsync(
            name,
            mirror =>
            {
                if (baseSnapshot is { } expected && expected != mirror.Current.Number)
                    throw Fault.Of(
                        CatalogFault.BaseChanged, FaultKind.PreconditionFailed,
                        $"The edit was made for snapshot #{expected} of '{name}', but #{mirror.Current.Number} is current.",
                        "Look at what was published meanwhile, then publish again on top of it.").ToException();
                var change = TreeChange.Apply(mirror.Current, edit);
                return Draft.Of(mirror.Current, change.Entries, change.Ended, change.Written.Count, transaction => Enter(transaction, change.Written));
            },
            "snapshot.publish", actor, note, cancellation);
    }

    /// <summary>Makes an older snapshot's content current again, as a new snapshot: history only grows.</summary>
    /// <param name="name">The mirror.</param>
    /// <param name="number">The snapshot to go back to; 0 for the empty state.</param>
    /// <param name="actor">Who asks.</param>
    /// <param name="note">Why; empty for a note that says which snapshot it is.</param>
    /// <param name="cancellation">Withdraws the request while it waits.</param>
    /// <exception cref="FaultException">No such mirror or snapshot.</exception>
    public async Task<Publication> RollbackAsync(
        MirrorName name, long number, string actor, string note = "", CancellationToken cancellation = default)
    {
        MirrorRules.RequireText("note", note);
        var target = await OpenSnapshotAsync(name, number, cancellation);
        return await PublishAsync(
            name,
            mirror =>
            {
                var diff = SnapshotDiff.Between(mirror.Current, target);
                var ended = diff.Removed.Concat(diff.Changed.Select(static change => change.From)).ToList();
                var begun = diff.Added.Concat(diff.Changed.Select(static change => change.To)).ToList();
                return Draft.Of(mirror.Current, Merge(mirror.Current, target), ended, begun.Count, transaction => Revive(transaction, mirror, number, begun));
            },
            "snapshot.rollback", actor, note.Length > 0 ? note : $"rollback to #{number}", cancellation);
    }

    /// <summary>The target's files, but a file whose bytes did not change keeps its entry, as it does when it is pushed again.</summary>
    private static ImmutableArray<TreeEntry> Merge(TreeSnapshot current, TreeSnapshot target)
        => [.. target.Entries.Select(entry => current.TryGet(entry.Path, out var present) && present.Digest == entry.Digest ? present : entry)];

    /// <summary>The rows of an older snapshot's blobs.</summary>
    private static List<(TreeEntry Entry, long Blob)> Revive(StateTransaction transaction, MirrorView mirror, long number, List<TreeEntry> entries)
    {
        if (number != 0 && !SnapshotTable.Exists(transaction, mirror.Id, number))
            throw SnapshotNotFound(mirror.Info.Name, number).ToException();
        using var find = BlobTable.PrepareFindId(transaction);
        return entries.ConvertAll(entry => (entry, BlobTable.FindId(find, entry.Digest)
            ?? throw new InvalidOperationException($"{entry.Digest} of '{mirror.Info.Name}' #{number} has no row.")));
    }

    private List<(TreeEntry Entry, long Blob)> Enter(StateTransaction transaction, List<(TreeEntry Entry, StoredBlob Blob)> written)
    {
        using var find = BlobTable.PrepareFindId(transaction);
        using var insert = BlobTable.PrepareInsert(transaction, Now());
        var ids = new Dictionary<Sha256Digest, long>();
        var entered = new List<(TreeEntry, long)>(written.Count);
        foreach (var (entry, blob) in written)
        {
            if (!ids.TryGetValue(entry.Digest, out var id))
            {
                id = BlobTable.FindId(find, entry.Digest) ?? BlobTable.Insert(insert, blob.Fingerprint);
                ids.Add(entry.Digest, id);
            }

            entered.Add((entry, id));
        }

        return entered;
    }

    private (CatalogView View, Publication Result) Commit(
        StateTransaction transaction, CatalogView view, MirrorView mirror, Draft draft, string action, string actor, string note)
    {
        if (draft.IsEmpty)
            return (view, new Publication(mirror.Current, false, 0, 0));
        var (entries, ended, written) = (draft.Entries, draft.Ended, draft.Enter(transaction));
        var before = mirror.Current.Info;
        var bytes = before.Bytes - ended.Sum(static entry => entry.Size) + written.Sum(static item => item.Entry.Size);
        var info = new SnapshotInfo(
            before.Mirror, before.Number + 1, draft.Root, Now(), actor, note, entries.Length, bytes);
        SnapshotTable.EndEntries(transaction, mirror.Id, info.Number, ended);
        SnapshotTable.BeginEntries(transaction, mirror.Id, info.Number, written);
        SnapshotTable.Insert(transaction, mirror.Id, info);
        if (before.Files + written.Count - ended.Count != entries.Length)
            throw new InvalidOperationException($"The files of '{before.Mirror}' #{info.Number} do not add up.");
        var removed = ended.Count - written.Count(item => mirror.Current.TryGet(item.Entry.Path, out _));
        Record(
            transaction, actor, action, $"{before.Mirror}#{info.Number}",
            new { root = info.Root, info.Files, info.Bytes, written = written.Count, removed, note });
        var snapshot = new TreeSnapshot(info, entries);
        return (view.With(mirror with { Current = snapshot }), new Publication(snapshot, true, written.Count, removed));
    }
}
