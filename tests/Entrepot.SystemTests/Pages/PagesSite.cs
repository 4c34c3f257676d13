using Entrepot.Core.Identities;
using Entrepot.Core.State;
using Entrepot.Mirror.Blobs;
using Entrepot.Mirror.Catalog;
using Entrepot.Mirror.Integrity;
using Entrepot.Mirror.Scrubbing;
using Entrepot.Server.Api;
using Entrepot.Server.Http;
using Entrepot.Server.Nodes;
using Entrepot.Server.Scheduler;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace Entrepot.SystemTests.Pages;

/// <summary>A scheduler with content worth looking at, on a loopback port that the kernel chose. Files come from the origin's store.</summary>
internal sealed class PagesSite : IAsyncDisposable
{
    private static readonly DateTimeOffset Start = new(2026, 3, 14, 15, 9, 26, TimeSpan.Zero);

    private readonly string _folder = Directory.CreateTempSubdirectory("entrepot-pages-").FullName;
    private readonly BlockPool _pool = new();
    private StateDatabase _state = null!;
    private MirrorCatalog _catalog = null!;
    private BlobStore _blobs = null!;
    private SchedulerService _service = null!;
    private Scrubber _scrubber = null!;
    private WebApplication _app = null!;

    private PagesSite()
    {
    }

    public string Url { get; private set; } = "";

    public static async Task<PagesSite> StartAsync()
    {
        var site = new PagesSite();
        site._state = StateDatabase.Open(Path.Combine(site._folder, "state.db"), typeof(MirrorCatalog).Assembly);
        site._catalog = MirrorCatalog.Open(site._state, TimeProvider.System);
        site._blobs = BlobStore.Open(Path.Combine(site._folder, "blobs"), site._pool, TimeProvider.System);
        site._scrubber = Scrubber.Open(site._catalog, site._blobs, static () => [], new ScrubOptions(), NullLogger<Scrubber>.Instance);
        var nodes = new NodeRegistry(new NodeOptions(), TimeProvider.System, NullLogger<NodeRegistry>.Instance);
        site._service = new SchedulerService(
            new OwnCatalog(site._catalog), nodes, new SchedulerOptions(), NullLogger<SchedulerService>.Instance, OriginFallbacks.FromStore(new BlobTrust(site._scrubber, NullLogger<BlobTrust>.Instance)));
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        builder.Services.AddRoutingCore().AddScheduler();
        site._app = builder.Build();
        site._app.UseFaults(NullLogger.Instance);
        site._app.UseStrictTargets();
        site._app.MapScheduler(site._service);
        await site._app.StartAsync();
        site.Url = site._app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        Announce(nodes, "edge-1", "berlin", transfers: 3);
        Announce(nodes, "edge-2", "paris", transfers: 1);
        Announce(nodes, "edge-3", "paris", transfers: 0, draining: true);
        return site;
    }

    /// <summary>Mirrors as an operator has them: images, packages and one large flat folder.</summary>
    public async Task FillAsync()
    {
        await CreateAsync("images", "Virtual machine and container images");
        await CreateAsync("packages", "What our build machines need");
        var files = new List<TreePut>();
        var random = new Random(1);
        foreach (var (path, size) in new (string, int)[]
        {
            ("24.04/disk.img", 4_300_000), ("24.04/disk.img.asc", 833), ("24.04/kernel", 1_481_216), ("24.04/release notes.txt", 2_113),
            ("24.04/<img src=x onerror=alert(1)>.txt", 17), ("24.04/übersicht & \"plan\".pdf", 91_233), ("24.04/空のファイル", 0),
            ("22.04/disk.img", 3_800_000), ("22.04/kernel", 1_381_216), ("SHA256SUMS", 460), ("README.md", 1_900),
        })
        {
            var bytes = new byte[size];
            random.NextBytes(bytes);
            files.Add(new TreePut(ContentPath.Parse(path), await StoreAsync(bytes), Start.AddHours(-files.Count * 7)));
        }

        await _catalog.PublishAsync(MirrorName.Parse("images"), TreeEdit.Of(files), null, "test");
        var package = await StoreAsync("a package"u8.ToArray());
        await _catalog.PublishAsync(
            MirrorName.Parse("packages"),
            TreeEdit.Of(Enumerable.Range(0, 2_500).Select(i => new TreePut(ContentPath.Parse($"pool/lib{i:0000}.deb"), package, Start.AddMinutes(i)))),
            null, "test");
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _service.Dispose();
        _scrubber.Dispose();
        await _state.DisposeAsync();
        _pool.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private static void Announce(NodeRegistry nodes, string name, string site, int transfers, bool draining = false)
    {
        var beat = new HeartbeatRequest(name, site, $"http://127.0.0.1:5432{name[^1]}", "0.1.0", "test", transfers, 0, 0, 0, 1L << 30, 1L << 30, draining);
        nodes.Accept(beat);
        nodes.Accept(beat);
    }

    private Task<MirrorView> CreateAsync(string name, string description) => _catalog.CreateMirrorAsync(MirrorName.Parse(name), "test", description: description);

    private async Task<StoredBlob> StoreAsync(byte[] bytes)
    {
        await using var staged = _blobs.Stage(Expectation.None, bytes.Length);
        await staged.WriteAsync(bytes, default);
        return _blobs.Store(await staged.VerifyAsync(default));
    }
}
