using System.Globalization;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Enforcement;
using Entrepot.Server.Agent;

namespace Entrepot.SystemTests.Ports.Firewalls;

/// <summary>A node of Entrepot whose own ports are behind the packet filter that its agent keeps.</summary>
public sealed class GovernedNodeTests : IAsyncLifetime
{
    private const string Portfile = """
        policy: {undeclared: drop, strangers: block}
        pools:
          - {name: edges, range: 54321-54400, strategy: dynamic}
        services:
          - {name: scheduler, port: 8080, allow: [{cidr: 10.77.0.2}], owner: ops, purpose: downloads}
          - {name: edge-1, pool: edges, allow: [{cidr: 10.77.0.2}], owner: ops, purpose: downloads}
          - {name: web, port: 8443, allow: [{cidr: 10.77.0.2}], owner: ops, purpose: a site, process: {executable: /usr/sbin/nginx}}
        """;

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    private readonly TestFolder _folder = new();
    private VirtualNetwork _network = null!;
    private AgentProcess _agent = null!;
    private RunningCommand _node = null!;

    private VirtualHost Host => _network[0];

    public async ValueTask InitializeAsync()
    {
        await VirtualNetwork.RequireAsync("nft", "conntrack", "curl");
        try
        {
            await StartAsync();
        }
        catch
        {
            await DisposeAsync();  // which nobody else calls then
            throw;
        }
    }

    private async Task StartAsync()
    {
        _network = await VirtualNetwork.CreateAsync(3);
        _agent = await AgentProcess.StartAsync(Host, _folder);
        await File.WriteAllTextAsync(_folder["ports.yaml"], Portfile);
        await File.WriteAllTextAsync(_folder["node.yaml"], """
            node: host
            bind: 10.77.0.1
            portfile: ports.yaml
            edges: {count: 1}
            surfaces: {push: {allow: [10.77.0.1]}, admin: {allow: [10.77.0.1]}}
            heartbeat: {interval: 1s}
            guard: {interval: 500ms}
            """);
        _node = Host.Start(
            "env", $"ENTREPOT_AGENT={_folder["agent.sock"]}", EntrepotProcess.Program, "serve", "--roles", "origin,scheduler,edge", "--config", _folder["node.yaml"],
            "--data", _folder["node"]);
        await Poll.UntilAsync(async () => (await NodeAsync("nodes")).Output.Contains("healthy", StringComparison.Ordinal), Deadline, () => "the edge is not healthy");
        TestFolder.WriteRandom(_folder["a.bin"], 200_000, 1);
        (await NodeAsync("mirror", "create", "files")).ShouldSucceed();
        (await NodeAsync("push", _folder["a.bin"], "files/a.bin")).ShouldSucceed();
        (await _agent.CommandAsync("ports", "apply", _folder["ports.yaml"], "--data", _folder["node"], "--yes")).ShouldSucceed();
    }

    public async ValueTask DisposeAsync()
    {
        _node?.Dispose();
        if (_agent is not null)
            await _agent.DisposeAsync();
        if (_network is not null)
            await _network.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task The_door_follows_an_edge_that_rotates_and_no_client_behind_the_filter_fails()
    {
        (await DownloadAsync(_network[1])).ShouldSucceed();
        (await DownloadAsync(_network[2])).ExitCode.ShouldNotBe(0, "it was not let in");
        var before = await EdgePortAsync();
        using var client = _network[1].Start(
            "sh", "-c", $"n=0; until [ -e '{_folder["stop"]}' ]; do curl -sfL --max-time 20 -o /dev/null http://10.77.0.1:8080/files/a.bin || exit 1; n=$((n+1)); done; echo $n");

        (await NodeAsync("drill", "rotate", "--rounds", "4")).ShouldSucceed();
        await File.WriteAllTextAsync(_folder["stop"], "");

        var result = (await client.EndAsync()).ShouldSucceed();
        int.Parse(result.Output, CultureInfo.InvariantCulture).ShouldBeGreaterThan(4);
        var after = await EdgePortAsync();
        after.ShouldNotBe(before);
        var ruleset = await Host.RulesetAsync();
        ruleset.ShouldContain(after);
        ruleset.ShouldNotContain(before, Case.Sensitive, "the door of a port that was given back is shut");
        (await NodeAsync("doctor")).Output.ShouldNotContain("drift");
    }

    [Fact]
    public async Task A_door_that_was_left_at_another_port_is_shut_in_time()
    {
        var port = int.Parse(await EdgePortAsync(), CultureInfo.InvariantCulture);
        var left = port == 54399 ? 54398 : 54399;
        using (var agent = new AgentClient(_folder["agent.sock"]))
            (await agent.FollowAsync(new FollowOrder("edge-1", PortProtocol.Tcp, [port, left]), TestContext.Current.CancellationToken)).Governed.ShouldBeTrue();
        (await Host.RulesetAsync()).ShouldContain(left.ToString(CultureInfo.InvariantCulture));

        await Poll.UntilAsync(
            async () => !(await Host.RulesetAsync()).Contains(left.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal), Deadline, () => "the door stays open");

        (await DownloadAsync(_network[1])).ShouldSucceed();
    }

    [Fact]
    public async Task A_port_that_a_stranger_has_is_blocked_until_it_has_gone()
    {
        using (Host.Serve(8443))
        {
            await Poll.UntilAsync(async () => !(await ConnectsAsync()), Deadline, () => "the stranger's port is not blocked");
            (await NodeAsync("audit", "log", "--action", "guard")).Output.ShouldContain("guard.block");
        }

        await Poll.UntilAsync(
            async () => (await NodeAsync("audit", "log", "--action", "guard")).Output.Contains("guard.unblock", StringComparison.Ordinal), Deadline, () => "the port stays blocked");
        (await NodeAsync("ports", "status")).ShouldSucceed().Output.ShouldContain("8443");
    }

    private async Task<bool> ConnectsAsync() => (await _network[1].RunAsync("nc", "-z", "-w", "2", "10.77.0.1", "8443")).ExitCode == 0;

    private Task<CommandResult> NodeAsync(params string[] arguments) => Host.RunAsync(EntrepotProcess.Program, [.. arguments, "--data", _folder["node"]]);

    private static Task<CommandResult> DownloadAsync(VirtualHost client)
        => client.RunAsync("curl", "-sfL", "--max-time", "5", "-o", "/dev/null", "http://10.77.0.1:8080/files/a.bin");

    private async Task<string> EdgePortAsync()
    {
        var nodes = (await NodeAsync("nodes")).ShouldSucceed().Output;
        var at = nodes.IndexOf("http://10.77.0.1:", StringComparison.Ordinal);
        return nodes.Substring(at + "http://10.77.0.1:".Length, 5);
    }
}
