using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Mirror.Blobs;
using Entrepot.Mirror.Catalog;

namespace Entrepot.Mirror.Oci;

/// <summary>A manifest that was taken in.</summary>
/// <param name="Digest">SHA-256 of its bytes.</param>
/// <param name="IsNew">False when the repository had it, and the tag pointed at it, before.</param>
public sealed record PushedManifest(Sha256Digest Digest, bool IsNew);

/// <summary>What the repositories of OCI mirrors hold: blobs, manifests, tags. Bytes come verified from the blob store. Every change is journalled in its
/// own transaction. Safe for use by several threads.</summary>
public sealed class OciCatalog
{
    /// <summary>Most tags or repositories in one answer.</summary>
    public const int MaxPage = 10_000;

    /// <summary>After so long a blob that is asked for counts as needed anew: often enough for a grace period of minutes, seldom enough to cost nothing.</summary>
    private static readonly TimeSpan Renewal = TimeSpan.FromSeconds(30);

    private readonly MirrorCatalog _catalog;
    private readonly BlobStore _blobs;

    /// <summary>Opens the repositories of a catalog.</summary>
    public OciCatalog(MirrorCatalog catalog, BlobStore blobs) => (_catalog, _blobs) = (catalog, blobs);

    /// <summary>The mirror of a repository.</summary>
    /// <returns>Null when there is none of format <c>oci</c>.</returns>
    public MirrorView? MirrorOf(RepositoryName repository)
        => _catalog.View.TryGet(repository.Mirror, out var mirror) && mirror.Info.Format == MirrorFormat.Oci ? mirror : null;

    /// <summary>The stored bytes of a repository's blob; null when it has none of that digest.</summary>
    /// <param name="repository">The repository.</param>
    /// <param name="digest">The blob.</param>
    /// <param name="renew">True where whoever asks may be about to push a manifest that needs it: its grace period begins anew. Reading alone writes nothing.</param>
    public async Task<StoredBlob?> FindBlobAsync(RepositoryName repository, OciDigest digest, bool renew = true)
    {
        long linkedAt = 0;
        if (_catalog.State.Read(connection => OciTable.LinkedBlob(connection, repository.Value, digest, out linkedAt)) is not { } sha256
            || _catalog.FindFingerprint(sha256) is not { } fingerprint || _blobs.Find(fingerprint) is not { } stored)
            return null;
        if (renew && _catalog.Time.GetUtcNow() - DateTimeOffset.FromUnixTimeMilliseconds(linkedAt) > Renewal)
            await _catalog.State.WriteAsync(transaction =>
            {
                if (OciTable.Repository(transaction, repository.Value) is { } id && OciTable.Blob(transaction, digest) is { } blob && OciTable.IsLinked(transaction, id, blob))
                    OciTable.Link(transaction, id, blob, Now());
            });
        return stored;
    }

    /// <summary>Gives a repository a blob that was sent to it.</summary>
    /// <param name="repository">The repository; made if need be.</param>
    /// <param name="stored">The bytes.</param>
    /// <param name="named">The digest by which they were sent.</param>
    /// <param name="actor">Who sent them.</param>
    /// <param name="cancellation">Withdraws the request while it waits.</param>
    /// <exception cref="FaultException"><see cref="OciFault.NameUnknown"/>, <see cref="CatalogFault.BlobGone"/>.</exception>
    public async Task LinkAsync(RepositoryName repository, StoredBlob stored, OciDigest named, string actor, CancellationToken cancellation = default)
    {
        var mirror = Require(repository);
        using var hold = Hold([stored]);
        await _catalog.State.WriteAsync(
            transaction =>
            {
                var blob = _catalog.EnterBlob(transaction, stored, actor);
                OciTable.Name(transaction, named, blob);
                OciTable.Link(transaction, OciTable.OpenRepository(transaction, mirror.Id, repository.Value, Now()), blob, Now());
            },
            cancellation);
        _catalog.Forget([stored.Fingerprint.Digest]);
    }

    /// <summary>Gives a repository a blob that another one has.</summary>
    /// <returns>False when the other one does not have it.</returns>
    /// <exception cref="FaultException"><see cref="OciFault.NameUnknown"/>.</exception>
    public async Task<bool> MountAsync(RepositoryName from, RepositoryName to, OciDigest digest, CancellationToken cancellation = default)
    {
        var mirror = Require(to);
        if (await FindBlobAsync(from, digest) is not { } stored || BlobHold.TryTake([stored], out _) is not { } hold)
            return false;
        using (hold)
        {
            return await _catalog.State.WriteAsync(
                transaction =>
                {
                    if (OciTable.Repository(transaction, from.Value) is not { } source || OciTable.Blob(transaction, digest) is not { } blob || !OciTable.IsLinked(transaction, source, blob))
                        return false;
                    OciTable.Link(transaction, OciTable.OpenRepository(transaction, mirror.Id, to.Value, Now()), blob, Now());
                    return true;
                },
                cancellation);
        }
    }

