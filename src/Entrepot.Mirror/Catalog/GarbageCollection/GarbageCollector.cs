using System.Collections.Immutable;
using Entrepot.Core.Identities;
using Entrepot.Mirror.Blobs;

namespace Entrepot.Mirror.Catalog.GarbageCollection;

/// <summary>What a run did, or would do.</summary>
/// <param name="DryRun">True when nothing was changed.</param>
/// <param name="Dropped">Snapshots that went.</param>
/// <param name="Swept">Blobs that went.</param>
/// <param name="Kept">Blobs that stay, each with its reason, those saved at the last moment among them.</param>
public sealed record GarbageCollectionResult(
    bool DryRun, ImmutableArray<DroppedSnapshot> Dropped, ImmutableArray<SweptBlob> Swept, ImmutableArray<KeptBlob> Kept);

/// <summary>Carries out a <see cref="GarbageCollectionPlan"/>. Rows and journal go in one transaction, which looks at every reference
/// again; files go after it. A process that dies between the two leaves files that no row names, and the next run sweeps those.</summary>
/// <remarks>Why a publication at the same time loses nothing: it takes hold of its blobs before its transaction, which touches them.
/// If that comes before the sweeping transaction, the blob is spared there; if it comes between transaction and file, the file is
/// spared and the publication enters the row anew; if it comes after the file went, taking hold fails and the publication is refused.</remarks>
public sealed class GarbageCollector : IDisposable
{
    /// <summary>Blobs swept in one transaction, so that other writers wait only briefly.</summary>
    private const int SweepChunk = 256;

    /// <summary>Snapshots dropped in one transaction.</summary>
    private const int DropChunk = 1000;

    private readonly MirrorCatalog _catalog;
    private readonly BlobStore _store;
    private readonly GarbageCollectionOptions _options;
    private readonly SemaphoreSlim _turn = new(1, 1);

    /// <summary>Makes a collector; it does nothing until asked.</summary>
    public GarbageCollector(MirrorCatalog catalog, BlobStore store, GarbageCollectionOptions options)
        => (_catalog, _store, _options) = (catalog, store, options);

    /// <summary>Collects, or says what it would collect. Runs take turns.</summary>
    /// <param name="dryRun">True to change nothing.</param>
    /// <param name="actor">Who asks.</param>
    /// <param name="cancellation">Stops between two transactions.</param>
    public async Task<GarbageCollectionResult> RunAsync(bool dryRun, string actor, CancellationToken cancellation = default)
    {
        await _turn.WaitAsync(cancellation);
        try
        {
            var now = DateTimeOffset.FromUnixTimeMilliseconds(_catalog.Time.GetUtcNow().ToUnixTimeMilliseconds());
            var (plan, mirrors) = MakePlan(now);
            if (dryRun)
                return new GarbageCollectionResult(true, plan.Dropped, plan.Swept, plan.Kept);
            var dropped = await DropAsync(plan, mirrors, now, actor, cancellation);
            var (swept, saved) = await SweepAsync(plan, actor, cancellation);
            await _catalog.State.WriteAsync(transaction => GarbageTable.PruneLinks(transaction, plan.Cutoff), cancellation);
            _store.ForgetTouches(plan.Cutoff);
            _store.SweepLeftovers(now - _options.Staging, now - _options.Quarantine);
            return new GarbageCollectionResult(false, dropped, swept, plan.Kept.AddRange(saved));
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _turn.Dispose();

    private (GarbageCollectionPlan Plan, IReadOnlyList<InventoryMirror> Mirrors) MakePlan(DateTimeOffset now)
    {
        var files = _store.Enumerate().ToList();
        return _catalog.State.Read(connection =>
        {
            using var transaction = connection.BeginTransaction(deferred: true);
            var mirrors = GarbageTable.Mirrors(connection, transaction);
            var inventory = new Inventory(
                now, _options.Grace, mirrors, GarbageTable.References(connection, transaction), GarbageTable.Blobs(connection, transaction),
                files, _store.LastTouched, _store.IsHeld)
            {
                Manifests = GarbageTable.Manifests(connection, transaction),
            };
            return (GarbageCollectionPlan.Make(inventory), mirrors);
        });
    }

    private async Task<ImmutableArray<DroppedSnapshot>> DropAsync(
        GarbageCollectionPlan plan, IReadOnlyList<InventoryMirror> mirrors, DateTimeOffset now, string actor, CancellationToken cancellation)
    {
        var done = ImmutableArray.CreateBuilder<DroppedSnapshot>();
        var planned = plan.Dropped.ToLookup(static snapshot => snapshot.Mirror);
        foreach (var mirror in mirrors)
        {
            foreach (var chunk in planned[mirror.Name].Chunk(DropChunk))
            {
                var numbers = chunk.Select(static snapshot => snapshot.Number).ToList();
                var dropped = await _catalog.State.WriteAsync(
                    transaction =>
                    {
                        var gone = GarbageTable.Drop(transaction, mirror.Id, mirror.Retention, numbers, now);
                        if (gone.Count > 0)
                            _catalog.Record(transaction, actor, "snapshot.drop", mirror.Name.Value, new { snapshots = gone, mirror.Retention });
                        return gone.ToHashSet();
                    },
                    cancellation);
                done.AddRange(chunk.Where(snapshot => dropped.Contains(snapshot.Number)));
            }
        }

        return done.DrainToImmutable();
    }

    private async Task<(ImmutableArray<SweptBlob> Swept, ImmutableArray<KeptBlob> Saved)> SweepAsync(
        GarbageCollectionPlan plan, string actor, CancellationToken cancellation)
    {
        var swept = ImmutableArray.CreateBuilder<SweptBlob>();
        var saved = ImmutableArray.CreateBuilder<KeptBlob>();
        foreach (var chunk in plan.Swept.Chunk(SweepChunk))
        {
            var gone = await _catalog.State.WriteAsync(transaction => SweepRows(transaction, chunk, plan.Cutoff, actor), cancellation);
            _catalog.Forget(gone);
            foreach (var blob in chunk)
            {
                if (gone.Contains(blob.Digest) && _store.Delete(blob.Digest, plan.Cutoff))
                    swept.Add(blob);
                else
                    saved.Add(new KeptBlob(blob.Digest, blob.Size, new KeepReason.InFlight()));
            }
        }

        return (swept.DrainToImmutable(), saved.DrainToImmutable());
    }

    /// <summary>The blobs that may go: no row names them any more, and nothing needs them.</summary>
    private HashSet<Sha256Digest> SweepRows(Core.State.StateTransaction transaction, SweptBlob[] blobs, DateTimeOffset cutoff, string actor)
    {
        var gone = new HashSet<Sha256Digest>();
        foreach (var blob in blobs)
        {
            if (_store.IsHeld(blob.Digest) || _store.LastTouched(blob.Digest) >= cutoff)
                continue;
            if (blob.Reason == SweepReason.Orphaned
                    ? BlobTable.FindId(transaction, blob.Digest) is null
                    : GarbageTable.Sweep(transaction, blob.Digest, cutoff))
                gone.Add(blob.Digest);
        }

        if (gone.Count > 0)
        {
            _catalog.Record(
                transaction, actor, "blob.sweep", $"{gone.Count} blobs",
                new { bytes = blobs.Where(blob => gone.Contains(blob.Digest)).Sum(static blob => blob.Size), digests = gone });
        }

        return gone;
    }
}
