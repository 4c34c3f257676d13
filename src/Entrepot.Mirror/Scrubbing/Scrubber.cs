using System.Collections.Immutable;
using Entrepot.Core.Identities;
using Entrepot.Mirror.Blobs;
using Entrepot.Mirror.Catalog;
using Entrepot.Mirror.Integrity;
using Entrepot.Mirror.Replication;
using Microsoft.Extensions.Logging;

namespace Entrepot.Mirror.Scrubbing;

/// <summary>Reads blobs at rest again, records what is rotten, mends it from other holders, and reports. The background pass and
/// <c>entrepot verify</c> are the same work at another pace.</summary>
public sealed class Scrubber : IDisposable
{
    private const string Actor = "system:scrub";

    /// <summary>Time between two progress reports.</summary>
    private static readonly TimeSpan ReportEvery = TimeSpan.FromMilliseconds(250);

    private readonly MirrorCatalog _catalog;
    private readonly BlobStore _store;
    private readonly BlobMender _mender;
    private readonly ILogger<Scrubber> _logger;
    private readonly SemaphoreSlim _mending = new(1, 1);

    private Scrubber(MirrorCatalog catalog, BlobStore store, Func<IReadOnlyList<IPieceSource>> sources, ScrubOptions options, ILogger<Scrubber> logger)
    {
        (_catalog, _store, _logger, Options) = (catalog, store, logger, options);
        _mender = new BlobMender(store, sources, options, catalog.Time);
    }

    /// <summary>How it works.</summary>
    public ScrubOptions Options { get; }

    internal MirrorCatalog Catalog => _catalog;

    internal BlobStore Store => _store;

    /// <summary>Makes a scrubber and tells the store what is known to be rotten from before.</summary>
    /// <param name="catalog">Says what the bytes must be.</param>
    /// <param name="store">Has the bytes.</param>
    /// <param name="sources">The other holders, as known when they are needed; the likeliest first.</param>
    /// <param name="options">Pace and cycles.</param>
    /// <param name="logger">Where damage is told.</param>
    public static Scrubber Open(
        MirrorCatalog catalog, BlobStore store, Func<IReadOnlyList<IPieceSource>> sources, ScrubOptions options, ILogger<Scrubber> logger)
    {
        foreach (var (digest, pieces) in catalog.State.Read(DamageTable.Read))
            store.MarkDamaged(digest, pieces);
        return new Scrubber(catalog, store, sources, options, logger);
    }

    /// <summary>The pieces of a blob that are known to be rotten and must not be sent.</summary>
    public ImmutableArray<int> DamagedPieces(Sha256Digest digest) => _store.DamagedPieces(digest);

    /// <summary>Every blob that is known to be damaged, with its rotten pieces.</summary>
    public IReadOnlyList<(Sha256Digest Digest, ImmutableArray<int> Pieces)> Damaged() => _catalog.State.Read(DamageTable.Read);

    /// <summary>Reads everything once, as fast as the disk gives it, and mends what is rotten.</summary>
    /// <param name="mirror">Only what this mirror's snapshots refer to; null for every blob.</param>
    /// <param name="deep">True to compute SHA-256 of every piece, false for CRC-32.</param>
    /// <param name="progress">Told several times a second, at every damage, and at the end.</param>
    /// <param name="cancellation">Stops between two reads.</param>
    /// <returns>Everything that was found.</returns>
    /// <exception cref="Core.Faults.FaultException"><see cref="CatalogFault.MirrorNotFound"/>.</exception>
    public async Task<IReadOnlyList<BlobDamage>> VerifyAsync(
        MirrorName? mirror, bool deep, IProgress<ScrubProgress> progress, CancellationToken cancellation = default)
    {
        long? id = mirror is { } name ? _catalog.View.Get(name).Id : null;
        var blobs = _catalog.State.Read(connection => ScrubTable.List(connection, id));
        var report = new ScrubProgressTeller(blobs.Count, blobs.Sum(static blob => blob.Size), progress, _catalog.Time, ReportEvery);
        foreach (var (digest, size) in blobs)
        {
            if (_catalog.State.Read(connection => BlobTable.Find(connection, digest)) is { } blob
                && await ExamineAsync(new BlobInspection(blob, _store), deep, report.SpendAsync, cancellation) is { } damage)
                report.Found(damage);
            report.Passed(size);
        }

        return report.Finish();
    }

    /// <summary>Reads one blob now, computing SHA-256, because something about it looks wrong.</summary>
    /// <returns>Null when it is sound, or there is none of that digest.</returns>
    public async Task<BlobDamage?> ExamineAsync(Sha256Digest digest, CancellationToken cancellation = default)
        => _catalog.State.Read(connection => BlobTable.Find(connection, digest)) is { } blob
            ? await ExamineAsync(new BlobInspection(blob, _store), deep: true, Unhurried, cancellation)
            : null;

