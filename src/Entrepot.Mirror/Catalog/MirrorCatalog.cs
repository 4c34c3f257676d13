using System.Text.Json;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Core.Journal;
using Entrepot.Core.State;
using Entrepot.Mirror.Blobs;
using Entrepot.Mirror.Integrity;

namespace Entrepot.Mirror.Catalog;

/// <summary>What publishing came to.</summary>
/// <param name="Snapshot">The snapshot that is current now.</param>
/// <param name="IsNew">False when the mirror held these very bytes at these very paths before, so that no snapshot was made.</param>
/// <param name="Written">How many files are new or have other bytes.</param>
/// <param name="Removed">How many files are gone.</param>
public sealed record Publication(TreeSnapshot Snapshot, bool IsNew, int Written, int Removed);

/// <summary>Mirrors, their snapshots and the blobs these are made of. Reading the current state is one volatile read of an immutable
/// view; every change is one transaction together with its journal entry, and the view follows once it is durable.</summary>
public sealed partial class MirrorCatalog
{
    /// <summary>Longest description or note in characters.</summary>
    public const int MaxText = 1000;

    private readonly StateDatabase _state;
    private readonly TimeProvider _time;
    private readonly FingerprintCache _fingerprints = new();
    private readonly BlobHolders _holders = new();
    private readonly Lock _installing = new();
    private CatalogView _view;
    private CatalogView _written;

    private MirrorCatalog(StateDatabase state, TimeProvider time, CatalogView view)
        => (_state, _time, _view, _written) = (state, time, view, view);

    /// <summary>What is published now. Never changes once read; read it once per request.</summary>
    public CatalogView View => Volatile.Read(ref _view);

    internal StateDatabase State => _state;

    internal TimeProvider Time => _time;

    /// <summary>Opens the catalog and builds its view.</summary>
    /// <param name="state">A database opened with this assembly among its features.</param>
    /// <param name="time">The clock.</param>
    public static MirrorCatalog Open(StateDatabase state, TimeProvider time) => new(state, time, Load(state));

    /// <summary>Makes a mirror, empty.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="actor">Who asks.</param>
    /// <param name="kind">How content comes in; this version has only hosted mirrors.</param>
    /// <param name="format">What the content is; this version has only trees.</param>
    /// <param name="description">One line for people.</param>
    /// <param name="retention">How long old snapshots stay; null for <see cref="Retention.Default"/>.</param>
    /// <param name="isPrivate">True when reading it takes a credential.</param>
    /// <param name="cancellation">Withdraws the request while it waits.</param>
    /// <exception cref="FaultException">The name is taken, or kind, format, text or retention are refused.</exception>
    public Task<MirrorView> CreateMirrorAsync(
        MirrorName name, string actor, MirrorKind kind = MirrorKind.Hosted, MirrorFormat format = MirrorFormat.Tree, string description = "",
        Retention? retention = null, bool isPrivate = false, CancellationToken cancellation = default)
    {
        MirrorRules.RequireSupported(kind, format);
        MirrorRules.RequireText("description", description);
        MirrorRules.RequireValid(retention ??= Retention.Default);
        var info = new MirrorInfo(name, kind, format, description, retention, Now()) { IsPrivate = isPrivate };
        return ChangeAsync(
            (transaction, view) =>
            {
                if (view.TryGet(name, out _))
                    throw Fault.Of(
                        CatalogFault.MirrorExists, FaultKind.Conflict, $"There is a mirror '{name}' already.", "Choose another name.").ToException();
                var mirror = new MirrorView(info, EmptySnapshot(info)) { Id = MirrorTable.Insert(transaction, info) };
                Record(transaction, actor, "mirror.create", name.Value, new { kind, format, description, retention, isPrivate });
                return (view.With(mirror), mirror);
            },
            cancellation);
    }

