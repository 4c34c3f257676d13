using System.Collections.Concurrent;
using System.Text.Json;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Mirror.Catalog;
using Entrepot.Mirror.Integrity;
using Entrepot.Server.Api;
using Entrepot.Server.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Entrepot.FunctionalTests.Edge;

/// <summary>The parts of an origin's surfaces that an edge uses, over bytes in memory, counting what it is asked.</summary>
internal sealed class FakeOrigin : IAsyncDisposable
{
    private readonly Dictionary<string, (byte[] Bytes, Fingerprint Fingerprint)> _files = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<Sha256Digest, (byte[] Bytes, Fingerprint Fingerprint)> _blobs = new();
    private TestSurface? _surface;
    private long _snapshot = 1;

    public ConcurrentDictionary<string, int> Asked { get; } = new();

    public ConcurrentQueue<HeartbeatRequest> Beats { get; } = new();

    public List<NodeDocument> Nodes { get; } = [];

    /// <summary>True to answer every request with 503.</summary>
    public bool Down { get; set; }

    /// <summary>Status of a proxy in front of the origin that answers in its place, with a page of its own.</summary>
    public int? Proxy { get; set; }

    /// <summary>While set, every request waits for it.</summary>
    public TaskCompletionSource? Stall { get; set; }

    /// <summary>True when the mirror is no more.</summary>
    public bool Deleted { get; set; }

    /// <summary>True to flip a bit of every blob that is sent.</summary>
    public bool Lies { get; set; }

    public Uri Url => _surface!.Url;

    public static DateTimeOffset Modified { get; } = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    public static async Task<FakeOrigin> StartAsync()
    {
        var origin = new FakeOrigin();
        origin._surface = await TestSurface.StartAsync(origin.Map);
        return origin;
    }

    public Fingerprint Publish(string path, byte[] bytes)
    {
        using var verifier = new Verifier(Expectation.None, bytes.Length);
        verifier.Append(bytes);
        var fingerprint = verifier.Complete();
        lock (_files)
        {
            _files[path] = (bytes, fingerprint);
            _blobs[fingerprint.Digest] = (bytes, fingerprint);
            _snapshot++;
        }

        return fingerprint;
    }

    public int Count(string what) => Asked.GetValueOrDefault(what);

    public ValueTask DisposeAsync() => _surface!.DisposeAsync();

    private void Map(WebApplication app)
    {
        app.Use(async (context, next) =>
        {
            if (Stall is { } stall)
                await stall.Task;
            if (Proxy is not { } status)
            {
                await next(context);
                return;
            }

            context.Response.StatusCode = status;
            await context.Response.WriteAsync("<html>proxy</html>");
        });
        app.Use((context, next) => Down
            ? FaultResponses.WriteAsync(context, Fault.Of(HttpFault.Internal, FaultKind.Unavailable, "The origin is down for the test."))
            : next(context));
        app.MapGet("/v1/mirrors/images", context =>
        {
            Count1("mirror");
            if (Deleted)
                return FaultResponses.WriteAsync(
                    context, Fault.Of(CatalogFault.MirrorNotFound, FaultKind.NotFound, "There is no mirror 'images'."));
            return JsonExchange.WriteAsync(
                context,
                new MirrorDocument(
                    "images", "hosted", "tree", "", new RetentionDocument(10, null), Modified,
                    new SnapshotDocument(_snapshot, Sha256Digest.Of(BitConverter.GetBytes(_snapshot)), Modified, "test", "", _files.Count, 0, true)),
                ApiJson.Default.MirrorDocument);
        });
        app.MapGet("/v1/mirrors/images/tree/{**path}", (HttpContext context, string path, long snapshot) =>
        {
            Count1("tree");
            if (snapshot != _snapshot)
                return FaultResponses.WriteAsync(context, Fault.Of(CatalogFault.SnapshotNotFound, FaultKind.NotFound, "dropped"));
            lock (_files)
            {
                return _files.TryGetValue(path, out var file)
                    ? JsonExchange.WriteAsync(
                        context,
                        new FileDocument("images", ContentPath.Parse(path), snapshot, file.Fingerprint.Digest, file.Bytes.Length, Modified),
                        ApiJson.Default.FileDocument)
                    : _files.Keys.Any(name => name.StartsWith(path + "/", StringComparison.Ordinal))
                        ? JsonExchange.WriteAsync(
                            context, new FolderDocument("images", path, snapshot, default, []), ApiJson.Default.FolderDocument)
                        : FaultResponses.WriteAsync(context, Fault.Of(CatalogFault.PathNotFound, FaultKind.NotFound, $"images has no '{path}'."));
            }
        });
        app.MapGet("/v1/blobs/{digest}/fingerprint", (HttpContext context, string digest) =>
        {
            Count1("fingerprint");
            return _blobs.TryGetValue(Sha256Digest.Parse(digest), out var blob)
                ? JsonExchange.WriteAsync(context, Documents.Fingerprint(blob.Fingerprint), ApiJson.Default.FingerprintDocument)
                : FaultResponses.WriteAsync(context, Fault.Of(CatalogFault.BlobNotFound, FaultKind.NotFound, "no such blob"));
        });
        app.MapGet("/v1/blobs/{digest}", (HttpContext context, string digest) =>
        {
            Count1("blob");
            var parsed = Sha256Digest.Parse(digest);
            if (!_blobs.TryGetValue(parsed, out var blob))
                return FaultResponses.WriteAsync(context, Fault.Of(CatalogFault.BlobNotFound, FaultKind.NotFound, "no such blob"));
            var bytes = blob.Bytes;
            if (Lies)
            {
                bytes = [.. bytes];
                bytes[^1] ^= 1;
            }

            return ContentResponder.RespondAsync(context, new ContentHeaders(parsed, null, null, ContentHeaders.Immutable), new MemoryBody(bytes));
        });
        app.MapGet("/v1/network", context => JsonExchange.WriteAsync(
            context,
            new NetworkDocument("1", "origin", [new SurfaceDocument("admin", "origin", Url.AbsoluteUri.TrimEnd('/'), Url.Port, "loopback", "test")]),
            ApiJson.Default.NetworkDocument));
        app.MapGet("/v1/nodes", context => JsonExchange.WriteAsync(context, Nodes, ApiJson.Default.IReadOnlyListNodeDocument));
        app.MapPost("/v1/nodes/{node}/heartbeat", async context =>
        {
            Beats.Enqueue((await JsonSerializer.DeserializeAsync(context.Request.Body, ApiJson.Default.HeartbeatRequest, context.RequestAborted))!);
            await JsonExchange.WriteAsync(context, new HeartbeatAnswer(false, null), ApiJson.Default.HeartbeatAnswer);
        });
    }

    private void Count1(string what) => Asked.AddOrUpdate(what, 1, static (_, count) => count + 1);

    private sealed class MemoryBody(byte[] bytes) : IContentBody
    {
        public long Size => bytes.Length;

        public async ValueTask SendAsync(System.IO.Pipelines.PipeWriter writer, long offset, long length, CancellationToken cancellation)
            => await writer.WriteAsync(bytes.AsMemory((int)offset, (int)length), cancellation);
    }
}
