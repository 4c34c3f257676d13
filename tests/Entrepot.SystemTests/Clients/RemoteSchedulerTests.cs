using System.Globalization;
using System.Text.Json;
using Entrepot.Server.Api;

namespace Entrepot.SystemTests.Clients;

/// <summary>Origin, two edges and a scheduler as four processes with a folder each.</summary>
public sealed class RemoteSchedulerTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Clients_are_sent_to_edges_by_a_scheduler_that_is_not_the_origin_and_outlives_it()
    {
        Command.Require("curl");
        await using var network = await TestNetwork.StartAsync(2);
        await using var scheduler = await EntrepotProcess.StartAsync(
            network.Folder["door"], ["serve", "--roles", "scheduler", "--node", "door", .. await network.Origin.JoinArgumentsAsync(network.Folder["door"], "scheduler")]);
        var door = scheduler.Url("scheduler");
        var file = network.Folder["disk.img"];
        var digest = TestFolder.WriteRandom(file, 3L << 20, 7);
        (await network.Origin.CommandAsync("mirror", "create", "images")).ShouldSucceed();
        (await network.Origin.CommandAsync("push", file, "images/disk.img")).ShouldSucceed();

        var got = network.Folder["got.img"];
        await Poll.UntilAsync(
            async () => (await Command.RunAsync("curl", "-fsSL", "-o", got, $"{door}images/disk.img")).ExitCode == 0, Patience, () => $"it does not see what was published:\n{scheduler.Output}");
        TestFolder.HashOf(got).ShouldBe(digest);
        (await Command.RunAsync("curl", "-fsS", $"{door}images/disk.img.md5")).ShouldSucceed().Output.ShouldEndWith("  disk.img\n");
        (await Command.RunAsync("curl", "-fsS", $"{door}images/")).ShouldSucceed().Output.ShouldContain("disk.img");
        await Poll.UntilAsync(
            async () => JsonSerializer.Deserialize(
                (await Command.RunAsync("curl", "-fsS", $"{network.Origin.Url("metadata")}v1/network")).Output, ApiJson.Default.NetworkDocument)!.Surfaces
                .Any(surface => surface is { Surface: "scheduler", Node: "door" } && surface.Url == door.GetLeftPart(UriPartial.Authority)),
            Patience, () => $"the network does not show it:\n{scheduler.Output}");
        // Both edges hold it, so that the origin is not needed for the bytes.
        foreach (var edge in network.Edges)
            (await Command.RunAsync("curl", "-fsS", "-o", "/dev/null", $"{edge.Url("edge")}images/disk.img")).ShouldSucceed();

        await network.Origin.KillAsync();
        await DownloadsAsync(door);
        await scheduler.KillAsync();
        await using var again = await EntrepotProcess.StartAsync(
            network.Folder["door"], "serve", "--roles", "scheduler", "--node", "door");
        var refused = await Command.RunAsync("curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", $"{again.Url("scheduler")}images/disk.img");
        refused.Output.ShouldBe("503", "what is published is on its disk, where the edges are the origin tells");
        (await Command.RunAsync("curl", "-fsS", $"{again.Url("scheduler")}images/")).ShouldSucceed().Output.ShouldContain("disk.img");

        async Task DownloadsAsync(Uri address)
        {
            for (var i = 0; i < 5; i++)
            {
                (await Command.RunAsync("curl", "-fsSL", "-o", got, $"{address}images/disk.img?try={i.ToString(CultureInfo.InvariantCulture)}")).ShouldSucceed();
                TestFolder.HashOf(got).ShouldBe(digest);
            }
        }
    }
}
