using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Entrepot.Core.Faults;
using Entrepot.Server.Api;
using Entrepot.Server.Configuration;
using Entrepot.FunctionalTests.Enrolment;
using Entrepot.Server.Enrolment;
using Entrepot.Server.Hosting;

namespace Entrepot.FunctionalTests.Hosting;

public sealed class NodeTests : IDisposable
{
    private static readonly CancellationToken Cancellation = TestContext.Current.CancellationToken;

    private readonly string _folder = Directory.CreateTempSubdirectory("entrepot-node-").FullName;
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(60) };

    public void Dispose()
    {
        _http.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task What_was_pushed_is_there_after_a_restart()
    {
        PushResult pushed;
        await using (var node = await StartAsync())
        {
            OperatorToken.Show(_http, _folder);
            using var response = await _http.PutAsync(new Uri(Url(node, "push"), "/dotnet/pushed/a.txt"), new StringContent("hello"), Cancellation);
            response.StatusCode.ShouldBe(HttpStatusCode.Created);
            pushed = (await response.Content.ReadFromJsonAsync(ApiJson.Default.PushResult, Cancellation))!;
            node.Sample.ShouldNotBeNull().ShouldStartWith("dotnet/");
        }

        await using var again = await StartAsync();
        var file = await _http.GetFromJsonAsync(
            new Uri(Url(again, "metadata"), "/v1/mirrors/dotnet/tree/pushed/a.txt"), ApiJson.Default.FileDocument, Cancellation);
        file!.Digest.ShouldBe(pushed.Digest);
        file.Snapshot.ShouldBe(pushed.Snapshot!.Value);
    }

    [Fact]
    public async Task The_first_start_publishes_hundreds_of_real_files_as_one_snapshot()
    {
        await using var node = await StartAsync();

        var mirror = await _http.GetFromJsonAsync(new Uri(Url(node, "metadata"), "/v1/mirrors/dotnet"), ApiJson.Default.MirrorDocument, Cancellation);

        mirror!.Current.Files.ShouldBeGreaterThan(200);
        mirror.Current.Number.ShouldBe(1);
    }

    [Fact]
    public async Task The_surfaces_are_announced_while_the_node_runs()
    {
        var file = DataFolder.NetworkFile(_folder);
        await using (await StartAsync())
        {
            var network = JsonSerializer.Deserialize(await File.ReadAllBytesAsync(file, Cancellation), ApiJson.Default.NetworkDocument)!;
            network.Surfaces.Select(surface => surface.Surface).ShouldContain("push");
            network.Surfaces.ShouldAllBe(surface => surface.Port > 0 && surface.Reason.Length > 0 && surface.Zone == "loopback");
        }

        File.Exists(file).ShouldBeFalse();
    }

    [Fact]
    public async Task The_door_of_those_who_change_things_answers_to_the_nodes_own_names_only()
    {
        await using var node = await StartAsync();

        foreach (var (host, status) in new[]
        {
            ("rebound.example", HttpStatusCode.MisdirectedRequest), ("localhost", HttpStatusCode.NotFound), ("[::1]", HttpStatusCode.NotFound),
        })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, Url(node, "admin")) { Headers = { Host = host } };
            using var response = await _http.SendAsync(request, Cancellation);
            response.StatusCode.ShouldBe(status, host);
        }
    }

    [Fact]
    public async Task An_edge_that_stops_tells_so_before_it_closes()
    {
        await using var origin = await StartAsync();
        using var folder = new Folder();
        var edge = await StartAsync(folder.Path, NodeRoles.Edge, settings => settings with
        {
            Node = Core.Identities.NodeName.Parse("cache-1"),
            Edges = settings.Edges with { Count = 1 },
        }, await Joining.OrderAsync(origin));
        while ((await NodesAsync(origin)).Count == 0)
            await Task.Yield();
        (await NodesAsync(origin))[0].Last.Draining.ShouldBeFalse();

        await edge.DisposeAsync();

        (await NodesAsync(origin))[0].Last.Draining.ShouldBeTrue();
    }

    [Fact]
    public async Task A_public_name_that_this_machine_can_not_resolve_does_not_keep_it_from_its_own_surfaces()
    {
        await using var node = await StartAsync(
            _folder, NodeRoles.Origin | NodeRoles.Edge,
            static settings => settings with { PublicHost = "mirror.invalid", Edges = settings.Edges with { Count = 1 } });

        var announced = JsonSerializer.Deserialize(await File.ReadAllBytesAsync(DataFolder.NetworkFile(_folder), Cancellation), ApiJson.Default.AnnouncedNetwork)!;
        var told = announced.Surfaces.Single(surface => surface.Surface == "metadata").Url;
        told.ShouldStartWith("http://mirror.invalid:");
        var here = announced.Local![told];
        (await _http.GetAsync(new Uri($"{here}/readyz"), Cancellation)).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await _http.GetStringAsync(new Uri($"{here}/v1/network"), Cancellation)).ShouldNotContain("127.0.0.1");
    }

    [Fact]
    public async Task The_edges_of_a_node_reach_it_whatever_the_world_calls_it()
    {
        await using var node = await StartAsync(
            _folder, NodeRoles.Origin | NodeRoles.Edge,
            static settings => settings with { PublicHost = "mirror.invalid", Edges = settings.Edges with { Count = 1 } });
        var metadata = new Uri(node.Network.Surfaces.First(static surface => surface.Surface == "metadata").LocalUrl!);

        while (!(await _http.GetStringAsync(new Uri(metadata, "/v1/nodes"), Cancellation)).Contains("edge-1", StringComparison.Ordinal))
            await Task.Yield();
    }

    [Fact]
    public async Task A_service_that_is_no_more_gives_its_port_back()
    {
        static Settings WithEdges(Settings settings, int count) => settings with { Edges = settings.Edges with { Count = count } };
        await using (await StartAsync(_folder, NodeRoles.Origin | NodeRoles.Edge, settings => WithEdges(settings, 2)))
        {
        }

        await using var node = await StartAsync(_folder, NodeRoles.Origin | NodeRoles.Edge, settings => WithEdges(settings, 1));

        var ports = await _http.GetStringAsync(new Uri(Url(node, "metadata"), "/v1/ports"), Cancellation);
        ports.ShouldContain("\"edge-1\"");
        ports.ShouldNotContain("\"edge-2\"");
    }

    [Fact]
    public async Task The_declared_services_of_other_programs_are_found_beside_the_nodes_own()
    {
        using var folder = new Folder();
        var portfile = Path.Combine(folder.Path, "ports.yaml");
        await File.WriteAllTextAsync(
            portfile, "services:\n  - {name: web, port: 8081, allow: [{cidr: 10.0.0.0/8}], owner: web team, purpose: pages}\n", Cancellation);
        await using var node = await StartAsync(_folder, NodeRoles.Origin, settings => settings with { Portfile = portfile });

        var services = await _http.GetStringAsync(new Uri(Url(node, "metadata"), "/v1/services"), Cancellation);
        var web = (await _http.GetFromJsonAsync<JsonElement>(new Uri(Url(node, "metadata"), "/v1/services/web"), Cancellation)).EnumerateArray().Single();

        services.ShouldContain("\"metadata\"");
        (web.GetProperty("port").GetInt32(), web.GetProperty("tags")[0].GetString()).ShouldBe((8081, "governed"));
        web.GetProperty("generation").GetInt64().ShouldBePositive();
    }

    [Fact]
    public async Task A_second_node_on_the_same_folder_is_refused_and_the_first_goes_on()
    {
        await using var node = await StartAsync();

        (await Should.ThrowAsync<FaultException>(StartAsync)).Fault.Is(HostingFault.DataFolderInUse).ShouldBeTrue();

        (await _http.GetAsync(new Uri(Url(node, "metadata"), "/healthz"), Cancellation)).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public void Roles_that_can_not_work_are_refused_all_at_once()
    {
        var fault = Should.Throw<FaultException>(() => new NodePlan(NodeRoles.Scheduler | NodeRoles.Edge, Settings.Default, false) { Join = new JoinOrder(new Uri("http://mirror:9080"), null) }.Validate()).Fault;

        fault.Is(HostingFault.Roles).ShouldBeTrue();
        fault.Message.ShouldContain("several roles");
        fault.Message.ShouldContain("https://");
    }

    private sealed class Folder : IDisposable
    {
        public string Path { get; } = Directory.CreateTempSubdirectory("entrepot-node-").FullName;

        public void Dispose() => Directory.Delete(Path, recursive: true);
    }

    private static Uri Url(Node node, string surface) => new(node.Network.Surfaces.First(s => s.Surface == surface).Url);

    private async Task<IReadOnlyList<NodeDocument>> NodesAsync(Node origin)
        => (await _http.GetFromJsonAsync(new Uri(Url(origin, "metadata"), "/v1/nodes"), ApiJson.Default.IReadOnlyListNodeDocument, Cancellation))!;

    private Task<Node> StartAsync() => StartAsync(_folder, NodeRoles.Origin, static settings => settings);

    private static Task<Node> StartAsync(string folder, NodeRoles roles, Func<Settings, Settings> change, JoinOrder? join = null)
    {
        var any = Settings.Default with
        {
            DataFolder = folder,
            Push = Settings.Default.Push with { Port = 0 },
            Metadata = Settings.Default.Metadata with { Port = 0 },
            Admin = Settings.Default.Admin with { Port = 0 },
            Scheduler = Settings.Default.Scheduler with { Port = 0 },
        };
        return Node.StartAsync(new NodePlan(roles, change(any), PublishRuntime: roles == NodeRoles.Origin) { Join = join }, TestLog.Factory, TimeProvider.System, Cancellation);
    }
}
