using System.Globalization;
using System.Text.Json;
using Entrepot.Server.Api;
using Entrepot.Server.Hosting;

namespace Entrepot.SystemTests.Ports.Firewalls;

/// <summary>The origin says whether a change of an edge's ports stays: on another host, by connections that the new rules must let in.</summary>
public sealed class OriginConfirmationTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    [Fact]
    public async Task A_change_stays_when_the_origin_gets_through_and_is_taken_back_when_it_does_not()
    {
        await VirtualNetwork.RequireAsync("nft", "conntrack");
        await using var network = await VirtualNetwork.CreateAsync(2);
        using var folder = new TestFolder();
        var (origin, edge) = (network[0], network[1]);
        await File.WriteAllTextAsync(folder["origin.yaml"], $$"""
            bind: 0.0.0.0
            publicHost: {{origin.Address}}
            heartbeat: {interval: 1s}
            edges: {count: 0}
            surfaces:
              admin: {allow: [10.77.0.0/24, 127.0.0.0/8]}
            """);
        await File.WriteAllTextAsync(folder["edge.yaml"], $$"""
            bind: 0.0.0.0
            publicHost: {{edge.Address}}
            node: far
            heartbeat: {interval: 1s}
            """);
        using var node = origin.Start(EntrepotProcess.Program, "serve", "--roles", "origin,scheduler", "--config", folder["origin.yaml"], "--data", folder["origin"]);
        await Poll.UntilAsync(() => Task.FromResult(File.Exists(DataFolder.NetworkFile(folder["origin"]))), Patience, () => "the origin did not start");
        var token = await origin.RunAsync(EntrepotProcess.Program, "node", "token", "--role", "edge", "--data", folder["origin"]);
        await File.WriteAllTextAsync(folder["token"], token.ShouldSucceed().Output);
        using var far = edge.Start(
            EntrepotProcess.Program, "serve", "--roles", "edge", "--join", $"https://{origin.Address}:9080", "--token-file", folder["token"], "--config", folder["edge.yaml"], "--data", folder["edge"]);
        await Poll.UntilAsync(() => Task.FromResult(File.Exists(DataFolder.NetworkFile(folder["edge"]))), Patience, () => "the edge did not start");
        var port = JsonSerializer.Deserialize(await File.ReadAllTextAsync(DataFolder.NetworkFile(folder["edge"])), ApiJson.Default.AnnouncedNetwork)!.Surfaces.Single().Port;
        var portfile = $$$"""
            policy: {undeclared: drop, management: {port: 22}}
            services:
              - {name: edge, port: {{{port}}}, allow: [{cidr: 10.77.0.1}], owner: ops, purpose: downloads, accept: [ephemeral]}
            """;
        await using var agent = await AgentProcess.StartAsync(edge, folder);

        CommandResult kept = null!;
        await Poll.UntilAsync(async () => (kept = await ApplyAsync(portfile)).ExitCode == 0, Patience, () => $"{kept.Output}{kept.Error}{(node.HasEnded ? "the origin ended" : "")}{(far.HasEnded ? "the edge ended" : "")}");
        kept.Output.ShouldContain($"The origin gets through: tcp/{port} open.");
        kept.Output.ShouldContain(" is kept.");
        var rules = await edge.RulesetAsync();
        rules.ShouldContain(port.ToString(CultureInfo.InvariantCulture));

        var reverted = await ApplyAsync(portfile.Replace("10.77.0.1", "10.77.0.9", StringComparison.Ordinal));
        reverted.ExitCode.ShouldBe(1);
        reverted.Output.ShouldContain($"The origin does not get through any more: tcp/{port} filtered.");
        reverted.Output.ShouldContain(" is taken back.");
        (await edge.RulesetAsync()).ShouldBe(rules);

        Task<CommandResult> ApplyAsync(string text) => agent.ApplyAsync(
            text, "--node", "far", "--data", folder["edge"], "--confirm-within", "20s", "--confirm-by", "origin");
    }
}
