using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Mirror.Integrity;
using Entrepot.Server.Api;

namespace Entrepot.Server.Client;

/// <summary>What a push would do, or did.</summary>
/// <param name="Mirror">The mirror.</param>
/// <param name="Prefix">The folder in it; empty for the root.</param>
/// <param name="Files">Every file with its proof.</param>
/// <param name="Missing">Blobs that the other side does not have yet.</param>
/// <param name="Added">Paths that are new in the mirror.</param>
/// <param name="Changed">Paths whose bytes differ.</param>
/// <param name="Removed">Paths that go, when removal was asked for.</param>
/// <param name="Unchanged">How many paths hold these very bytes already.</param>
public sealed record PushPlan(
    MirrorName Mirror, string Prefix, IReadOnlyList<HashedFile> Files, IReadOnlySet<Sha256Digest> Missing,
    IReadOnlyList<ContentPath> Added, IReadOnlyList<ContentPath> Changed, IReadOnlyList<ContentPath> Removed, int Unchanged)
{
    /// <summary>Bytes to send; files with the same bytes are sent once.</summary>
    public long MissingBytes => Files.Where(file => Missing.Contains(file.Digest)).DistinctBy(static file => file.Digest).Sum(static file => file.File.Size);
}

/// <summary>Pushes files as one snapshot: hash here, ask what is missing, send that, publish once. Until the last step nothing is visible.</summary>
/// <param name="client">The network.</param>
/// <param name="limits">How blobs are sent.</param>
/// <param name="book">Remembers unfinished uploads; null to not.</param>
/// <param name="time">The clock of the pauses.</param>
public sealed class TreePusher(EntrepotClient client, UploadLimits limits, UploadBook? book, TimeProvider time)
{
    /// <summary>Hashes the files and compares them with what the mirror holds.</summary>
    /// <param name="mirror">The mirror; it must exist.</param>
    /// <param name="prefix">The folder that the files' paths are below.</param>
    /// <param name="files">The files.</param>
    /// <param name="delete">True when files below the prefix that are not among these go.</param>
    /// <param name="expectation">What the caller states about the bytes of a single file.</param>
    /// <param name="observer">Is told how it goes.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="FaultException">Every file that can't be read, in one fault.</exception>
    public async Task<PushPlan> PlanAsync(
        MirrorName mirror, string prefix, IReadOnlyList<LocalFile> files, bool delete, Expectation expectation, ITransferObserver observer,
        CancellationToken cancellation)
    {
        var listing = await client.GetListingAsync(mirror, null, cancellation);
        var (hashed, errors) = await FileHasher.HashAsync(files, expectation, observer, cancellation);
        if (errors.Count > 0)
            throw Combine(errors).ToException();
        var missing = await client.FindMissingAsync([.. hashed.Select(static file => file.Digest)], cancellation);

        var held = listing.Files.ToDictionary(static file => file.Path, static file => file.Blob);
        var wanted = hashed.ToDictionary(file => Below(prefix, file.File.Path), static file => file.Digest);
        return new PushPlan(
            mirror, prefix, hashed, missing,
            [.. wanted.Keys.Where(path => !held.ContainsKey(path)).Order()],
            [.. wanted.Where(file => held.TryGetValue(file.Key, out var blob) && blob != file.Value).Select(static file => file.Key).Order()],
            delete ? [.. held.Keys.Where(path => !wanted.ContainsKey(path) && IsBelow(prefix, path)).Order()] : [],
            wanted.Count(file => held.TryGetValue(file.Key, out var blob) && blob == file.Value));
    }

    /// <summary>Sends what is missing and publishes.</summary>
    /// <exception cref="FaultException">The first refusal; then nothing was published.</exception>
    public async Task<SnapshotDocument> ExecuteAsync(PushPlan plan, bool delete, string? note, ITransferObserver observer, CancellationToken cancellation)
    {
        // The large ones first, so that none is left to be waited for alone at the end.
        var send = plan.Files.Where(file => plan.Missing.Contains(file.Digest)).DistinctBy(static file => file.Digest)
            .OrderByDescending(static file => file.File.Size).ToList();
        observer.Begin("pushing", send.Count, send.Sum(static file => file.File.Size));
        var uploader = new BlobUploader(client, limits, book, time);
        var options = new ParallelOptions { MaxDegreeOfParallelism = limits.Parallel, CancellationToken = cancellation };
        await Parallel.ForEachAsync(send, options, async (file, token) =>
        {
            await uploader.UploadAsync(file, observer, token);
            observer.ItemDone();
        });

        var entries = plan.Files.Select(static file => new PublishEntry(file.File.Path, file.Digest, file.File.Modified));
        return await client.PublishAsync(plan.Mirror, new PublishRequest(plan.Prefix, delete, null, note, [.. entries]), cancellation);
    }

    /// <summary>Several faults as one, so that all are told at once.</summary>
    public static Fault Combine(IReadOnlyList<Fault> errors)
    {
        const int shown = 50;
        if (errors.Count == 1)
            return errors[0];
        var lines = string.Concat(errors.Take(shown).Select(static error => $"\n  {error.Message}{(error.Cure is null ? "" : $" {error.Cure}")}"));
        var rest = errors.Count > shown ? $"\n  and {errors.Count - shown} more" : "";
        return errors[0] with { Message = $"{errors.Count} things keep this from being pushed; nothing was published:{lines}{rest}", Cure = "Mend them, then push again." };
    }

    private static ContentPath Below(string prefix, ContentPath path) => prefix.Length == 0 ? path : ContentPath.Parse($"{prefix}/{path}");

    private static bool IsBelow(string prefix, ContentPath path) => prefix.Length == 0 || path.Value.StartsWith(prefix + "/", StringComparison.Ordinal);
}
