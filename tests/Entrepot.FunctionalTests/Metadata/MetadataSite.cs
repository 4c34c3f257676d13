using System.Text;
using System.Text.Json;
using Entrepot.Core.Identities;
using Entrepot.FunctionalTests.Push;
using Entrepot.Mirror.Catalog.GarbageCollection;
using Entrepot.Mirror.Scrubbing;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Inventory;
using Entrepot.Ports.Truth;
using Entrepot.Server.Admin;
using Entrepot.Server.Api;
using Entrepot.Server.Audit;
using Entrepot.Server.Metadata;
using Entrepot.Server.Nodes;
using Microsoft.Extensions.Time.Testing;
using Entrepot.Server.PortWatch;
using Microsoft.Extensions.Logging;

namespace Entrepot.FunctionalTests.Metadata;

/// <summary>An origin's three surfaces: push, metadata, admin.</summary>
internal sealed class MetadataSite : IAsyncDisposable
{
    private readonly GarbageCollector _collector;
    private readonly ReadinessProbe _readiness;
    private readonly Scrubber _scrubber;

    private MetadataSite(PushSite push, ApiReference reference)
    {
        Push = push;
        _collector = new GarbageCollector(push.Catalog, push.Blobs, new GarbageCollectionOptions { Grace = TimeSpan.Zero });
        _readiness = new ReadinessProbe(
            [ReadinessProbe.State(push.State), ReadinessProbe.Blobs(push.Blobs), ReadinessProbe.Surfaces(() => Network)], TimeProvider.System);
        Nodes = new NodeRegistry(new NodeOptions(), TimeProvider.System, TestLog.Factory.CreateLogger<NodeRegistry>());
        _scrubber = Scrubber.Open(push.Catalog, push.Blobs, static () => [], new ScrubOptions(), TestLog.Factory.CreateLogger<Scrubber>());
        var book = new PortBook(push.State, new PortPolicy(), TimeProvider.System);
        Service = new MetadataService(
            push.Catalog, new BlobTrust(_scrubber, TestLog.Factory.CreateLogger<BlobTrust>()), push.State, () => Nodes.View.Documents, new PortExplainer(book, new ListeningSockets(), NodeName.Parse("origin")), () => Network,
            _readiness, reference)
        {
            Audit = Audit = new AuditService(push.State, TimeProvider.System),
            Services = () => Services,
            Observed = Ports = new ObservedPorts(
                NodeName.Parse("origin"), () => Declared, static () => [], new ListeningSockets(), new PermittedUnknown("not asked"), (() => Network, () => []),
                push.State, new WatchOptions(), Time, TestLog.Factory.CreateLogger<ObservedPorts>()),
        };
        Orders = new AdminService(push.Catalog, _collector, VerifyAsync);
    }

    public PushSite Push { get; }

    public MetadataService Service { get; }

    public AdminService Orders { get; }

    public AuditService Audit { get; }

    public NodeRegistry Nodes { get; }

    public ObservedPorts Ports { get; }

    /// <summary>The clock of <see cref="Ports"/>.</summary>
    public FakeTimeProvider Time { get; } = new(DateTimeOffset.UnixEpoch.AddYears(56));

    /// <summary>What the node declares of its ports.</summary>
    public IReadOnlyList<DeclaredPort> Declared { get; set; } = [];

    public TestSurface Metadata { get; private set; } = null!;

    public TestSurface Admin { get; private set; } = null!;

    public NetworkDocument Network { get; set; } = new("1.2.3", "origin", []);

    public IReadOnlyList<ServiceDocument> Services { get; set; } = [];

    /// <summary>What the scrub says when it is asked.</summary>
    public IReadOnlyList<VerifyProgress> Progress { get; set; } = [];

    public static async Task<MetadataSite> StartAsync()
    {
        var reference = new ApiReference("1.2.3");
        MetadataSite? site = null;
        var push = await PushSite.StartAsync(
            started: app => reference.Include("push", app.Services, () => site?.Push.Url));
        site = new MetadataSite(push, reference);
        site.Metadata = await TestSurface.StartAsync(
            app =>
            {
                app.MapMetadata(site.Service);
                reference.Include("metadata", app.Services, () => site.Metadata.Url.ToString().TrimEnd('/'));
            },
            services: ApiReference.Configure);
        site.Admin = await TestSurface.StartAsync(
            app =>
            {
                app.MapAdmin(site.Orders);
                app.MapFindingOrders(site.Ports);
                app.MapAuditOrders(site.Audit);
                reference.Include("admin", app.Services, () => site.Admin.Url.ToString().TrimEnd('/'));
            },
            services: ApiReference.Configure);
        site.Network = new NetworkDocument("1.2.3", "origin", [
            new SurfaceDocument("push", "origin", push.Url, push.Surface.Address.Port, "loopback", "test"),
            new SurfaceDocument("metadata", "origin", site.Metadata.Url.ToString().TrimEnd('/'), site.Metadata.Address.Port, "loopback", "test"),
        ]);
        return site;
    }

    public Task<HttpResponseMessage> GetAsync(string path, params (string Name, string Value)[] headers) => SendAsync(Metadata, HttpMethod.Get, path, null, headers);

    public async Task<JsonElement> GetJsonAsync(string path)
    {
        using var response = await GetAsync(path);
        var text = await response.Content.ReadAsStringAsync();
        response.IsSuccessStatusCode.ShouldBeTrue(text);
        response.Content.Headers.ContentType!.MediaType.ShouldBe("application/json");
        return JsonDocument.Parse(text).RootElement;
    }

    public Task<HttpResponseMessage> OrderAsync(HttpMethod method, string path, string? json = null) => SendAsync(Admin, method, path, json);

    public async ValueTask DisposeAsync()
    {
        await Admin.DisposeAsync();
        await Metadata.DisposeAsync();
        Audit.Dispose();
        Ports.Dispose();
        _collector.Dispose();
        _readiness.Dispose();
        _scrubber.Dispose();
        await Push.DisposeAsync();
    }

    private static async Task<HttpResponseMessage> SendAsync(
        TestSurface surface, HttpMethod method, string path, string? json, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, path);
        if (json is not null)
            request.Content = new StringContent(json, Encoding.UTF8, "application/json");
        foreach (var (name, value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        return await surface.Http.SendAsync(request, TestContext.Current.CancellationToken);
    }

    private async IAsyncEnumerable<VerifyProgress> VerifyAsync(
        VerifyRequest request, string actor, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        foreach (var progress in Progress)
        {
            await Task.Yield();
            cancellation.ThrowIfCancellationRequested();
            yield return progress;
        }
    }
}
