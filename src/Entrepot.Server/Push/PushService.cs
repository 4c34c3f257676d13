using System.IO.Pipelines;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Mirror.Blobs;
using Entrepot.Mirror.Catalog;
using Entrepot.Mirror.Integrity;
using Entrepot.Mirror.Uploads;
using Entrepot.Server.Api;

namespace Entrepot.Server.Push;

/// <summary>Takes bytes in: receive → verify → store → publish. The only way into a hosted mirror.</summary>
public sealed class PushService : IDisposable
{
    /// <summary>How often a file that is replaced while it is being removed is looked at again.</summary>
    private const int DeleteAttempts = 8;

    private readonly BlobStore _blobs;
    private readonly MirrorCatalog _catalog;
    private readonly TimeProvider _time;
    private readonly Func<string?> _downloads;
    private readonly Action<Sha256Digest> _incomplete;

    /// <summary>Makes the service.</summary>
    /// <param name="blobs">Where bytes are kept.</param>
    /// <param name="catalog">Where they are published.</param>
    /// <param name="uploads">Resumable uploads into the same blob store.</param>
    /// <param name="options">Limits.</param>
    /// <param name="time">The clock.</param>
    /// <param name="downloads">Base address where published files can be had, without a trailing slash; null while not known.</param>
    /// <param name="incomplete">Told of each stored blob whose MD5 nobody has computed yet; must not wait. Null to tell nobody.</param>
    public PushService(
        BlobStore blobs, MirrorCatalog catalog, UploadStore uploads, PushOptions options, TimeProvider time, Func<string?> downloads,
        Action<Sha256Digest>? incomplete = null)
    {
        _incomplete = incomplete ?? (static _ => { });
        (_blobs, _catalog, Uploads, Options, _time, _downloads) = (blobs, catalog, uploads, options, time, downloads);
        Gate = new PushGate(options, time);
    }

    /// <summary>The limits.</summary>
    public PushOptions Options { get; }

    /// <summary>The resumable uploads.</summary>
    public UploadStore Uploads { get; }

    /// <summary>Who may make use of what is stored already. By default everybody.</summary>
    public BlobPossession Possession { get; init; } = new(null);

    internal PushGate Gate { get; }

    /// <inheritdoc/>
    public void Dispose() => Gate.Dispose();

    /// <summary>Refuses what can be refused before any byte has come. The conditions are judged again when it is published.</summary>
    /// <exception cref="FaultException">No such mirror, a condition that does not hold, or a path that is a folder.</exception>
    internal void Check(PushOrder order)
    {
        if (order is not { Mirror: { } mirror, Path: { } path })
            return;
        var snapshot = _catalog.View.Get(mirror).Current;
        snapshot.TryGet(path, out var entry);
        if (order.Condition?.ToPathCondition().Judge(path, entry) is { } fault)
            throw fault.ToException();
        if (entry is null && snapshot.Obstacle(path) is { } obstacle)
            throw obstacle.ToException();
    }

    /// <summary>Receives a whole file in one request. Whatever ends it early leaves nothing behind.</summary>
    internal async Task<PushOutcome> ReceiveAsync(PushOrder order, Expectation expectation, PipeReader body, CancellationToken cancellation)
    {
        using var turn = await Gate.EnterAsync(cancellation);
        await using var staged = _blobs.Stage(expectation);
        await BodyCopier.CopyAsync(
            body,
            part =>
            {
                CheckSize(staged.Length + part.Length);
                return staged.WriteAsync(part, cancellation);
            },
            cancellation);
        // All bytes are here: from now on it is finished even if the client goes away.
        return await FinishAsync(order, await staged.VerifyAsync(CancellationToken.None));
    }

    /// <summary>Stores and publishes verified bytes.</summary>
    internal Task<PushOutcome> FinishAsync(PushOrder order, VerifiedBlob verified) => FinishAsync(order, _blobs.Store(verified));

    /// <summary>Publishes stored bytes.</summary>
    internal async Task<PushOutcome> FinishAsync(PushOrder order, StoredBlob stored)
    {
        var (digest, size) = (stored.Fingerprint.Digest, stored.Fingerprint.Size);
        if (order is not { Mirror: { } mirror, Path: { } path })
        {
            var isNew = await _catalog.RegisterBlobAsync(stored, order.Actor);
            Complete(stored);
            return new PushOutcome(isNew, new PushResult(null, null, null, null, digest, size, isNew), null);
        }

        var existed = _catalog.View.TryGet(mirror, out var before) && before.Current.TryGet(path, out _);
        var edit = TreeEdit.Put(path, stored, order.Modified ?? _time.GetUtcNow(), order.Condition?.ToPathCondition());
        var publication = await _catalog.PublishAsync(mirror, edit, null, order.Actor);
        Complete(stored);
        return new PushOutcome(
            publication.IsNew && !existed,
            new PushResult(
                mirror.Value, path.Value, publication.Snapshot.Number, publication.Snapshot.Root, digest, size, publication.IsNew),
            Locate(mirror, path));
    }