    /// <summary>Changes a mirror's description, its retention or who may read it; null leaves one as it is.</summary>
    /// <exception cref="FaultException">No such mirror, or a value is refused.</exception>
    public Task<MirrorView> UpdateMirrorAsync(
        MirrorName name, string? description, Retention? retention, string actor, bool? isPrivate = null, CancellationToken cancellation = default)
    {
        MirrorRules.RequireText("description", description ?? "");
        if (retention is not null)
            MirrorRules.RequireValid(retention);
        return ChangeAsync(
            (transaction, view) =>
            {
                var mirror = view.Get(name);
                var info = mirror.Info with
                {
                    Description = description ?? mirror.Info.Description,
                    Retention = retention ?? mirror.Info.Retention,
                    IsPrivate = isPrivate ?? mirror.Info.IsPrivate,
                };
                if (info == mirror.Info)
                    return (view, mirror);
                MirrorTable.Update(transaction, mirror.Id, info);
                Record(
                    transaction, actor, "mirror.update", name.Value, new { },
                    before: new { mirror.Info.Description, mirror.Info.Retention, mirror.Info.IsPrivate }, after: new { info.Description, info.Retention, info.IsPrivate });
                mirror = mirror with { Info = info };
                return (view.With(mirror), mirror);
            },
            cancellation);
    }

    /// <summary>Removes a mirror with all its snapshots. Its blobs go with the next garbage collection after the grace period.</summary>
    /// <exception cref="FaultException"><see cref="CatalogFault.MirrorNotFound"/>.</exception>
    public Task DeleteMirrorAsync(MirrorName name, string actor, CancellationToken cancellation = default)
        => ChangeAsync(
            (transaction, view) =>
            {
                var mirror = view.Get(name);
                MirrorTable.Delete(transaction, mirror.Id, Now());
                Record(transaction, actor, "mirror.delete", name.Value, new { }, before: new { snapshot = mirror.Current.Number, files = mirror.Current.Info.Files }, after: null);
                return (view.Without(name), true);
            },
            cancellation);

    /// <summary>Enters a stored blob, so that it can be published by its digest. Entering it again renews its grace period.</summary>
    /// <returns>True when it was not known.</returns>
    /// <exception cref="FaultException"><see cref="CatalogFault.BlobGone"/>.</exception>
    public async Task<bool> RegisterBlobAsync(StoredBlob blob, string actor, CancellationToken cancellation = default)
    {
        using var hold = Hold([blob]);
        var isNew = await _state.WriteAsync(
            transaction =>
            {
                var isKnown = BlobTable.FindId(transaction, blob.Fingerprint.Digest) is not null;
                EnterBlob(transaction, blob, actor);
                return !isKnown;
            },
            cancellation);
        _fingerprints.Forget([blob.Fingerprint.Digest]);
        return isNew;
    }

    /// <summary>The fingerprint of a blob, or null when there is none of that digest. Recently used ones come from memory.</summary>
    public Fingerprint? FindFingerprint(Sha256Digest digest)
    {
        if (_fingerprints.Find(digest) is { } known)
            return known;
        var epoch = _fingerprints.Epoch;
        var found = _state.Read(connection => BlobTable.Find(connection, digest));
        if (found is not null)
            _fingerprints.Add(found, epoch);
        return found;
    }

    /// <summary>The mirrors that hold a blob in any of their snapshots. Recently asked ones come from memory.</summary>
    /// <param name="view">What is published now.</param>
    /// <param name="digest">The blob.</param>
    public IReadOnlyList<MirrorInfo> HoldersOf(CatalogView view, Sha256Digest digest) => _holders.Find(this, view, digest);

    /// <summary>Those of the digests of which no blob is entered, each once, in the order given.</summary>
    public IReadOnlyList<Sha256Digest> MissingBlobs(IEnumerable<Sha256Digest> digests)
        => _state.Read(connection =>
        {
            using var exists = BlobTable.PrepareExists(connection);
            return digests.Distinct().Where(digest => !BlobTable.Exists(exists, digest)).ToList();
        });

    /// <summary>Completes a fingerprint with its MD5, computed after publishing.</summary>
    /// <returns>False when the blob is gone.</returns>
    public async Task<bool> SetMd5Async(Sha256Digest digest, Md5Digest md5, CancellationToken cancellation = default)
    {
        var found = await _state.WriteAsync(transaction => BlobTable.SetMd5(transaction, digest, md5), cancellation);
        _fingerprints.Forget([digest]);
        return found;
    }