    /// <summary>The look after a start: published blobs whose file is absent or of the wrong length are recorded and mended without waiting
    /// for the pass to come to them.</summary>
    /// <returns>What was found.</returns>
    public async Task<IReadOnlyList<BlobDamage>> RecoverAsync(CancellationToken cancellation = default)
    {
        var found = new List<BlobDamage>();
        foreach (var lost in RecoveryCheck.Run(_catalog.View, _store))
        {
            if (await ExamineAsync(lost.Digest, cancellation) is { } damage)
                found.Add(damage);
        }

        return found;
    }

    /// <summary>Tries once more to mend what is known to be damaged.</summary>
    /// <returns>What still is.</returns>
    public async Task<IReadOnlyList<BlobDamage>> MendKnownAsync(CancellationToken cancellation = default)
    {
        var left = new List<BlobDamage>();
        foreach (var (digest, _) in Damaged())
        {
            if (await ExamineAsync(digest, cancellation) is { IsMended: false } damage)
                left.Add(damage);
        }

        return left;
    }

    /// <inheritdoc/>
    public void Dispose() => _mending.Dispose();

    /// <summary>An inspection of the next blob of the background pass.</summary>
    internal BlobInspection Inspect(Fingerprint blob, int fromPiece) => new(blob, _store, fromPiece);

    /// <summary>Reads a blob, and records, mends and reports what is rotten.</summary>
    /// <returns>Null when the blob is sound, or gone.</returns>
    internal async Task<BlobDamage?> ExamineAsync(
        BlobInspection inspection, bool deep, Func<int, CancellationToken, ValueTask> spend, CancellationToken cancellation)
    {
        var blob = inspection.Blob;
        await inspection.RunAsync(deep, spend, cancellation);
        if (inspection.IsSound)
        {
            await ClearAsync(inspection, cancellation);
            return null;
        }

        await _mending.WaitAsync(cancellation);
        try
        {
            // Look again at all of it: another examination may have mended it, and a mended blob needs every rotten piece fetched.
            var whole = new BlobInspection(blob, _store);
            await whole.RunAsync(deep: true, spend, cancellation);
            return whole.IsSound ? null : await RecordAndMendAsync(whole, cancellation);
        }
        finally
        {
            _mending.Release();
        }
    }

    private static ValueTask Unhurried(int bytes, CancellationToken cancellation) => ValueTask.CompletedTask;

    private async Task<BlobDamage?> RecordAndMendAsync(BlobInspection inspection, CancellationToken cancellation)
    {
        var (blob, rotten) = (inspection.Blob, inspection.Rotten.ToImmutableArray());
        var isNews = !_store.IsDamaged(blob.Digest) || !_store.DamagedPieces(blob.Digest).SequenceEqual(rotten);
        if (isNews)
        {
            var exists = await _catalog.State.WriteAsync(
                transaction =>
                {
                    var detail = $"{rotten.Length} of {blob.Pieces.Length} pieces rotten, {inspection.FoundSize?.ToString() ?? "no"} of {blob.Size} bytes on disk";
                    if (!DamageTable.Write(transaction, blob.Digest, rotten, _catalog.Time.GetUtcNow(), detail))
                        return false;
                    _catalog.Record(
                        transaction, Actor, "blob.damage", blob.Digest.ToString(), new { pieces = rotten, size = blob.Size, found = inspection.FoundSize });
                    return true;
                },
                cancellation);
            if (!exists)
                return null;  // collected while it was read
            _store.MarkDamaged(blob.Digest, rotten);
            Log.Damaged(_logger, blob.Digest, rotten.Length, blob.Pieces.Length, inspection.FoundSize);
        }

        var (isMended, why) = await _mender.MendAsync(blob, rotten, cancellation);
        if (isMended)
        {
            // Not cancelled from here on: the bytes are in place, and the record must follow.
            await _catalog.State.WriteAsync(
                transaction =>
                {
                    DamageTable.Clear(transaction, blob.Digest);
                    _catalog.Record(transaction, Actor, "blob.mend", blob.Digest.ToString(), new { pieces = rotten, detail = why });
                },
                CancellationToken.None);
            Log.Mended(_logger, blob.Digest, why);
        }
        else if (isNews)
        {
            Log.NotMended(_logger, blob.Digest, why);
        }

        return new BlobDamage(blob.Digest, rotten, isMended, why);
    }

    /// <summary>Forgets damage of a blob that is sound: it was pushed again, or an earlier mending was not recorded any more.</summary>
    private async Task ClearAsync(BlobInspection sound, CancellationToken cancellation)
    {
        var digest = sound.Blob.Digest;
        if (!_store.IsDamaged(digest) && !_catalog.State.Read(connection => DamageTable.IsRecorded(connection, digest)))
            return;
        await _mending.WaitAsync(cancellation);
        try
        {
            // What lies before a resumed inspection, and what was found since this one began, it says nothing about.
            if (!sound.IsWhole || _store.DamagedPieces(digest) != sound.KnownBefore)
                return;
            await _catalog.State.WriteAsync(
                transaction =>
                {
                    if (DamageTable.Clear(transaction, digest))
                        _catalog.Record(transaction, Actor, "blob.mend", digest.ToString(), new { detail = "found sound" });
                },
                cancellation);
            _store.ClearDamage(digest);
        }
        finally
        {
            _mending.Release();
        }

        Log.SoundAgain(_logger, digest);
    }
}
