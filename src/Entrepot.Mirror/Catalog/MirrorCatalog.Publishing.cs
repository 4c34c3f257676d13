using System.Collections.Concurrent;
using System.Collections.Immutable;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Core.State;

namespace Entrepot.Mirror.Catalog;

/// <content>How a publication comes to the only writer of the database: prepared, where preparing takes long.</content>
public sealed partial class MirrorCatalog
{
    /// <summary>How often a publication is prepared again because another one came first. The turns make that rare.</summary>
    private const int Preparations = 2;

    private readonly ConcurrentDictionary<long, SemaphoreSlim> _turns = new();

    /// <summary>Files from which a mirror's publications are prepared outside the writer, one after the other: merging and hashing the listing of
    /// all files would hold up every other write of the node. Below, it costs less than a millisecond, and publications of one mirror share
    /// a transaction.</summary>
    internal int PrepareFrom { get; set; } = 2_000;

    /// <summary>Called between the preparing and the writing.</summary>
    internal Func<Task>? Prepared { get; set; }

    private async Task<Publication> PublishAsync(
        MirrorName name, Func<MirrorView, Draft> make, string action, string actor, string note, CancellationToken cancellation)
    {
        var seen = View.Get(name);
        // A mirror's format never changes.
        if (seen.Info.Format != MirrorFormat.Tree)
            throw Fault.Of(
                CatalogFault.FormatUnsupported, FaultKind.Conflict, $"Mirror '{name}' holds container images, not files.", "Push images to it by the OCI Distribution API, or make a tree mirror for files.").ToException();
        if (seen.Current.Entries.Length < PrepareFrom)
            return await WriteAsync();
        var turn = _turns.GetOrAdd(seen.Id, static _ => new SemaphoreSlim(1, 1));
        await turn.WaitAsync(cancellation);
        try
        {
            for (var attempt = 0; attempt < Preparations; attempt++)
            {
                var draft = make(View.Get(name));
                if (Prepared is { } prepared)
                    await prepared();
                var publication = await ChangeAsync<Publication?>(
                    (transaction, view) => view.Get(name) is var mirror && ReferenceEquals(mirror.Current, draft.Base)
                        ? Commit(transaction, view, mirror, draft, action, actor, note)
                        : (view, null),
                    cancellation);
                if (publication is not null)
                    return publication;
            }

            return await WriteAsync();
        }
        finally
        {
            turn.Release();
        }

        Task<Publication> WriteAsync()
            => ChangeAsync(
                (transaction, view) =>
                {
                    var mirror = view.Get(name);
                    return Commit(transaction, view, mirror, make(mirror), action, actor, note);
                },
                cancellation);
    }

    /// <summary>What a publication comes to on top of one snapshot.</summary>
    /// <param name="Base">That snapshot.</param>
    /// <param name="Entries">The files afterwards.</param>
    /// <param name="Ended">Files that are gone or replaced.</param>
    /// <param name="IsEmpty">True when it changes no bytes.</param>
    /// <param name="Root">Root digest of the files.</param>
    /// <param name="Enter">Enters the blobs of files that are new or replaced; gives their rows.</param>
    private sealed record Draft(
        TreeSnapshot Base, ImmutableArray<TreeEntry> Entries, List<TreeEntry> Ended, bool IsEmpty, Sha256Digest Root,
        Func<StateTransaction, List<(TreeEntry Entry, long Blob)>> Enter)
    {
        public static Draft Of(
            TreeSnapshot current, ImmutableArray<TreeEntry> entries, List<TreeEntry> ended, int written,
            Func<StateTransaction, List<(TreeEntry Entry, long Blob)>> enter)
        {
            var isEmpty = written == 0 && ended.Count == 0;
            return new Draft(current, entries, ended, isEmpty, isEmpty ? current.Root : SnapshotListing.RootOf(entries), enter);
        }
    }
}