    /// <summary>Enters a stored blob in a transaction, or renews its grace period. The caller holds it.</summary>
    /// <returns>Its row.</returns>
    internal long EnterBlob(StateTransaction transaction, StoredBlob blob, string actor)
    {
        if (BlobTable.FindId(transaction, blob.Fingerprint.Digest) is { } id)
        {
            BlobTable.Renew(transaction, id, blob.Fingerprint, Now());
            return id;
        }

        Record(transaction, actor, "blob.store", blob.Fingerprint.Digest.ToString(), new { size = blob.Fingerprint.Size });
        return BlobTable.Insert(transaction, blob.Fingerprint, Now());
    }

    internal void Forget(IEnumerable<Sha256Digest> digests) => _fingerprints.Forget(digests);

    internal void Record(StateTransaction transaction, string actor, string action, string subject, object details)
        => Record(transaction, actor, action, subject, details, null, null);

    /// <summary>As <see cref="Record(StateTransaction, string, string, string, object)"/>, with what was there before and after; null where nothing was.</summary>
    internal void Record(StateTransaction transaction, string actor, string action, string subject, object details, object? before, object? after)
        => JournalTable.Append(transaction, new JournalEntry(Now(), actor, action, subject, Json(details))
        {
            Before = before is null ? null : Json(before),
            After = after is null ? null : Json(after),
        });

    private static string Json(object value) => JsonSerializer.Serialize(value, MirrorRules.JournalJson);

    private static CatalogView Load(StateDatabase state)
        => state.Read(connection =>
        {
            using var transaction = connection.BeginTransaction(deferred: true);
            var mirrors = new Dictionary<MirrorName, MirrorView>();
            foreach (var (id, info) in MirrorTable.Read(connection, transaction))
            {
                var header = SnapshotTable.Find(connection, transaction, info.Name, id, null);
                var current = header is null
                    ? EmptySnapshot(info)
                    : new TreeSnapshot(header, SnapshotTable.Entries(connection, transaction, id, header));
                mirrors.Add(info.Name, new MirrorView(info, current) { Id = id });
            }

            return new CatalogView(MirrorTable.Revision(connection, transaction), mirrors, MirrorTable.IsGuarded(connection, transaction));
        });

    private static TreeSnapshot EmptySnapshot(MirrorInfo mirror)
        => new(new SnapshotInfo(mirror.Name, 0, SnapshotListing.RootOf([]), mirror.CreatedAt, "", "", 0, 0), []);

    private static BlobHold Hold(IReadOnlyCollection<StoredBlob> blobs)
        => BlobHold.TryTake(blobs, out var gone) ?? throw Fault.Of(
            CatalogFault.BlobGone, FaultKind.Conflict, $"{gone} is no longer stored here: it was collected before it was published.",
            "Send the file again.").ToException();

    private DateTimeOffset Now() => DateTimeOffset.FromUnixTimeMilliseconds(_time.GetUtcNow().ToUnixTimeMilliseconds());

    /// <summary>Runs one change on the writer and swaps the view in once it is durable.</summary>
    /// <param name="work">Gets the latest view, which may hold changes of the same transaction that are not visible yet, and gives
    /// the view after it: the same one when nothing is to be changed.</param>
    /// <param name="cancellation">Withdraws the request while it waits.</param>
    private async Task<T> ChangeAsync<T>(Func<StateTransaction, CatalogView, (CatalogView View, T Result)> work, CancellationToken cancellation)
    {
        var (view, result) = await _state.WriteAsync(
            transaction =>
            {
                var latest = Latest(transaction);
                var change = work(transaction, latest);
                if (!ReferenceEquals(change.View, latest))
                    MirrorTable.SetRevision(transaction, change.View.Revision);
                _written = change.View;
                return change;
            },
            cancellation);
        Install(view);
        return result;
    }

    /// <summary>The view that the transaction's rows stand for. Only the writer's thread calls this.</summary>
    private CatalogView Latest(StateTransaction transaction)
    {
        var revision = MirrorTable.Revision(transaction);
        if (_written.Revision == revision)
            return _written;
        // The transaction of _written failed as a whole, with the disk full for example.
        var visible = View;
        return visible.Revision == revision ? visible : Load(_state);
    }

    private void Install(CatalogView view)
    {
        // Continuations of several commits may come here in any order; revisions bring back the order of the commits.
        lock (_installing)
        {
            if (view.Revision > _view.Revision)
                Volatile.Write(ref _view, view);
        }
    }
}