    /// <summary>Some repositories that have a blob, at most ten.</summary>
    public IReadOnlyList<RepositoryName> HoldersOf(OciDigest digest)
        => [.. _catalog.State.Read(connection => OciTable.HoldersOf(connection, digest)).Select(RepositoryName.Parse)];

    /// <summary>Takes a blob from a repository. Its bytes go when nothing else needs them.</summary>
    /// <exception cref="FaultException"><see cref="OciFault.BlobUnknown"/>; <see cref="OciFault.Denied"/> while a manifest needs it.</exception>
    public Task DeleteBlobAsync(RepositoryName repository, OciDigest digest, string actor, CancellationToken cancellation = default)
        => _catalog.State.WriteAsync(
            transaction =>
            {
                if (OciTable.Repository(transaction, repository.Value) is not { } id || OciTable.Blob(transaction, digest) is not { } blob || !OciTable.IsLinked(transaction, id, blob))
                    throw BlobUnknown(repository, digest);
                if (OciTable.UserOf(transaction, id, blob) is { } user)
                    throw Fault.Of(
                        OciFault.Denied, FaultKind.Conflict, $"{digest} is needed by the manifest {new Sha256Digest(user)} of '{repository}'.", "Delete the manifest first.").ToException();
                OciTable.Unlink(transaction, id, blob, Now());
                _catalog.Record(transaction, actor, "oci.delete-blob", repository.Value, new { digest = digest.ToString() });
            },
            cancellation);

    /// <summary>Takes a manifest in, and has a tag point at it.</summary>
    /// <param name="repository">The repository.</param>
    /// <param name="tag">The tag, or null.</param>
    /// <param name="named">The digest by which it was sent, or null.</param>
    /// <param name="stored">Its bytes.</param>
    /// <param name="manifest">What they say.</param>
    /// <param name="actor">Who sent it.</param>
    /// <param name="cancellation">Withdraws the request while it waits.</param>
    /// <exception cref="FaultException"><see cref="OciFault.NameUnknown"/>; <see cref="OciFault.ManifestBlobUnknown"/> names the first that is missing.</exception>
    public async Task<PushedManifest> PushAsync(
        RepositoryName repository, TagName? tag, OciDigest? named, StoredBlob stored, OciManifest manifest, string actor, CancellationToken cancellation = default)
    {
        var mirror = Require(repository);
        using var hold = Hold([stored]);
        var pushed = await _catalog.State.WriteAsync(
            transaction =>
            {
                var now = Now();
                var id = OciTable.OpenRepository(transaction, mirror.Id, repository.Value, now);
                var needed = manifest.Blobs.Where(static blob => !blob.IsElsewhere).DistinctBy(static blob => blob.Digest)
                    .Select(descriptor => (descriptor, Blob: OciTable.Blob(transaction, descriptor.Digest))).ToList();
                foreach (var (descriptor, blob) in needed)
                {
                    if (blob is not { } there || !OciTable.IsLinked(transaction, id, there))
                        throw Fault.Of(
                            OciFault.ManifestBlobUnknown, FaultKind.NotFound, $"The manifest needs {descriptor.Digest}, which '{repository}' does not have.", "Push or mount its blobs first.").ToException();
                }

                var bytes = _catalog.EnterBlob(transaction, stored, actor);
                if (named is { } digest)
                    OciTable.Name(transaction, digest, bytes);
                var isNew = OciTable.ManifestId(transaction, id, bytes) is null;
                var row = OciTable.PutManifest(transaction, id, bytes, manifest, now);
                foreach (var (_, blob) in needed)
                    OciTable.PutReference(transaction, row, blob!.Value);
                byte[]? before = null;
                if (tag is { } name)
                {
                    before = OciTable.TaggedDigest(transaction, id, name.Value);
                    isNew |= before is null || new Sha256Digest(before) != stored.Fingerprint.Digest;
                    OciTable.PutTag(transaction, id, name.Value, row, now);
                }

                if (isNew)
                    _catalog.Record(
                        transaction, actor, "oci.push", tag is { } shown ? $"{repository}:{shown}" : repository.Value, new { manifest.MediaType, size = stored.Fingerprint.Size },
                        before is null ? null : new { digest = new Sha256Digest(before).ToString() }, new { digest = stored.Fingerprint.Digest.ToString() });
                return new PushedManifest(stored.Fingerprint.Digest, isNew);
            },
            cancellation);
        _catalog.Forget([stored.Fingerprint.Digest]);
        return pushed;
    }

