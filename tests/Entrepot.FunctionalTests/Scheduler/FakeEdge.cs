using System.Collections.Concurrent;
using Entrepot.Core.Identities;
using Entrepot.Mirror.Blobs;
using Entrepot.Server.Api;
using Entrepot.Server.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Entrepot.FunctionalTests.Scheduler;

/// <summary>How a fake edge behaves.</summary>
public enum EdgeManner
{
    Honest,

    /// <summary>500 to everything.</summary>
    Broken,

    /// <summary>404 to everything.</summary>
    Empty,

    /// <summary>Announces and sends other bytes.</summary>
    Wrong,

    /// <summary>Something else listens where the edge was: 200 and a page.</summary>
    Stranger,

    /// <summary>The right tag and fewer bytes.</summary>
    Shortened,

    /// <summary>The right headers, and one flipped byte in each piece.</summary>
    Corrupt,

    /// <summary>Cuts the connection after half of the body, when <see cref="FakeEdge.CutNow"/> is set.</summary>
    Cutting,
}

/// <summary>An edge that serves what is pinned by digest from a blob store, in the manner that a test wants.</summary>
internal sealed class FakeEdge : IAsyncDisposable
{
    private readonly BlobStore _blobs;
    private TestSurface _surface = null!;

    private FakeEdge(string name, BlobStore blobs) => (Name, _blobs) = (name, blobs);

    public string Name { get; }

    public EdgeManner Manner { get; set; }

    public TaskCompletionSource CutNow { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public string Url => $"http://{_surface.Address}";

    /// <summary>What was asked of it: path, query and range.</summary>
    public ConcurrentQueue<(string Target, string Range, IHeaderDictionary Headers)> Requests { get; } = [];

    public HeartbeatRequest Beat => new(Name, "local", Url, "0.1.0", "test", 0, 0, 0, 0, 1L << 40, 1L << 40, false);

    public static async Task<FakeEdge> StartAsync(string name, BlobStore blobs)
    {
        var edge = new FakeEdge(name, blobs);
        edge._surface = await TestSurface.StartAsync(app => app.Map("/{**path}", edge.HandleAsync));
        return edge;
    }

    public ValueTask DisposeAsync() => _surface.DisposeAsync();

    private async Task HandleAsync(HttpContext context)
    {
        Requests.Enqueue((
            context.Request.Path + context.Request.QueryString.Value, context.Request.Headers.Range.ToString(),
            new HeaderDictionary(context.Request.Headers.ToDictionary())));
        var digest = Sha256Digest.Parse(context.Request.Query["digest"].ToString());
        switch (Manner)
        {
            case EdgeManner.Broken:
                context.Response.StatusCode = 500;
                return;
            case EdgeManner.Empty:
                context.Response.StatusCode = 404;
                return;
            case EdgeManner.Wrong:
                context.Response.Headers.ETag = ContentHeaders.EntityTag(Sha256Digest.Of("other"u8));
                await context.Response.WriteAsync("other");
                return;
            case EdgeManner.Stranger:
                await context.Response.WriteAsync("<html>A page</html>");
                return;
            case EdgeManner.Shortened:
                context.Response.Headers.ETag = ContentHeaders.EntityTag(digest);
                context.Response.ContentLength = 3;
                await context.Response.WriteAsync("012");
                return;
            default:
                break;
        }

        using var handle = _blobs.OpenRead(digest);
        var body = new FileBody(handle, RandomAccess.GetLength(handle), digest.ToString());
        IContentBody shown = Manner switch
        {
            EdgeManner.Corrupt => new FlippedBody(handle, body.Size),
            EdgeManner.Cutting => new CutBody(body, context, CutNow.Task),
            _ => body,
        };
        await ContentResponder.RespondAsync(context, new ContentHeaders(digest, context.Request.Path, null, ContentHeaders.Immutable), shown);
    }

    private sealed class FlippedBody(Microsoft.Win32.SafeHandles.SafeFileHandle file, long size) : IContentBody
    {
        public long Size => size;

        public async ValueTask SendAsync(System.IO.Pipelines.PipeWriter writer, long offset, long length, CancellationToken cancellation)
        {
            var bytes = new byte[length];
            RandomAccess.Read(file, bytes, offset);
            for (var i = 0; i < bytes.Length; i += 64 * 1024)
                bytes[i] ^= 0x40;
            await writer.WriteAsync(bytes, cancellation);
        }
    }

    private sealed class CutBody(IContentBody body, HttpContext context, Task now) : IContentBody
    {
        public long Size => body.Size;

        public async ValueTask SendAsync(System.IO.Pipelines.PipeWriter writer, long offset, long length, CancellationToken cancellation)
        {
            await body.SendAsync(writer, offset, length / 2, cancellation);
            await writer.FlushAsync(cancellation);
            await now.WaitAsync(cancellation);
            context.Abort();
        }
    }
}
