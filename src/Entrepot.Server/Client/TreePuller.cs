using System.Collections.Concurrent;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Core.Kernel;
using Entrepot.Mirror.Integrity;
using Entrepot.Mirror.Replication;
using Entrepot.Server.Api;

namespace Entrepot.Server.Client;

/// <summary>Is told how the pull of a whole tree goes. Called from several threads at once.</summary>
public interface IPullObserver
{
    /// <summary>What will be pulled is known.</summary>
    void Begin(int files, long bytes);

    /// <summary>A file's pull at one moment.</summary>
    void Report(ContentPath file, PullProgress progress);

    /// <summary>A file is complete.</summary>
    void Complete(PulledFile file);

    /// <summary>Something worth telling.</summary>
    void Tell(string text);
}

/// <summary>A file to pull.</summary>
/// <param name="Document">What the network says of it.</param>
/// <param name="Destination">Where it goes.</param>
public sealed record PullItem(FileDocument Document, string Destination);

/// <summary>A file that was pulled.</summary>
/// <param name="Path">Its path in the mirror.</param>
/// <param name="File">Where it is.</param>
/// <param name="Digest">Its bytes, proven.</param>
/// <param name="Size">Length in bytes.</param>
/// <param name="WasThere">True when the file held these very bytes before.</param>
/// <param name="Result">How they came; null when they were there.</param>
public sealed record PulledFile(ContentPath Path, string File, Sha256Digest Digest, long Size, bool WasThere, PullResult? Result);

/// <summary>Pulls files from the network's edges, verified, several at once.</summary>
/// <param name="client">The network.</param>
/// <param name="connections">Transfers at once, 1–64.</param>
/// <param name="time">The clock.</param>
public sealed class TreePuller(EntrepotClient client, int connections, TimeProvider time)
{
    /// <summary>Files of this many bytes or more get all connections, one after the other; smaller ones are pulled side by side.</summary>
    public const long LargeFile = 32L << 20;

    /// <summary>Most folders that are looked into.</summary>
    private const int MaxFolders = 1_000_000;

    /// <summary>Every file at or below a path, all of one snapshot.</summary>
    /// <exception cref="FaultException">Nothing is there.</exception>
    public async Task<(IReadOnlyList<FileDocument> Files, bool IsFolder, long Snapshot)> FindAsync(
        PushTarget source, long? snapshot, CancellationToken cancellation)
    {
        var (file, folder) = await client.GetTreeAsync(source.Mirror, source.Path, snapshot, cancellation);
        if (file is not null)
            return ([file], false, file.Snapshot);

        var files = new List<FileDocument>();
        var folders = new Queue<FolderDocument>([folder!]);
        for (var seen = 1; folders.TryDequeue(out var next);)
        {
            foreach (var item in next.Items)
            {
                var path = next.Path.Length == 0 ? item.Name : $"{next.Path}/{item.Name}";
                if (item.Digest is { } digest)
                {
                    files.Add(new FileDocument(next.Mirror, ContentPath.Parse(path), next.Snapshot, digest, item.Size, item.Modified));
                    continue;
                }

                if (++seen > MaxFolders)
                    throw Fault.Of(ClientFault.NotEntrepot, FaultKind.Internal, $"{source} has no end.", "Check the server.").ToException();
                var (_, below) = await client.GetTreeAsync(source.Mirror, path, next.Snapshot, cancellation);
                folders.Enqueue(below ?? throw Fault.Of(
                    ClientFault.NotEntrepot, FaultKind.Internal, $"{path} is a folder in its parent and a file by itself.", "Check the server.").ToException());
            }
        }

        return (files, true, folder!.Snapshot);
    }

