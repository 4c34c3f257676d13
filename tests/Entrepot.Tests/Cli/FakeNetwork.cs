using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Entrepot.Core.Identities;
using Entrepot.Core.Journal;
using Entrepot.Mirror.Integrity;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Pools;
using Entrepot.Ports.Allocation.Factors;
using Entrepot.Server.Api;
using Entrepot.Server.Client;
using Entrepot.Server.Http;
using Entrepot.Server.PortWatch;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Entrepot.Tests.Cli;

/// <summary>A network in memory that speaks the API's JSON on a port of the kernel's choosing. Every surface has the same address.
/// What it does wrong can be asked for.</summary>
internal sealed class FakeNetwork : IAsyncDisposable
{
    public static readonly DateTimeOffset Now = new(2026, 1, 31, 12, 0, 0, TimeSpan.Zero);

    private readonly WebApplication _app;
    private readonly Lock _lock = new();

    private FakeNetwork(WebApplication app) => _app = app;

    public string Url { get; private set; } = "";

    public NetworkDocument Network { get; private set; } = new("", "", []);

    /// <summary>Method and path of every request, in order.</summary>
    public ConcurrentQueue<string> Requests { get; } = new();

    public ConcurrentDictionary<Sha256Digest, byte[]> Blobs { get; } = new();

    public SortedDictionary<string, List<Snapshot>> Mirrors { get; } = new(StringComparer.Ordinal);

    public ConcurrentDictionary<string, Upload> Uploads { get; } = new();

    public List<NodeDocument> Nodes { get; } = [];

    /// <summary>What <c>/v1/ports/status</c> answers.</summary>
    public Entrepot.Ports.Truth.StatusDocument? Status { get; set; }

    public List<DamageDocument> Damage { get; } = [];

    /// <summary>After so many bytes of an appended part the connection is cut; once for each entry.</summary>
    public ConcurrentQueue<int> Cuts { get; } = new();

    /// <summary>Called when a request arrives.</summary>
    public Action<string>? OnRequest { get; set; }

    /// <summary>Whose fingerprint is told instead of the blob's own; null for its own.</summary>
    public Func<Sha256Digest, byte[]?>? FingerprintOf { get; set; }

    /// <summary>What <c>/v1/network</c> answers on a surface that does not have it; null to answer.</summary>
    public (int Status, string Code, string Detail)? NetworkRefusal { get; set; }

    /// <summary>The address that clients are told of every surface; null for the one that works.</summary>
    public string? Told { get; set; }

    /// <summary>Why no bytes are sent; null to send them.</summary>
    public string? RefusedBytes { get; set; }

    public GarbageCollectionDocument? Garbage { get; set; }

