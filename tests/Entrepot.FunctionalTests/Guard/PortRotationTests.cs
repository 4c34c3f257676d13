using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using Entrepot.Server.Api;
using Entrepot.Server.Configuration;
using Entrepot.FunctionalTests.Enrolment;
using Entrepot.Server.Enrolment;
using Entrepot.Server.Hosting;

namespace Entrepot.FunctionalTests.Guard;

/// <summary>An edge that changes its port while clients download from it.</summary>
public sealed class PortRotationTests : IDisposable
{
    private const int Rotations = 20;

    private static readonly CancellationToken Cancellation = TestContext.Current.CancellationToken;

    private readonly string _folder = Directory.CreateTempSubdirectory("entrepot-rotation-").FullName;
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(60) };

    public void Dispose()
    {
        _http.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task No_request_fails_through_twenty_rotations()
    {
        await using var node = await StartAsync();
        var content = RandomNumberGenerator.GetBytes(300_000);
        OperatorToken.Show(_http, _folder);
        (await _http.PostAsJsonAsync(new Uri(Url(node, "admin"), "/v1/mirrors"), new CreateMirrorRequest("files"), ApiJson.Default.CreateMirrorRequest, Cancellation))
            .StatusCode.ShouldBe(HttpStatusCode.Created);
        (await _http.PutAsync(new Uri(Url(node, "push"), "/files/a.bin"), new ByteArrayContent(content), Cancellation)).StatusCode.ShouldBe(HttpStatusCode.Created);
        await HealthyAsync(node);
        var edge = node.Rotations.All.Single();
        var ports = new List<int> { edge.Surface.Document.Port };
        var downloads = new int[4];
        using var rotated = new CancellationTokenSource();

        var loops = Enumerable.Range(0, downloads.Length).Select(client => Task.Run(async () =>
        {
            while (!rotated.IsCancellationRequested)
            {
                (await _http.GetByteArrayAsync(new Uri(Url(node, "scheduler"), "/files/a.bin"), Cancellation)).ShouldBe(content);
                Interlocked.Increment(ref downloads[client]);
            }
        })).ToList();
        for (var rotation = 0; rotation < Rotations; rotation++)
        {
            using var over = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
            var rotating = edge.RotateAsync(TimeSpan.FromHours(1), "test", over.Token);
            while (edge.Surface.Leaving is null && !rotating.IsCompleted)
                await Task.Yield();
            ports.Add(edge.Surface.Document.Port);
            // The overlap ends when every client has begun anew: none is still on its way to the old port.
            var before = downloads.ToArray();
            while (downloads.Zip(before).Any(static pair => pair.First < pair.Second + 2) && !loops.Any(static loop => loop.IsCompleted))
                await Task.Yield();
            await over.CancelAsync();
            (await rotating).ShouldBeTrue();
        }

        await rotated.CancelAsync();
        await Task.WhenAll(loops);

        for (var i = 1; i < ports.Count; i++)
            ports[i].ShouldNotBe(ports[i - 1]);
        var leases = (await _http.GetStringAsync(new Uri(Url(node, "metadata"), "/v1/ports"), Cancellation))!;
        leases.ShouldNotContain("-overlap");
        leases.ShouldContain($"\"port\":{ports[^1]}");
        var told = (await NodesAsync(node)).Single();
        told.Last.Url.ShouldEndWith($":{ports[^1]}");
        told.State.ShouldBe("healthy");
    }

    [Fact]
    public async Task Both_ports_are_served_during_the_overlap_and_the_old_one_is_closed_after_it()
    {
        await using var node = await StartAsync();
        await HealthyAsync(node);
        var edge = node.Rotations.All.Single();
        var old = new Uri(edge.Surface.Document.Url);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);

        var rotation = edge.RotateAsync(TimeSpan.FromHours(1), "test", stop.Token);
        while (edge.Surface.Leaving is null)
            await Task.Yield();
        var next = new Uri(edge.Surface.Document.Url);

        next.Port.ShouldNotBe(old.Port);
        foreach (var url in new[] { old, next })
            (await _http.GetAsync(new Uri(url, "/healthz"), Cancellation)).StatusCode.ShouldBe(HttpStatusCode.OK);
        await stop.CancelAsync();
        (await rotation).ShouldBeTrue();
        using var fresh = new HttpClient();
        await Should.ThrowAsync<HttpRequestException>(() => fresh.GetAsync(new Uri(old, "/healthz"), Cancellation));
        (await fresh.GetAsync(new Uri(next, "/healthz"), Cancellation)).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task An_edge_stays_where_it_is_while_its_origin_can_not_be_told()
    {
        await using var origin = await StartAsync(_folder, NodeRoles.Origin, edges: 0);
        using var folder = new TemporaryFolder();
        await using var node = await StartAsync(folder.Path, NodeRoles.Edge, edges: 1, await Joining.OrderAsync(origin));
        await HealthyAsync(origin);
        var edge = node.Rotations.All.Single();
        var before = edge.Surface.Document;
        await origin.DisposeAsync();

        (await edge.RotateAsync(TimeSpan.FromMilliseconds(1), "test", Cancellation)).ShouldBeFalse();

        edge.Surface.Document.ShouldBe(before);
        (await _http.GetAsync(new Uri(before.Url + "/healthz"), Cancellation)).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_move_that_is_given_up_while_clients_are_told_leaves_lease_and_door_where_the_edge_is()
    {
        await using var node = await StartAsync();
        await HealthyAsync(node);
        var edge = node.Rotations.All.Single();
        var (before, lease) = (edge.Surface.Document, edge.Surface.Port.Lease);
        var doors = new List<IReadOnlyList<int>>();
        edge.Surface.Follow = (_, ports, _) =>
        {
            doors.Add(ports);
            return Task.FromResult(true);
        };
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var announce = edge.Surface.Announce;
        edge.Surface.Announce = async (from, to, cancellation) =>
        {
            await stop.CancelAsync();
            return await announce(from, to, cancellation);
        };

        await Should.ThrowAsync<OperationCanceledException>(() => edge.RotateAsync(TimeSpan.FromHours(1), "test", stop.Token));

        edge.Surface.Document.ShouldBe(before);
        (edge.Surface.Port.Lease.Service, edge.Surface.Port.Lease.Port).ShouldBe((lease.Service, lease.Port));
        doors[^1].ShouldBe([before.Port]);
        var leases = await _http.GetStringAsync(new Uri(Url(node, "metadata"), "/v1/ports"), Cancellation);
        leases.ShouldNotContain("-overlap");
        leases.ShouldContain($"\"port\":{before.Port}");
        node.Network.Surfaces.Single(static surface => surface.Surface == "edge").Port.ShouldBe(before.Port);
        (await _http.GetAsync(new Uri(before.Url + "/healthz"), Cancellation)).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    private async Task HealthyAsync(Node node)
    {
        while ((await NodesAsync(node)).All(static edge => edge.State != "healthy"))
            await Task.Yield();
    }

    private async Task<IReadOnlyList<NodeDocument>> NodesAsync(Node origin)
        => (await _http.GetFromJsonAsync(new Uri(Url(origin, "metadata"), "/v1/nodes"), ApiJson.Default.IReadOnlyListNodeDocument, Cancellation))!;

    private static Uri Url(Node node, string surface) => new(node.Network.Surfaces.First(s => s.Surface == surface).Url);

    private Task<Node> StartAsync() => StartAsync(_folder, NodeRoles.Origin | NodeRoles.Scheduler | NodeRoles.Edge, edges: 1);

    private static Task<Node> StartAsync(string folder, NodeRoles roles, int edges, JoinOrder? join = null)
    {
        var settings = Settings.Default with
        {
            DataFolder = folder,
            Node = join is null ? Settings.Default.Node : Core.Identities.NodeName.Parse("cache-1"),
            HeartbeatInterval = TimeSpan.FromMilliseconds(200),
            Push = Settings.Default.Push with { Port = 0 },
            Metadata = Settings.Default.Metadata with { Port = 0 },
            Admin = Settings.Default.Admin with { Port = 0 },
            Scheduler = Settings.Default.Scheduler with { Port = 0 },
            Edges = Settings.Default.Edges with { Count = edges },
        };
        return Node.StartAsync(new NodePlan(roles, settings, PublishRuntime: false) { Join = join }, TestLog.Factory, TimeProvider.System, Cancellation);
    }

    private sealed class TemporaryFolder : IDisposable
    {
        public string Path { get; } = Directory.CreateTempSubdirectory("entrepot-rotation-").FullName;

        public void Dispose() => Directory.Delete(Path, recursive: true);
    }
}
