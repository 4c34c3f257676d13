using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Entrepot.Core.Identities;
using Entrepot.Core.Journal;
using Entrepot.Core.State;
using Entrepot.Mirror.Blobs;
using Entrepot.Mirror.Catalog;
using Entrepot.Mirror.Uploads;
using Entrepot.Ports.Allocation;
using Entrepot.Server.Api;
using Entrepot.Server.Metadata;
using Entrepot.Server.Push;
using Microsoft.AspNetCore.Builder;

namespace Entrepot.FunctionalTests.Push;

/// <summary>A push surface with everything behind it, in a folder of its own, that can be stopped and started again.</summary>
internal sealed partial class PushSite : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly bool _ownsFolder;
    private readonly BlockPool _pool = new();
    private StateDatabase _state = null!;
    private PushService _service = null!;

    private PushSite(string? folder)
    {
        _ownsFolder = folder is null;
        Folder = folder ?? Directory.CreateTempSubdirectory("entrepot-push-").FullName;
    }

    public static MirrorName Images { get; } = MirrorName.Parse("images");

    public string Folder { get; }

    public string BlobFolder => Path.Combine(Folder, "blobs");

    public TestSurface Surface { get; private set; } = null!;

    public BlobStore Blobs { get; private set; } = null!;

    public MirrorCatalog Catalog { get; private set; } = null!;

    public UploadStore Uploads { get; private set; } = null!;

    public StateDatabase State => _state;

    /// <summary>Told of each start of the surface, with its application.</summary>
    public Action<WebApplication>? Started { get; init; }

    public HttpClient Http => Surface.Http;

    public string Url => $"http://{Surface.Address}";

    public TreeSnapshot Current => Catalog.View.Get(Images).Current;

    public IReadOnlyList<JournalEntry> Journal => JournalTable.Read(_state, 0, JournalTable.MaxPage);

    public static async Task<PushSite> StartAsync(
        PushOptions? options = null, UploadOptions? uploads = null, string? folder = null, Action<WebApplication>? started = null)
    {
        var site = new PushSite(folder) { Started = started };
        await site.OpenAsync(options ?? new PushOptions(), uploads ?? new UploadOptions());
        await site.Catalog.CreateMirrorAsync(Images, "test");
        return site;
    }

    public async Task RestartAsync()
    {
        var (options, uploads) = (_service.Options, Uploads.Options);
        await CloseAsync();
        await OpenAsync(options, uploads);
    }

    /// <summary>Files that are not blobs of the store: what an upload in progress, or a careless end of one, leaves.</summary>
    public string[] Leftovers() => [.. Directory.GetFiles(Path.Combine(BlobFolder, "staging")), .. Directory.GetFiles(Path.Combine(BlobFolder, "uploads"))];

    public string[] BlobFiles() => Directory.GetFiles(Path.Combine(BlobFolder, "sha256"), "*", SearchOption.AllDirectories);

    /// <summary>Waits until something holds that another thread brings about.</summary>
    public static async Task EventuallyAsync(Func<bool> holds, string what)
    {
        using var deadline = new CancellationTokenSource(Patience);
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        while (!holds())
        {
            if (deadline.IsCancellationRequested)
                Assert.Fail($"not within {Patience}: {what}");
            await tick.WaitForNextTickAsync();
        }
    }

    public byte[] Read(Sha256Digest digest)
    {
        using var handle = Blobs.OpenRead(digest);
        var bytes = new byte[RandomAccess.GetLength(handle)];
        RandomAccess.Read(handle, bytes, 0).ShouldBe(bytes.Length);
        return bytes;
    }

    public byte[] ReadFile(string path)
    {
        Current.TryGet(ContentPath.Parse(path), out var entry).ShouldBeTrue($"no file '{path}'");
        return Read(entry!.Digest);
    }

    public async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, byte[]? body = null, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : new ByteArrayContent(body) };
        foreach (var (name, value) in headers)
        {
            if (!request.Headers.TryAddWithoutValidation(name, value))
                (request.Content ??= new ByteArrayContent([])).Headers.TryAddWithoutValidation(name, value);
        }

        return await Http.SendAsync(request, TestContext.Current.CancellationToken);
    }

    public Task<HttpResponseMessage> PutAsync(string path, byte[] body, params (string Name, string Value)[] headers) => SendAsync(HttpMethod.Put, path, body, headers);

    public static async Task<PushResult> ResultAsync(HttpResponseMessage response)
        => JsonSerializer.Deserialize(await response.Content.ReadAsStringAsync(), ApiJson.Default.PushResult)!;

    public static async Task<JsonElement> ProblemAsync(HttpResponseMessage response)
    {
        response.Content.Headers.ContentType!.MediaType.ShouldBe("application/problem+json");
        return JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement;
    }

    /// <summary>A connection on which the test says every byte itself.</summary>
    public async Task<RawConnection> ConnectAsync() => await RawConnection.OpenAsync(Surface.Address);

    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        _pool.Dispose();
        if (_ownsFolder)
            Directory.Delete(Folder, recursive: true);
    }

    private async Task OpenAsync(PushOptions options, UploadOptions uploads)
    {
        _state = StateDatabase.Open(Path.Combine(Folder, "state.db"), typeof(MirrorCatalog).Assembly, typeof(PortBook).Assembly);
        Catalog = MirrorCatalog.Open(_state, TimeProvider.System);
        Blobs = BlobStore.Open(BlobFolder, _pool, TimeProvider.System);
        Uploads = UploadStore.Open(Blobs, uploads, TimeProvider.System);
        _service = new PushService(Blobs, Catalog, Uploads, options, TimeProvider.System, static () => "http://downloads.test:8080");
        Surface = await TestSurface.StartAsync(
            app =>
            {
                app.MapPush(_service, TestLog.Factory.CreateLogger("push"));
                Started?.Invoke(app);
            },
            services: ApiReference.Configure);
    }

    private async Task CloseAsync()
    {
        await Surface.DisposeAsync();
        await Uploads.DisposeAsync();
        _service.Dispose();
        await _state.DisposeAsync();
    }

    /// <summary>Bytes over a socket.</summary>
    internal sealed class RawConnection : IDisposable
    {
        private readonly Socket _socket;
        private readonly StringBuilder _received = new();

        private RawConnection(Socket socket) => _socket = socket;

        public static async Task<RawConnection> OpenAsync(IPEndPoint address)
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            await socket.ConnectAsync(address);
            return new RawConnection(socket);
        }

        public Task SendAsync(string text) => SendAsync(Encoding.Latin1.GetBytes(text));

        public async Task SendAsync(ReadOnlyMemory<byte> bytes)
        {
            while (!bytes.IsEmpty)
                bytes = bytes[await _socket.SendAsync(bytes)..];
        }

        /// <summary>Reads until the answer holds the text, or the server closes.</summary>
        public async Task<string> ReceiveUntilAsync(string text)
        {
            using var deadline = new CancellationTokenSource(Patience);
            var buffer = new byte[8192];
            try
            {
                while (!_received.ToString().Contains(text, StringComparison.Ordinal)
                    && await _socket.ReceiveAsync(buffer, deadline.Token) is > 0 and var read)
                    _received.Append(Encoding.Latin1.GetString(buffer, 0, read));
            }
            catch (SocketException)
            {
                // Reset: as good as closed.
            }

            return _received.ToString();
        }

        /// <summary>Reads to the end of the connection.</summary>
        public Task<string> ReceiveAllAsync() => ReceiveUntilAsync("\0never");

        /// <summary>Cuts the connection hard, as a crash or a pulled cable in the end does.</summary>
        public void Cut()
        {
            _socket.LingerState = new LingerOption(true, 0);
            _socket.Close();
        }

        /// <summary>Ends the sending in good order in the middle of the body.</summary>
        public void EndSending() => _socket.Shutdown(SocketShutdown.Send);

        public void Dispose() => _socket.Dispose();
    }

    [GeneratedRegex("^HTTP/1.1 (\\d{3})")]
    public static partial Regex StatusLine();
}
