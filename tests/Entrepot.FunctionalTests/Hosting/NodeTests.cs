using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Entrepot.Core.Faults;
using Entrepot.Server.Api;
using Entrepot.Server.Configuration;
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
    public async Task A_second_node_on_the_same_folder_is_refused_and_the_first_goes_on()
    {
        await using var node = await StartAsync();

        (await Should.ThrowAsync<FaultException>(StartAsync)).Fault.Is(HostingFault.DataFolderInUse).ShouldBeTrue();

        (await _http.GetAsync(new Uri(Url(node, "metadata"), "/healthz"), Cancellation)).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public void Roles_that_can_not_work_are_refused_all_at_once()
    {
        var fault = Should.Throw<FaultException>(() => new NodePlan(NodeRoles.Scheduler | NodeRoles.Edge, Settings.Default, false).Validate()).Fault;

        fault.Is(HostingFault.Roles).ShouldBeTrue();
        fault.Message.ShouldContain("scheduler");
        fault.Message.ShouldContain("edge");
    }

    private static Uri Url(Node node, string surface) => new(node.Network.Surfaces.First(s => s.Surface == surface).Url);

    private Task<Node> StartAsync()
    {
        var any = Settings.Default with
        {
            DataFolder = _folder,
            Push = Settings.Default.Push with { Port = 0 },
            Metadata = Settings.Default.Metadata with { Port = 0 },
            Admin = Settings.Default.Admin with { Port = 0 },
            Scheduler = Settings.Default.Scheduler with { Port = 0 },
        };
        return Node.StartAsync(new NodePlan(NodeRoles.Origin, any, PublishRuntime: true), TestLog.Factory, TimeProvider.System, Cancellation);
    }
}