    public static async Task<FakeNetwork> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.Configure<KestrelServerOptions>(static options => options.Limits.MaxRequestBodySize = null);
        var fake = new FakeNetwork(builder.Build());
        fake._app.Run(fake.AnswerAsync);
        await fake._app.StartAsync();
        fake.Url = fake._app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        var port = new Uri(fake.Url).Port;
        fake.Network = new NetworkDocument("1.2.3", "origin", [.. new[] { "push", "metadata", "admin", "scheduler", "edge" }.Select(surface =>
            new SurfaceDocument(surface, surface == "edge" ? "edge-1" : "origin", fake.Url, port, "loopback", $"{port} is what the kernel gave"))]);
        return fake;
    }

    public void AddMirror(string name, params (string Path, string Text)[] files)
        => Mirrors[name] = [new Snapshot(0, [], "system", ""), .. files.Length == 0 ? Array.Empty<Snapshot>() : [Make(1, files)]];

    public void AddSnapshot(string mirror, params (string Path, string Text)[] files) => Mirrors[mirror].Add(Make(Mirrors[mirror].Count, files));

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    private Snapshot Make(long number, (string Path, string Text)[] files)
    {
        var entries = new SortedDictionary<string, (Sha256Digest, DateTimeOffset)>(StringComparer.Ordinal);
        foreach (var (path, text) in files)
        {
            var bytes = Encoding.UTF8.GetBytes(text);
            Blobs[Sha256Digest.Of(bytes)] = bytes;
            entries[path] = (Sha256Digest.Of(bytes), Now);
        }

        return new Snapshot(number, entries, "operator@127.0.0.1", $"note {number}");
    }

    private async Task AnswerAsync(HttpContext context)
    {
        var path = context.Request.Path.Value!;
        Requests.Enqueue($"{context.Request.Method} {path}");
        OnRequest?.Invoke($"{context.Request.Method} {path}");
        var parts = path.Trim('/').Split('/');
        try
        {
            await (parts switch
            {
                ["readyz"] or ["healthz"] => context.Response.WriteAsync("ready"),
                ["v1", "network"] when NetworkRefusal is var (status, code, detail) => Problem(context, status, code, detail),
                ["v1", "network"] when Told is { } told => Json(
                    context, Network with { Surfaces = [.. Network.Surfaces.Select(surface => surface with { Url = told })] }, ApiJson.Default.NetworkDocument),
                ["v1", "network"] => Json(context, Network, ApiJson.Default.NetworkDocument),
                ["v1", "nodes"] => Json(context, Nodes, ApiJson.Default.IReadOnlyListNodeDocument),
                ["v1", "journal"] => Json(context, [JournalEntryDocument.Of(new JournalEntry(Now, "node:origin", "mirror.create", "images", "{\"kind\":\"hosted\"}") { Sequence = 1 })], ApiJson.Default.IReadOnlyListJournalEntryDocument),
                ["v1", "ports"] => Json(context, [Lease()], ClientJson.Default.IReadOnlyListPortListEntry),
                ["v1", "ports", "pools"] => Json(context, [Pool()], ClientJson.Default.IReadOnlyListPoolUsage),
                ["v1", "ports", "services", var service] => Json(context, Table(service, context.Request.Query["whyNot"]), ClientJson.Default.PortTable),
                ["v1", "ports", "status"] => Json(context, Status!, ClientJson.Default.StatusDocument),
                ["v1", "ports", "reach"] => Json(context, [new ReachDocument("origin", "tcp", new Uri(Url).Port, "edge-1", Entrepot.Ports.Reachability.Reach.Filtered, 2.0 / 3, false, Now)], ClientJson.Default.IReadOnlyListReachDocument),
                ["v1", "ports", "findings"] => Json(context, [Finding(Entrepot.Ports.Findings.FindingState.New)], ClientJson.Default.IReadOnlyListFindingDocument),
                ["v1", "ports", "findings", "7", var verb] => Json(
                    context, Finding(verb == "fix" ? Entrepot.Ports.Findings.FindingState.Fixing : Entrepot.Ports.Findings.FindingState.Acknowledged), ClientJson.Default.FindingDocument),
                ["v1", "ports", var port] => Json(context, Explain(int.Parse(port, CultureInfo.InvariantCulture)), ClientJson.Default.PortExplanation),
                ["v1", "gc"] => CollectAsync(context),
                ["v1", "verify"] => VerifyAsync(context),
                ["v1", "mirrors", ..] => MirrorsAsync(context, parts[2..]),
                ["v1", "blobs", "missing"] => MissingAsync(context),
                ["v1", "blobs", var digest, "fingerprint"] => FingerprintAsync(context, Sha256Digest.Parse(digest)),
                ["v1", "blobs", var digest] when context.Request.Method == "PUT" => PutAsync(context, Sha256Digest.Parse(digest)),
                ["v1", "blobs", var digest] => BytesAsync(context, Sha256Digest.Parse(digest)),
                ["v1", "uploads", var id] => UploadAsync(context, id),
                [var mirror, ..] when context.Request.Method == "DELETE" => RemoveAsync(context, mirror, string.Join('/', parts[1..])),
                _ => Problem(context, 404, "http/not-found", $"Nothing is at {path}."),
            });
        }
        catch (KeyNotFoundException)
        {
            await Problem(context, 404, "catalog/not-found", $"There is nothing at {path}.", "Look with 'entrepot mirror list'.");
        }
    }

    private Task MirrorsAsync(HttpContext context, string[] parts)
    {
        var query = context.Request.Query["snapshot"].ToString();
        return parts switch
        {
            [] when context.Request.Method == "POST" => CreateAsync(context),
            [] => Json(context, [.. Mirrors.Keys.Select(Document)], ApiJson.Default.IReadOnlyListMirrorDocument),
            [var mirror] when context.Request.Method == "DELETE" => Delete(context, mirror),
            [var mirror] => Json(context, Document(mirror), ApiJson.Default.MirrorDocument),
            [var mirror, "snapshots"] when context.Request.Method == "POST" => PublishAsync(context, mirror),
            [var mirror, "snapshots"] => Json(context, [.. Mirrors[mirror].AsEnumerable().Reverse().Select(s => Document(mirror, s))], ApiJson.Default.IReadOnlyListSnapshotDocument),
            [var mirror, "snapshots", var from, "diff", var to] => Json(context, Diff(mirror, At(mirror, from), At(mirror, to)), ApiJson.Default.SnapshotDiffDocument),
            [var mirror, "listing"] => context.Response.WriteAsync(At(mirror, query).Listing()),
            [var mirror, "rollback"] => RollbackAsync(context, mirror),
            [var mirror, "tree", ..] => TreeAsync(context, mirror, At(mirror, query), string.Join('/', parts[2..])),
            _ => Problem(context, 404, "http/not-found", "Nothing is here."),
        };
    }

    private Snapshot At(string mirror, string number)
        => number.Length == 0 ? Mirrors[mirror][^1] : Mirrors[mirror].Find(s => s.Number == long.Parse(number, CultureInfo.InvariantCulture)) ?? throw new KeyNotFoundException();

    private MirrorDocument Document(string mirror)
        => new(mirror, "hosted", "tree", $"about {mirror}", new RetentionDocument(10, null), Now, Document(mirror, Mirrors[mirror][^1]));

    private SnapshotDocument Document(string mirror, Snapshot snapshot) => new(
        snapshot.Number, Sha256Digest.Of(Encoding.UTF8.GetBytes(snapshot.Listing())), Now, snapshot.Actor, snapshot.Note, snapshot.Files.Count,
        snapshot.Files.Values.Sum(f => (long)Blobs[f.Blob].Length), snapshot == Mirrors[mirror][^1]);

    private FileDocument File(string mirror, Snapshot snapshot, string path)
        => new(mirror, ContentPath.Parse(path), snapshot.Number, snapshot.Files[path].Blob, Blobs[snapshot.Files[path].Blob].Length, snapshot.Files[path].Modified);

    private SnapshotDiffDocument Diff(string mirror, Snapshot from, Snapshot to) => new(
        mirror, from.Number, to.Number,
        [.. to.Files.Keys.Except(from.Files.Keys).Select(path => File(mirror, to, path))],
        [.. from.Files.Keys.Except(to.Files.Keys).Select(path => File(mirror, from, path))],
        [.. from.Files.Keys.Intersect(to.Files.Keys).Where(path => from.Files[path].Blob != to.Files[path].Blob).Select(path => new FileChangeDocument(
            ContentPath.Parse(path), from.Files[path].Blob, to.Files[path].Blob, Blobs[from.Files[path].Blob].Length, Blobs[to.Files[path].Blob].Length))]);

    private Task TreeAsync(HttpContext context, string mirror, Snapshot snapshot, string path)
    {
        if (snapshot.Files.ContainsKey(path))
            return Json(context, File(mirror, snapshot, path), ApiJson.Default.FileDocument);
        var prefix = path.Length == 0 ? "" : path + "/";
        var below = snapshot.Files.Keys.Where(key => key.StartsWith(prefix, StringComparison.Ordinal)).ToList();
        if (below.Count == 0 && path.Length > 0)
            throw new KeyNotFoundException();
        var items = below.GroupBy(key => key[prefix.Length..].Split('/')[0]).Select(group => snapshot.Files.TryGetValue(prefix + group.Key, out var file)
            ? new FolderItem(group.Key, "file", Blobs[file.Blob].Length, file.Modified, file.Blob, 1)
            : new FolderItem(group.Key, "folder", 0, Now, null, group.Count()));
        var document = new FolderDocument(mirror, path, snapshot.Number, Document(mirror, snapshot).Root, [.. items]);
        return Json(context, document, ApiJson.Default.FolderDocument);
    }

    private async Task CreateAsync(HttpContext context)
    {
        var request = (await JsonSerializer.DeserializeAsync(context.Request.Body, ApiJson.Default.CreateMirrorRequest))!;
        if (Mirrors.ContainsKey(request.Name))
        {
            await Problem(context, 409, "catalog/mirror-exists", $"There is a mirror '{request.Name}' already.", "Choose another name.");
            return;
        }

        AddMirror(request.Name);
        context.Response.StatusCode = 201;
        var made = Document(request.Name) with { Description = request.Description ?? "", Retention = request.Retention ?? new RetentionDocument(10, null) };
        await Json(context, made, ApiJson.Default.MirrorDocument);
    }

    private Task Delete(HttpContext context, string mirror)
    {
        if (!Mirrors.Remove(mirror))
            throw new KeyNotFoundException();
        context.Response.StatusCode = 204;
        return Task.CompletedTask;
    }

    private async Task RemoveAsync(HttpContext context, string mirror, string path)
    {
        var current = Mirrors[mirror][^1];
        var blob = current.Files[path].Blob;
        if (context.Request.Headers.IfMatch != $"\"{blob}\"")
        {
            await Problem(context, 412, "push/condition", "It holds something else.");
            return;
        }

        var files = new SortedDictionary<string, (Sha256Digest, DateTimeOffset)>(current.Files, StringComparer.Ordinal);
        files.Remove(path);
        var made = new Snapshot(current.Number + 1, files, "operator@127.0.0.1", context.Request.Query["note"].ToString());
        Mirrors[mirror].Add(made);
        await Json(context, new PushResult(mirror, path, made.Number, Document(mirror, made).Root, blob, Blobs[blob].Length, false), ApiJson.Default.PushResult);
    }

    private async Task PublishAsync(HttpContext context, string mirror)
    {
        var request = (await JsonSerializer.DeserializeAsync(context.Request.Body, ApiJson.Default.PublishRequest))!;
        var current = Mirrors[mirror][^1];
        var prefix = request.Prefix.Length == 0 ? "" : request.Prefix + "/";
        var files = new SortedDictionary<string, (Sha256Digest, DateTimeOffset)>(StringComparer.Ordinal);
        foreach (var (path, file) in current.Files.Where(f => !request.Delete || !f.Key.StartsWith(prefix, StringComparison.Ordinal)))
            files[path] = file;
        foreach (var entry in request.Entries)
        {
            if (!Blobs.ContainsKey(entry.Digest))
            {
                await Problem(context, 409, "push/blobs-missing", $"{entry.Digest} is not stored here.");
                return;
            }

            files[prefix + entry.Path] = (entry.Digest, entry.Modified);
        }

        var made = new Snapshot(current.Number + 1, files, "operator@127.0.0.1", request.Note ?? "");
        Mirrors[mirror].Add(made);
        context.Response.StatusCode = 201;
        await Json(context, Document(mirror, made), ApiJson.Default.SnapshotDocument);
    }

    private async Task RollbackAsync(HttpContext context, string mirror)
    {
        var request = (await JsonSerializer.DeserializeAsync(context.Request.Body, ApiJson.Default.RollbackRequest))!;
        var made = new Snapshot(Mirrors[mirror][^1].Number + 1, At(mirror, request.Snapshot.ToString(CultureInfo.InvariantCulture)).Files, "operator@127.0.0.1", request.Note ?? "");
        Mirrors[mirror].Add(made);
        await Json(context, Document(mirror, made), ApiJson.Default.SnapshotDocument);
    }

    private async Task MissingAsync(HttpContext context)
    {
        var request = (await JsonSerializer.DeserializeAsync(context.Request.Body, ApiJson.Default.MissingBlobsRequest))!;
        await Json(context, new MissingBlobsDocument([.. request.Digests.Where(d => !Blobs.ContainsKey(d))]), ApiJson.Default.MissingBlobsDocument);
    }

    private Task FingerprintAsync(HttpContext context, Sha256Digest digest)
    {
        var bytes = FingerprintOf?.Invoke(digest) ?? Blobs[digest];
        using var verifier = new Verifier(Expectation.None, bytes.Length);
        verifier.Append(bytes);
        return Json(context, Documents.Fingerprint(verifier.Complete()), ApiJson.Default.FingerprintDocument);
    }

    private async Task PutAsync(HttpContext context, Sha256Digest digest)
    {
        if (context.Request.Headers["Upload-Complete"] == "?0")
        {
            var id = Guid.NewGuid().ToString("N");
            Uploads[id] = new Upload(digest, new MemoryStream());
            context.Response.StatusCode = 201;
            context.Response.Headers.Location = $"/v1/uploads/{id}";
            context.Response.Headers["Upload-Limit"] = "max-append-size=4000000, max-size=99999999";
            return;
        }

        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        await KeepAsync(context, digest, body.ToArray());
    }

    private async Task UploadAsync(HttpContext context, string id)
    {
        var upload = Uploads[id];
        context.Response.Headers["Upload-Limit"] = "max-append-size=4000000";
        if (context.Request.Method == "HEAD")
        {
            context.Response.StatusCode = 204;
            context.Response.Headers["Upload-Offset"] = upload.Bytes.Length.ToString(CultureInfo.InvariantCulture);
            context.Response.Headers["Upload-Complete"] = "?0";
            return;
        }

        if (context.Request.Headers["Upload-Offset"] != upload.Bytes.Length.ToString(CultureInfo.InvariantCulture))
        {
            await Problem(context, 409, "upload/mismatching-offset", "The offset is another.");
            return;
        }

        var cut = Cuts.TryDequeue(out var after) ? after : int.MaxValue;
        var block = new byte[64 * 1024];
        for (int read, seen = 0; (read = await context.Request.Body.ReadAsync(block)) > 0; seen += read)
        {
            upload.Bytes.Write(block, 0, Math.Min(read, cut - seen));
            if (seen + read < cut)
                continue;
            context.Abort();
            return;
        }

        if (context.Request.Headers["Upload-Complete"] == "?1")
            await KeepAsync(context, upload.Blob, upload.Bytes.ToArray());
    }

    private async Task KeepAsync(HttpContext context, Sha256Digest digest, byte[] bytes)
    {
        if (Sha256Digest.Of(bytes) != digest)
        {
            await Problem(context, 422, "verification/digest-mismatch", $"PUT states Sha256 {digest.Hex}, the received bytes have {Sha256Digest.Of(bytes).Hex}. Nothing was stored.");
            return;
        }

        Blobs[digest] = bytes;
        context.Response.StatusCode = 201;
        await Json(context, new PushResult(null, null, null, null, digest, bytes.Length, true), ApiJson.Default.PushResult);
    }

    private async Task BytesAsync(HttpContext context, Sha256Digest digest)
    {
        if (RefusedBytes is { } why)
        {
            await Problem(context, 503, "edge/closed", why, "Run 'entrepot verify --deep'.");
            return;
        }

        using var bytes = new MemoryStream(Blobs[digest]);
        await Results.File(bytes, "application/octet-stream", enableRangeProcessing: true).ExecuteAsync(context);
    }

    private async Task CollectAsync(HttpContext context)
    {
        var request = (await JsonSerializer.DeserializeAsync(context.Request.Body, ApiJson.Default.GarbageCollectionRequest))!;
        await Json(context, Garbage! with { DryRun = request.DryRun }, ApiJson.Default.GarbageCollectionDocument);
    }

    private async Task VerifyAsync(HttpContext context)
    {
        context.Response.ContentType = "application/x-ndjson";
        foreach (var step in new[] { new VerifyProgress(0, 2, 0, 300, [], false), new VerifyProgress(1, 2, 100, 300, Damage, false), new VerifyProgress(2, 2, 300, 300, [], true) })
            await context.Response.WriteAsync(JsonSerializer.Serialize(step, ApiJson.Default.VerifyProgress) + "\n");
    }

    private static FindingDocument Finding(Entrepot.Ports.Findings.FindingState state) => new(
        7, "origin", "tcp", 5000, "Undeclared", null, "A sentence.", state, Now.AddHours(-2), Now.AddHours(-2), Now, null, 7200, 0, null, null);

    private static PortListEntry Lease() => new(
        "origin", "push", "tcp", "127.0.0.1", 8333, 8333, 7, Now, PortLeaseState.Bound, "8333 is wanted and free.", PortVerdict.InUse,
        [new PortListener("127.0.0.1", "entrepot (pid 12)", 12, true)]);

    private static PoolUsage Pool()
        => new("edges", "tcp", 54321, 54400, 60, 1, 0, 19, 0.3, true, new PoolForecast(PoolOutlook.NotEnoughData, 0, null, null, null, "not enough data"));

    private static PortTable Table(string service, string? whyNot) => PortTabulator.Tabulate(
        new PortRequest { Node = NodeName.Parse("origin"), Service = service, Pool = DefaultPorts.Edges, EmergencyPort = 60000 },
        new PortSituation(PortProtocol.Tcp, [new PortConstraint(PortRule.Leased, PortEffect.Veto, PortSet.Of(54352), "is leased to 'edge-2'")]) { Evidence = PortEvidence.None },
        3, whyNot is null ? null : int.Parse(whyNot, CultureInfo.InvariantCulture));

    private static PortExplanation Explain(int port) => new(
        port, "tcp", PortVerdict.InUse, $"{port} is leased to 'push', which listens on it.", Lease(), ["8333 is wanted and free.", "   8333 wanted    chosen"],
        Lease().Listeners, [new PortRuleLine(PortRule.Ephemeral, PortEffect.Warning, $"{port} may be taken.", "the host reserves the port")],
        [$"{port} is a User Port (1024–49151, RFC 6335 §6)."]);

    private static Task Json<T>(HttpContext context, T document, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type)
    {
        context.Response.ContentType = "application/json";
        return context.Response.Body.WriteAsync(JsonSerializer.SerializeToUtf8Bytes(document, type)).AsTask();
    }

    private static Task Problem(HttpContext context, int status, string code, string detail, string? cure = null)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = FaultResponses.ProblemJson;
        return context.Response.WriteAsync(JsonSerializer.Serialize(
            new ProblemDocument("urn:entrepot:fault:" + code, "Refused", status, detail, context.Request.Path, code, cure), ProblemJsonContext.Default.ProblemDocument));
    }

    internal sealed record Snapshot(long Number, SortedDictionary<string, (Sha256Digest Blob, DateTimeOffset Modified)> Files, string Actor, string Note)
    {
        public string Listing() => string.Concat(Files.Select(file => $"{file.Value.Blob.Hex}  {file.Key}\n"));
    }

    internal sealed record Upload(Sha256Digest Blob, MemoryStream Bytes);
}
