using Entrepot.Ports.Discovery;

namespace Entrepot.SystemTests.Discovery;

/// <summary>A whole node that publishes its services in a real etcd.</summary>
public sealed class NodeInEtcdTests : IAsyncLifetime
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    private readonly TestFolder _folder = new();
    private EtcdProcess _etcd = null!;

    private string Settings => $$"""
        {{EntrepotProcess.AnyPorts}}
        edges: {count: 1, capacity: 64MiB}
        discovery:
          lifetime: 10s
          etcd: {endpoints: ["{{_etcd.Url.GetLeftPart(UriPartial.Authority)}}"] }
        """;

    public async ValueTask InitializeAsync() => _etcd = await EtcdProcess.StartAsync();

    public async ValueTask DisposeAsync()
    {
        if (_etcd is not null)
            await _etcd.DisposeAsync();
        _folder.Dispose();
    }

    /// <summary>Push, metadata, admin, scheduler, audit and one edge.</summary>
    private const int Surfaces = 6;

    [Fact]
    public async Task Its_surfaces_are_found_there_while_it_runs_and_gone_when_it_stops()
    {
        await using (var node = await EntrepotProcess.StartWithAsync(Settings, _folder["data"], "up"))
        {
            await UntilAsync(Surfaces, node);
            var found = (await _etcd.ReadAsync("/entrepot/")).Values.Select(Read).ToDictionary(static instance => instance.Service);
            foreach (var surface in node.Network.Surfaces)
            {
                var instance = found[surface.Surface];
                (instance.Node.Value, instance.Port, instance.Address, instance.Site).ShouldBe((surface.Node, surface.Port, "127.0.0.1", "local"));
                instance.Generation.ShouldBeGreaterThan(0);
                instance.Tags.ShouldBe(["loopback", new Uri(surface.Url).Scheme]);
            }
        }

        // Not by its lifetime: the node said so.
        (await _etcd.ReadAsync("/entrepot/")).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_killed_node_expires_and_its_next_run_is_there_again()
    {
        await using (var node = await EntrepotProcess.StartWithAsync(Settings, _folder["data"], "up"))
        {
            await UntilAsync(Surfaces, node);
            await node.KillAsync();
        }

        await UntilAsync(0, null);
        await using var again = await EntrepotProcess.StartWithAsync(Settings, _folder["data"], "up");
        await UntilAsync(Surfaces, again);
    }

    [Fact]
    public async Task A_node_starts_and_serves_while_the_registry_is_away_and_publishes_when_it_comes()
    {
        _etcd.Kill();
        await using var node = await EntrepotProcess.StartWithAsync(Settings, _folder["data"], "up");
        using var http = new HttpClient();
        (await http.GetStringAsync(new Uri(node.Url("metadata"), "/v1/services/edge"))).ShouldContain("\"node\":\"edge-1\"");
        await Poll.UntilAsync(() => Task.FromResult(node.Output.Contains("Services can't be published", StringComparison.Ordinal)), Deadline, () => node.Output);

        await _etcd.RestartAsync();

        await UntilAsync(Surfaces, node);
    }

    private static ServiceInstance Read(string value)
    {
        ServiceInstance.TryRead(value, out var instance).ShouldBeTrue(value);
        return instance;
    }

    private Task UntilAsync(int count, EntrepotProcess? node) => Poll.UntilAsync(
        async () => (await _etcd.ReadAsync("/entrepot/")).Count == count, Deadline, () => $"there are not {count} instances: {node?.Output}");
}