    /// <summary>The manifest that a tag points at; null when there is no such tag.</summary>
    public StoredManifest? Find(RepositoryName repository, TagName tag) => _catalog.State.Read(connection => OciTable.ByTag(connection, repository.Value, tag.Value));

    /// <summary>The manifest of a digest; null when the repository does not have it.</summary>
    public StoredManifest? Find(RepositoryName repository, OciDigest digest) => _catalog.State.Read(connection => OciTable.ByDigest(connection, repository.Value, digest));

    /// <summary>Removes a tag; the manifest stays.</summary>
    /// <exception cref="FaultException"><see cref="OciFault.ManifestUnknown"/>.</exception>
    public Task DeleteTagAsync(RepositoryName repository, TagName tag, string actor, CancellationToken cancellation = default)
        => _catalog.State.WriteAsync(
            transaction =>
            {
                var id = OciTable.Repository(transaction, repository.Value);
                var before = id is { } known ? OciTable.TaggedDigest(transaction, known, tag.Value) : null;
                if (before is null)
                    throw ManifestUnknown(repository, tag.Value);
                OciTable.DeleteTag(transaction, id!.Value, tag.Value);
                _catalog.Record(transaction, actor, "oci.untag", $"{repository}:{tag}", new { }, new { digest = new Sha256Digest(before).ToString() }, null);
            },
            cancellation);

    /// <summary>Removes a manifest with the tags that point at it.</summary>
    /// <exception cref="FaultException"><see cref="OciFault.ManifestUnknown"/>.</exception>
    public Task DeleteManifestAsync(RepositoryName repository, OciDigest digest, string actor, CancellationToken cancellation = default)
        => _catalog.State.WriteAsync(
            transaction =>
            {
                if (OciTable.Repository(transaction, repository.Value) is not { } id || OciTable.Blob(transaction, digest) is not { } blob
                    || OciTable.ManifestId(transaction, id, blob) is not { } manifest)
                    throw ManifestUnknown(repository, digest.ToString());
                OciTable.DeleteManifest(transaction, manifest, Now());
                _catalog.Record(transaction, actor, "oci.delete", repository.Value, new { }, new { digest = digest.ToString() }, null);
            },
            cancellation);

    /// <summary>The manifests that say of themselves that they are about one, in the order in which they were pushed.</summary>
    public IReadOnlyList<StoredManifest> Referrers(RepositoryName repository, OciDigest subject)
        => _catalog.State.Read(connection => OciTable.Referrers(connection, repository.Value, subject.ToString()));

    /// <summary>Names of tags in the order of their bytes.</summary>
    /// <param name="repository">The repository.</param>
    /// <param name="after">Those after this one; empty for the first.</param>
    /// <param name="count">How many at most, up to <see cref="MaxPage"/>.</param>
    /// <returns>Null when there is no such repository.</returns>
    public IReadOnlyList<string>? Tags(RepositoryName repository, string after, int count)
        => _catalog.State.Read(connection => OciTable.Repository(connection, repository.Value) is { } id ? OciTable.Tags(connection, id, after, Math.Clamp(count, 0, MaxPage + 1)) : null);

    /// <summary>Names of repositories in the order of their bytes.</summary>
    public IReadOnlyList<string> Repositories(string after, int count) => _catalog.State.Read(connection => OciTable.Repositories(connection, after, Math.Clamp(count, 0, MaxPage + 1)));

    /// <summary>What is answered for a manifest that is not there.</summary>
    public static FaultException ManifestUnknown(RepositoryName repository, string reference) => Fault.Of(
        OciFault.ManifestUnknown, FaultKind.NotFound, $"'{repository}' has no manifest '{reference}'.", "List its tags, or push it.").ToException();

    /// <summary>What is answered for a blob that is not there.</summary>
    public static FaultException BlobUnknown(RepositoryName repository, OciDigest digest) => Fault.Of(
        OciFault.BlobUnknown, FaultKind.NotFound, $"'{repository}' has no blob {digest}.", "Push it, or mount it from a repository that has it.").ToException();

    private MirrorView Require(RepositoryName repository) => MirrorOf(repository) ?? throw Fault.Of(
        OciFault.NameUnknown, FaultKind.NotFound, $"There is no mirror '{repository.Mirror}' of format oci.",
        $"Make it: entrepot mirror create {repository.Mirror} --format oci.").ToException();

    private static BlobHold Hold(IReadOnlyCollection<StoredBlob> blobs) => BlobHold.TryTake(blobs, out var gone) ?? throw Fault.Of(
        CatalogFault.BlobGone, FaultKind.Conflict, $"{gone} is no longer stored here: it was collected before it was published.", "Send it again.").ToException();

    private DateTimeOffset Now() => DateTimeOffset.FromUnixTimeMilliseconds(_catalog.Time.GetUtcNow().ToUnixTimeMilliseconds());
}