    /// <summary>Pulls files. What is complete stays when another fails.</summary>
    /// <exception cref="FaultException">The first failure.</exception>
    public async Task<IReadOnlyList<PulledFile>> PullAsync(IReadOnlyList<PullItem> items, IPullObserver observer, CancellationToken cancellation)
    {
        // All of them before the first byte: none of a folder is fetched when one of its places can't be used.
        foreach (var item in items)
            PullDestination.Resolve(item.Destination);
        observer.Begin(items.Count, items.Sum(static item => item.Document.Size));
        var edges = await EdgesAsync(cancellation);
        var done = new ConcurrentBag<PulledFile>();
        foreach (var item in items.Where(static item => item.Document.Size >= LargeFile))
            done.Add(await OneAsync(item, edges, connections, observer, cancellation));
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = connections, CancellationToken = cancellation };
        await Parallel.ForEachAsync(items.Where(static item => item.Document.Size < LargeFile), parallel, async (item, token) =>
            done.Add(await OneAsync(item, edges, 1, observer, token)));
        return [.. done.OrderBy(static file => file.Path)];
    }

    private async Task<PulledFile> OneAsync(
        PullItem item, IReadOnlyList<(string Name, string Url)> edges, int transfers, IPullObserver observer, CancellationToken cancellation)
    {
        var document = item.Document;
        var destination = PullDestination.Resolve(item.Destination);
        PulledFile pulled;
        if (await HoldsAsync(destination, document, cancellation))
        {
            pulled = new PulledFile(document.Path, item.Destination, document.Digest, document.Size, true, null);
        }
        else
        {
            MakeFolder(destination);
            var (fingerprint, grant) = await FingerprintAsync(document, cancellation);
            var result = await DownloadAsync(document, fingerprint, grant, destination, edges, transfers, observer, cancellation);
            File.SetLastWriteTimeUtc(destination, document.Modified.UtcDateTime);
            pulled = new PulledFile(document.Path, item.Destination, document.Digest, document.Size, false, result);
        }

        observer.Complete(pulled);
        return pulled;
    }

    private async Task<PullResult> DownloadAsync(
        FileDocument document, Fingerprint fingerprint, string? grant, string destination, IReadOnlyList<(string Name, string Url)> edges, int transfers,
        IPullObserver observer, CancellationToken cancellation)
    {
        var downloader = new PullDownloader(new PullOptions { MaxTransfers = transfers, TransfersPerSource = Math.Max(1, (transfers + edges.Count - 1) / Math.Max(1, edges.Count)) }, time);
        var progress = new Relay(document.Path, observer);
        try
        {
            if (edges.Count > 0)
                return await downloader.DownloadAsync(fingerprint, Sources(edges, grant), destination, progress, cancellation);
            observer.Tell("No edge is known; the bytes come from the origin.");
        }
        catch (FaultException error) when (error.Fault.Is(ReplicationFault.SourcesExhausted))
        {
            observer.Tell($"{document.Path}: {error.Message.TrimEnd('.')}; going on at the origin.");
        }

        return await downloader.DownloadAsync(fingerprint, Sources([("origin", client.UrlOf("metadata"))], grant), destination, progress, cancellation);
    }

    /// <param name="nodes">Names and base addresses.</param>
    /// <param name="grant">What makes the blob's address good there; null where nothing is needed.</param>
    private List<IPieceSource> Sources(IReadOnlyList<(string Name, string Url)> nodes, string? grant)
        => [.. nodes.Select(node => HttpPieceSource.ForNode(client.Http, node.Name, node.Url, sign: grant is null ? null : address => new Uri($"{address.AbsoluteUri}?{grant}")))];

    /// <summary>The edges that may be asked: those in good health, or all when none is known to be.</summary>
    private async Task<IReadOnlyList<(string Name, string Url)>> EdgesAsync(CancellationToken cancellation)
    {
        var nodes = await client.ListNodesAsync(cancellation);
        var healthy = nodes.Where(static node => node.State is "healthy" or "joining").Select(node => (node.Last.Node, client.Near(node.Last.Url))).ToList();
        return healthy.Count > 0
            ? healthy
            : [.. client.Network.Surfaces.Where(static surface => surface.Surface == "edge").Select(static surface => (surface.Node, surface.Url))];
    }

    private async Task<(Fingerprint Fingerprint, string? Grant)> FingerprintAsync(FileDocument document, CancellationToken cancellation)
    {
        var wire = await client.GetFingerprintAsync(document.Digest, cancellation);
        if (wire.TryRead() is { } fingerprint && fingerprint.Digest == document.Digest && fingerprint.Size == document.Size)
            return (fingerprint, wire.Grant);
        throw Fault.Of(
            ClientFault.NotEntrepot, FaultKind.Unavailable, $"The fingerprint of {document.Path} contradicts itself or its snapshot.",
            "Run 'entrepot verify --deep' on the origin.").ToException();
    }

    private static async Task<bool> HoldsAsync(string destination, FileDocument document, CancellationToken cancellation)
    {
        var file = new FileInfo(destination);
        if (!file.Exists || file.Length != document.Size)
            return false;
        try
        {
            await using var stream = new FileStream(destination, new FileStreamOptions { Access = FileAccess.Read, Share = FileShare.ReadWrite | FileShare.Delete, Options = FileOptions.SequentialScan });
            return new Sha256Digest(await System.Security.Cryptography.SHA256.HashDataAsync(stream, cancellation)) == document.Digest;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static void MakeFolder(string destination)
    {
        try
        {
            DurableFolder.Create(Path.GetDirectoryName(Path.GetFullPath(destination))!);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Fault.Of(
                ClientFault.Unreadable, FaultKind.Forbidden, $"The folder of '{destination}' can't be made: {error.Message.TrimEnd('.')}.",
                "Choose another place with -o.").ToException(error);
        }
    }

    /// <summary>Hands progress on at once; <see cref="Progress{T}"/> would queue it.</summary>
    private sealed class Relay(ContentPath path, IPullObserver observer) : IProgress<PullProgress>
    {
        public void Report(PullProgress value) => observer.Report(path, value);
    }
}
