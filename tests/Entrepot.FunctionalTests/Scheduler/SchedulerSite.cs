using System.Text.Json;
using Entrepot.Core.Identities;
using Entrepot.Core.State;
using Entrepot.Mirror.Blobs;
using Entrepot.Mirror.Catalog;
using Entrepot.Mirror.Integrity;
using Entrepot.Mirror.Scrubbing;
using Entrepot.Server.Nodes;
using Entrepot.Server.Scheduler;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace Entrepot.FunctionalTests.Scheduler;

/// <summary>A scheduler on a real port with a catalog, a blob store and as many fake edges as a test wants.</summary>
internal sealed class SchedulerSite : IAsyncDisposable
{
    public static readonly DateTimeOffset Start = new(2026, 3, 14, 15, 9, 26, TimeSpan.Zero);

    private readonly string _folder = Directory.CreateTempSubdirectory("entrepot-scheduler-").FullName;
    private readonly BlockPool _pool = new();
    private readonly List<FakeEdge> _edges = [];
    private readonly HashSet<string> _stopped = [];
    private StateDatabase _state = null!;
    private SchedulerService _service = null!;
    private Scrubber _scrubber = null!;

    private SchedulerSite()
    {
    }

    public static MirrorName Images { get; } = MirrorName.Parse("images");

    public FakeTimeProvider Time { get; } = new(Start);

    public BlobStore Blobs { get; private set; } = null!;

    public MirrorCatalog Catalog { get; private set; } = null!;

    public NodeRegistry Nodes { get; private set; } = null!;

    public TestSurface Surface { get; private set; } = null!;

    public IReadOnlyList<FakeEdge> Edges => _edges;

    public string Url => $"http://{Surface.Address}";

    public static async Task<SchedulerSite> StartAsync(int edges = 2, SchedulerOptions? options = null, bool withFallback = false)
    {
        var site = new SchedulerSite();
        site._state = StateDatabase.Open(Path.Combine(site._folder, "state.db"), typeof(MirrorCatalog).Assembly);
        site.Catalog = MirrorCatalog.Open(site._state, site.Time);
        site.Blobs = BlobStore.Open(Path.Combine(site._folder, "blobs"), site._pool, site.Time);
        site._scrubber = Scrubber.Open(site.Catalog, site.Blobs, static () => [], new ScrubOptions(), TestLog.Factory.CreateLogger<Scrubber>());
        site.Nodes = new NodeRegistry(new NodeOptions(), site.Time, TestLog.Factory.CreateLogger<NodeRegistry>());
        site._service = new SchedulerService(
            new OwnCatalog(site.Catalog), site.Nodes, options ?? new SchedulerOptions(), TestLog.Factory.CreateLogger<SchedulerService>(),
            withFallback ? OriginFallbacks.FromStore(new BlobTrust(site._scrubber, TestLog.Factory.CreateLogger<BlobTrust>())) : null);
        site.Surface = await TestSurface.StartAsync(app => app.MapScheduler(site._service), services: static services => services.AddScheduler());
        for (var i = 1; i <= edges; i++)
            site._edges.Add(await FakeEdge.StartAsync($"edge-{i}", site.Blobs));
        await site.Catalog.CreateMirrorAsync(Images, "test", description: "Disk images <b>for</b> everyone");
        site.BeatAll();
        site.BeatAll();
        return site;
    }

    /// <summary>A heart-beat of every edge that was not stopped, five seconds later.</summary>
    public void BeatAll()
    {
        Time.Advance(TimeSpan.FromSeconds(5));
        foreach (var edge in _edges.Where(edge => !_stopped.Contains(edge.Name)))
            Nodes.Accept(edge.Beat);
        Nodes.Tick();
    }

    /// <summary>Kills an edge: its port refuses connections from now on. The registry is not told.</summary>
    public async Task KillAsync(FakeEdge edge)
    {
        _stopped.Add(edge.Name);
        await edge.DisposeAsync();
    }

    public FakeEdge Edge(string name) => _edges.Single(edge => edge.Name == name);

    public Task<Fingerprint> PublishAsync(string path, string text, DateTimeOffset? modified = null)
        => PublishAsync(path, System.Text.Encoding.UTF8.GetBytes(text), modified);

    public async Task<Fingerprint> PublishAsync(string path, byte[] bytes, DateTimeOffset? modified = null)
    {
        var blob = await StoreAsync(bytes);
        await Catalog.PublishAsync(Images, TreeEdit.Put(ContentPath.Parse(path), blob, modified ?? Start), null, "test");
        return blob.Fingerprint;
    }

    /// <summary>Publishes many paths with the same bytes as one snapshot.</summary>
    public async Task PublishManyAsync(IEnumerable<string> paths, byte[] bytes)
    {
        var blob = await StoreAsync(bytes);
        await Catalog.PublishAsync(
            Images, TreeEdit.Of(paths.Select((path, i) => new TreePut(ContentPath.Parse(path), blob, Start.AddSeconds(i)))), null, "test");
    }

    public async Task<HttpResponseMessage> SendAsync(HttpMethod method, string target, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, target);
        foreach (var (name, value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        return await Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
    }

    public Task<HttpResponseMessage> GetAsync(string target, params (string Name, string Value)[] headers) => SendAsync(HttpMethod.Get, target, headers);

    public async Task<JsonElement> JsonAsync(string target, params (string Name, string Value)[] headers)
    {
        using var response = await GetAsync(target, headers);
        return JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement;
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await Surface.DisposeAsync();
        foreach (var edge in _edges.Where(edge => !_stopped.Contains(edge.Name)))
            await edge.DisposeAsync();
        _service.Dispose();
        _scrubber.Dispose();
        await _state.DisposeAsync();
        _pool.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private HttpClient Client => field ??= new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false })
    {
        BaseAddress = new Uri(Url), Timeout = TimeSpan.FromSeconds(30),
    };

    private async Task<StoredBlob> StoreAsync(byte[] bytes)
    {
        await using var staged = Blobs.Stage(Expectation.None, bytes.Length);
        await staged.WriteAsync(bytes, default);
        return Blobs.Store(await staged.VerifyAsync(default));
    }
}
