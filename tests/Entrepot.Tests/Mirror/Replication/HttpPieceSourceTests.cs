using System.Net;
using System.Net.Sockets;
using Entrepot.Mirror.Replication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace Entrepot.Tests.Mirror.Replication;

public sealed class HttpPieceSourceTests : IAsyncLifetime
{
    private const int MiB = 1 << 20;

    private readonly TestBlob _blob = TestBlob.Of((3 * MiB) + 11);
    private readonly HttpClient _client = new() { Timeout = Timeout.InfiniteTimeSpan };
    private readonly List<WebApplication> _servers = [];
    private Func<HttpContext, Task> _answer = static _ => Task.CompletedTask;
    private string _url = "";

    public async ValueTask InitializeAsync() => _url = await ServeAsync(context => _answer(context));

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        foreach (var server in _servers)
            await server.DisposeAsync();
    }

    [Fact]
    public async Task It_asks_for_just_the_piece_by_digest()
    {
        var seen = new List<string>();
        _answer = context =>
        {
            seen.Add($"{context.Request.Path} {context.Request.Headers.Range} {context.Request.Headers.CacheControl}");
            return Honest(context);
        };

        (await FetchAsync(2)).IsProven.ShouldBeTrue();
        (await FetchAsync(3, onlyIfHeld: true)).IsProven.ShouldBeTrue();

        seen.ShouldBe([
            $"/v1/blobs/{_blob.Fingerprint.Digest} bytes=2097152-3145727 ",
            $"/v1/blobs/{_blob.Fingerprint.Digest} bytes=3145728-3145738 only-if-cached"]);
    }

    [Theory]
    [InlineData(404, ReplicationFault.NotHeld)]
    [InlineData(410, ReplicationFault.NotHeld)]
    [InlineData(504, ReplicationFault.NotHeld)]
    [InlineData(500, ReplicationFault.Refused)]
    [InlineData(503, ReplicationFault.Refused)]
    [InlineData(302, ReplicationFault.Refused)]
    [InlineData(204, ReplicationFault.Refused)]
    public async Task A_status_that_is_no_piece_is_named(int status, ReplicationFault reason)
    {
        _answer = context =>
        {
            context.Response.StatusCode = status;
            return Task.CompletedTask;
        };

        (await FetchAsync(0)).Failure!.Reason.ShouldBe(reason);
    }

    [Fact]
    public async Task Answers_that_are_not_the_range_asked_for_are_refused()
    {
        var cases = new (string Name, ReplicationFault Reason, Func<HttpContext, Task> Answer)[]
        {
            ("the whole", ReplicationFault.Refused, context => context.Response.Body.WriteAsync(_blob.Bytes).AsTask()),
            ("another range", ReplicationFault.Refused, context => Send(context, 0, MiB, MiB, _blob.Bytes.Length)),
            ("a shorter range", ReplicationFault.Refused, context => Send(context, MiB, MiB - 1, MiB - 1, _blob.Bytes.Length)),
            ("another size", ReplicationFault.Lied, context => Send(context, MiB, MiB, MiB, _blob.Bytes.Length + 1)),
            ("too little announced", ReplicationFault.Lied, context => Send(context, MiB, MiB, MiB - 1, _blob.Bytes.Length)),
            ("encoded", ReplicationFault.Refused, context =>
            {
                context.Response.Headers.ContentEncoding = "br";
                return Send(context, MiB, MiB, MiB, _blob.Bytes.Length);
            }),
            ("other bytes", ReplicationFault.Lied, context => Send(context, MiB, MiB, MiB, _blob.Bytes.Length, from: 0)),
            ("its copy is damaged", ReplicationFault.Damaged, context => Problem(context, "blob/damaged")),
            ("busy", ReplicationFault.Refused, context => Problem(context, "push/busy")),
            ("less than announced", ReplicationFault.Died, context =>
            {
                Head(context, MiB, MiB, MiB, _blob.Bytes.Length);
                return CutAfter(context, 300_000);
            }),
        };
        foreach (var (name, reason, answer) in cases)
        {
            _answer = answer;
            var outcome = await FetchAsync(1);
            outcome.Failure.ShouldNotBeNull(name);
            outcome.Failure.Reason.ShouldBe(reason, $"{name}: {outcome.Failure.Detail}");
        }
    }

    private static Task Problem(HttpContext context, string code)
    {
        var body = System.Text.Encoding.UTF8.GetBytes($"{{\"code\":\"{code}\",\"detail\":\"x\"}}");
        context.Response.StatusCode = 503;
        context.Response.ContentType = "application/problem+json";
        context.Response.ContentLength = body.Length;
        return context.Response.Body.WriteAsync(body).AsTask();
    }

    [Fact]
    public async Task Nobody_there_is_unreachable()
    {
        using var free = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        free.Bind(new IPEndPoint(IPAddress.Loopback, 0));  // bound and not listening: refused for certain

        var outcome = await FetchAsync(0, url: $"http://{free.LocalEndPoint}");

        outcome.Failure!.Reason.ShouldBe(ReplicationFault.Unreachable);
    }

    [Fact]
    public async Task A_connection_that_says_nothing_is_a_stall()
    {
        var time = new FakeTimeProvider();
        var asked = new TaskCompletionSource();
        _answer = async context =>
        {
            asked.SetResult();
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        };

        var fetching = FetchAsync(0, time: time);
        await asked.Task;
        time.Advance(TimeSpan.FromSeconds(10));

        (await fetching).Failure!.Reason.ShouldBe(ReplicationFault.Stalled);
    }

    [Fact]
    public async Task A_trickle_is_a_stall()
    {
        var time = new FakeTimeProvider();
        var sent = new SemaphoreSlim(0);
        _answer = async context =>
        {
            Head(context, 0, MiB, MiB, _blob.Bytes.Length);
            for (var i = 0; i < 100; i++)
            {
                await context.Response.Body.WriteAsync(_blob.Bytes.AsMemory(i * 100, 100), context.RequestAborted);
                await context.Response.Body.FlushAsync(context.RequestAborted);
                sent.Release();
                await Task.Delay(20, context.RequestAborted);
            }
        };

        var fetching = FetchAsync(0, time: time);
        await sent.WaitAsync();
        await sent.WaitAsync();
        time.Advance(TimeSpan.FromSeconds(10));

        var outcome = await fetching;
        outcome.Failure!.Reason.ShouldBe(ReplicationFault.Stalled);
        outcome.Failure.Detail.ShouldContain("stalled");
    }

    [Fact]
    public async Task A_pull_survives_a_server_that_dies_and_one_that_corrupts()
    {
        var blob = TestBlob.Of(12 * MiB, 5);
        var dying = 0;
        var folder = TestFolder.Make("entrepot-pull-");
        try
        {
            var sources = new List<IPieceSource>
            {
                HttpPieceSource.ForNode(_client, "honest", await ServeAsync(context => Honest(context, blob.Bytes))),
                HttpPieceSource.ForNode(_client, "dies", await ServeAsync(context => ++dying > 1 ? CutAfter(context, 0) : Honest(context, blob.Bytes))),
                HttpPieceSource.ForNode(_client, "corrupts", await ServeAsync(context =>
                {
                    var wrong = blob.Bytes.ToArray();
                    for (var i = 0; i < wrong.Length; i += MiB)
                        wrong[i + 5] ^= 1;
                    return Honest(context, wrong);
                })),
            };
            var file = Path.Combine(folder, "out");

            var result = await new PullDownloader(new PullOptions(), TimeProvider.System)
                .DownloadAsync(blob.Fingerprint, sources, file, null, default);

            blob.Is(await File.ReadAllBytesAsync(file)).ShouldBeTrue();
            result.Events.ShouldContain(happened => happened.Source == "corrupts" && happened.Reason == ReplicationFault.Lied);
            result.Sources.Single(source => source.Name == "corrupts").Bytes.ShouldBe(0);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private async Task<TransferOutcome> FetchAsync(int piece, bool onlyIfHeld = false, string? url = null, TimeProvider? time = null)
    {
        var source = HttpPieceSource.ForNode(_client, "test", url ?? _url, onlyIfHeld);
        return await PieceTransfer.RunAsync(
            source, _blob.Fingerprint, piece, new Nowhere(), TransferLimits.Default, time ?? TimeProvider.System, CancellationToken.None);
    }

    private Task Honest(HttpContext context) => Honest(context, _blob.Bytes);

    private static Task Honest(HttpContext context, byte[] bytes)
    {
        var range = context.Request.GetTypedHeaders().Range!.Ranges.Single();
        var (first, last) = ((int)range.From!.Value, (int)range.To!.Value);
        Head(context, first, last - first + 1, last - first + 1, bytes.Length);
        return context.Response.Body.WriteAsync(bytes.AsMemory(first, last - first + 1)).AsTask();
    }

    private Task Send(HttpContext context, int first, int length, int announced, long size, int? from = null)
    {
        Head(context, first, length, announced, size);
        return context.Response.Body.WriteAsync(_blob.Bytes.AsMemory(from ?? first, announced)).AsTask();
    }

    private static void Head(HttpContext context, int first, int length, int announced, long size)
    {
        context.Response.StatusCode = StatusCodes.Status206PartialContent;
        context.Response.Headers.ContentRange = $"bytes {first}-{first + length - 1}/{size}";
        context.Response.ContentLength = announced;
    }

    private async Task CutAfter(HttpContext context, int bytes)
    {
        await context.Response.Body.WriteAsync(_blob.Bytes.AsMemory(MiB, bytes));
        await context.Response.Body.FlushAsync();
        context.Abort();
    }

    private async Task<string> ServeAsync(Func<HttpContext, Task> answer)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        app.Run(context => answer(context));
        await app.StartAsync();
        _servers.Add(app);
        return app.Urls.Single();
    }

    private sealed class Nowhere : IPieceSink
    {
        private readonly byte[] _block = new byte[64 * 1024];

        public Memory<byte> GetMemory(int offset, int remaining) => _block.AsMemory(0, Math.Min(_block.Length, remaining));

        public void Take(int offset, ReadOnlySpan<byte> bytes)
        {
        }
    }
}