    /// <summary>The blob of that digest when it is stored here already, so that its bytes need not be sent.</summary>
    internal Fingerprint? FindBlob(Sha256Digest digest)
        => _catalog.FindFingerprint(digest) is { } fingerprint && _blobs.Find(fingerprint) is not null ? fingerprint : null;

    /// <summary>Removes a file.</summary>
    internal async Task<PushResult> DeleteAsync(MirrorName mirror, ContentPath path, StatedCondition? condition, string actor, string note = "")
    {
        for (var attempt = 1; ; attempt++)
        {
            if (!_catalog.View.Get(mirror).Current.TryGet(path, out var entry))
                throw Fault.Of(CatalogFault.PathNotFound, FaultKind.NotFound, $"Mirror '{mirror}' has no file '{path}'.").ToException();
            if (condition?.ToPathCondition().Judge(path, entry) is { } fault)
                throw fault.ToException();
            try
            {
                // Just what was looked at is removed, so that the answer tells the truth.
                var publication = await _catalog.PublishAsync(mirror, TreeEdit.Delete(path, PathCondition.OneOf(entry.Digest)), null, actor, note);
                var snapshot = publication.Snapshot;
                return new PushResult(mirror.Value, path.Value, snapshot.Number, snapshot.Root, entry.Digest, entry.Size, false);
            }
            catch (FaultException error) when (error.Fault.Is(CatalogFault.ConditionFailed) && attempt < DeleteAttempts)
            {
                // Replaced meanwhile: look again.
            }
        }
    }

    /// <summary>Which of the blobs must be sent. Those that need not be are kept for the grace period.</summary>
    /// <param name="digests">The blobs.</param>
    /// <param name="mayUse">Whether the requester may make use of one that is stored.</param>
    internal IReadOnlyList<Sha256Digest> Missing(IReadOnlyList<Sha256Digest> digests, Func<Sha256Digest, bool> mayUse)
    {
        if (digests.Count > Options.MaxDigests)
            throw Fault.Of(
                PushFault.TooManyEntries, FaultKind.TooLarge, $"{digests.Count} digests were asked about; at most {Options.MaxDigests} are answered at once.",
                "Ask in several requests.").ToException();
        var missing = _catalog.MissingBlobs(digests).ToHashSet();
        foreach (var digest in digests)
        {
            if (!missing.Contains(digest) && (!mayUse(digest) || FindBlob(digest) is null))
                missing.Add(digest);
        }

        return [.. digests.Distinct().Where(missing.Contains)];
    }

    /// <summary>Publishes many files, whose blobs were pushed before, as one snapshot.</summary>
    /// <exception cref="FaultException">A <see cref="CatalogFault"/> or <see cref="PushFault.BlobsMissing"/>.</exception>
    internal async Task<Publication> PublishAsync(MirrorName mirror, PublishRequest request, string actor, Func<Sha256Digest, bool> mayUse)
    {
        var folder = ReadPrefix(request.Prefix);
        var puts = new List<TreePut>(request.Entries.Count);
        var missing = new List<Sha256Digest>();
        var stored = new Dictionary<Sha256Digest, StoredBlob?>();
        foreach (var entry in request.Entries)
        {
            if (!stored.TryGetValue(entry.Digest, out var blob))
                stored[entry.Digest] = blob = mayUse(entry.Digest) && _catalog.FindFingerprint(entry.Digest) is { } known ? _blobs.Find(known) : null;
            if (blob is null)
                missing.Add(entry.Digest);
            else
                puts.Add(new TreePut(folder == default ? entry.Path : ContentPath.Parse($"{folder}/{entry.Path}"), blob, entry.Modified));
        }

        if (missing.Count > 0)
            throw Fault.Of(
                PushFault.BlobsMissing, FaultKind.Conflict,
                $"{missing.Count} blobs of this publication are not stored here, the first being {missing[0]}.",
                "Ask POST /v1/blobs/missing which ones, push them with PUT /v1/blobs/DIGEST, then publish again.").ToException();
        var edit = TreeEdit.Of(puts, replaced: request.Delete ? [folder] : null);
        return await _catalog.PublishAsync(mirror, edit, request.Base, actor, request.Note ?? "");
    }

    /// <summary>Refuses more bytes than are taken here.</summary>
    internal void CheckSize(long bytes)
    {
        if (Options.MaxBytes is { } limit && bytes > limit)
            throw Fault.Of(
                BlobFault.TooLarge, FaultKind.TooLarge, $"The file has {bytes} bytes or more; at most {limit} are taken here.",
                "Ask the operator to raise the limit.").ToException();
    }

    private static ContentPath ReadPrefix(string prefix)
    {
        var trimmed = prefix.EndsWith('/') ? prefix[..^1] : prefix;
        return trimmed.Length == 0 ? default : ContentPath.Parse(trimmed);
    }

    private string? Locate(MirrorName mirror, ContentPath path) => _downloads() is { } address ? $"{address}/{mirror}/{path.ToUrl()}" : null;

    private void Complete(StoredBlob stored)
    {
        if (stored.Fingerprint.Md5 is null)
            _incomplete(stored.Fingerprint.Digest);
    }
}
