using System.Globalization;
using System.Text.Json;
using Entrepot.Ports.Truth;
using Entrepot.Server.Client;

namespace Entrepot.SystemTests.Ports;

/// <summary>A node and an edge on two hosts, a real packet filter, real probes: the four truths as an operator sees them.</summary>
public sealed class FourTruthsTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    [Fact]
    public async Task An_edge_on_another_host_tells_which_doors_are_open_and_the_packet_filter_tells_why_one_is_not()
    {
        await VirtualNetwork.RequireAsync("nft");
        await using var network = await VirtualNetwork.CreateAsync(2);
        using var folder = new TestFolder();
        var (origin, edge) = (network[0], network[1]);
        await origin.LoadAsync($$"""
            table inet judge {
              chain in {
                type filter hook input priority 0; policy accept;
                ip saddr {{edge.Address}} tcp dport 8333 drop
              }
            }
            """);
        await File.WriteAllTextAsync(folder["origin.yaml"], $$"""
            bind: 0.0.0.0
            publicHost: {{origin.Address}}
            heartbeat: {interval: 1s}
            watch: {probe: 10s}
            edges: {count: 0}
            surfaces:
              admin: {allow: [10.77.0.0/24, 127.0.0.0/8]}
            """);
        await File.WriteAllTextAsync(folder["edge.yaml"], $$"""
            bind: 0.0.0.0
            publicHost: {{edge.Address}}
            node: far
            heartbeat: {interval: 1s}
            watch: {probe: 10s}
            """);

        using var node = origin.Start(EntrepotProcess.Program, "serve", "--roles", "origin,scheduler", "--config", folder["origin.yaml"], "--data", folder["origin"]);
        await Poll.UntilAsync(() => Task.FromResult(File.Exists(Server.Hosting.DataFolder.NetworkFile(folder["origin"]))), Patience, () => "the origin did not start");
        var token = await origin.RunAsync(EntrepotProcess.Program, "node", "token", "--role", "edge", "--data", folder["origin"]);
        await File.WriteAllTextAsync(folder["token"], token.ShouldSucceed().Output);
        using var far = edge.Start(
            EntrepotProcess.Program, "serve", "--roles", "edge", "--join", $"https://{origin.Address}:9080", "--token-file", folder["token"], "--config", folder["edge.yaml"], "--data", folder["edge"]);

        StatusDocument? status = null;
        await Poll.UntilAsync(
            async () => (status = await StatusAsync(origin, folder["origin"])) is { } known && Row(known, 3000).Reachable == Reachable.Open && Row(known, 8333).Reachable != Reachable.Unknown,
            Patience, () => $"no probe was told: {status?.Ports.Count} {(node.HasEnded ? "the origin ended" : "")} {(far.HasEnded ? "the edge ended" : "")}");

        var open = Row(status!, 3000);
        (open.Declared, open.Bound, open.Permitted, open.Reachable, open.Verdict).ShouldBe(
            (Declared.Service, Bound.Owner, Permitted.AsDeclared, Reachable.Open, TruthVerdict.InOrder), open.Summary);
        open.Probes.ShouldHaveSingleItem().From.ShouldBe("far");
        var shut = Row(status!, 8333);
        (shut.Permitted, shut.Reachable, shut.Verdict).ShouldBe((Permitted.Narrower, Reachable.Filtered, TruthVerdict.Blocked), shut.Summary);
        shut.Filter.ShouldNotBeNull().ShouldContain("judge");
    }

    [Fact]
    public async Task An_ordinary_user_sees_three_truths_and_is_told_what_the_fourth_takes()
    {
        await VirtualNetwork.RequireAsync("setpriv");
        await using var network = await VirtualNetwork.CreateAsync(1);
        using var folder = new TestFolder();
        Directory.CreateDirectory(folder["home"]);
        var program = await ProgramForAll.CopyAsync(folder);
        foreach (var path in new[] { folder.Root, folder["home"] })
            (await Command.RunAsync("chown", "65534:65534", path)).ShouldSucceed();
        string[] nobody = ["--reuid", "65534", "--regid", "65534", "--clear-groups", program];

        using var node = network[0].Start("setpriv", [.. nobody, "up", "--data", folder["data"]]);
        await Poll.UntilAsync(
            () => Task.FromResult(node.HasEnded || File.Exists(Server.Hosting.DataFolder.NetworkFile(folder["data"]))), Patience, () => "the node did not start");
        if (node.HasEnded)
            throw new InvalidOperationException($"the node ended: {await node.EndAsync()}");
        var status = (await network[0].RunAsync("setpriv", [.. nobody, "ports", "status", "--data", folder["data"]])).ShouldSucceed().Output;

        status.ShouldContain("tcp/3000   metadata         local    entrepot (pid ");
        status.ShouldContain("permitted is not known: ");
        status.ShouldContain("agent");
    }

    private static async Task<StatusDocument?> StatusAsync(VirtualHost host, string data)
    {
        var result = await host.RunAsync(EntrepotProcess.Program, "ports", "status", "--all", "--output", "json", "--data", data);
        return result.ExitCode == 0 ? JsonSerializer.Deserialize(result.Output, ClientJson.Default.StatusDocument) : null;
    }

    private static PortStatus Row(StatusDocument status, int port)
        => status.Ports.FirstOrDefault(row => row.Port == port && row.Service is not null)
            ?? throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture, $"no row for {port}"));
}
