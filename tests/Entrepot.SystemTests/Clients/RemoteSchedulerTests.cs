using System.Globalization;
using System.Text.Json;
using Entrepot.Server.Api;

namespace Entrepot.SystemTests.Clients;

/// <summary>Origin, two edges and a scheduler as four processes with a folder each.</summary>
public sealed class RemoteSchedulerTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task A_private_mirror_is_read_through_it_by_token_and_by_nobody_else()
    {
        Command.Require("curl");
        await using var network = await TestNetwork.StartAsync(1);
        await using var scheduler = await EntrepotProcess.StartAsync(
            network.Folder["door"], ["serve", "--roles", "scheduler", "--node", "door", .. await network.Origin.JoinArgumentsAsync(network.Folder["door"], "scheduler")]);
        var file = network.Folder["disk.img"];
        var digest = TestFolder.WriteRandom(file, 3L << 20, 8);
        (await network.Origin.CommandAsync("mirror", "create", "vault", "--private")).ShouldSucceed();
        (await network.Origin.CommandAsync("push", file, "vault/disk.img")).ShouldSucceed();
        var reader = (await network.Origin.CommandAsync("token", "create", "--role", "viewer", "--mirror", "vault", "--name", "reader")).ShouldSucceed().Output.Trim();
        var other = (await network.Origin.CommandAsync("token", "create", "--role", "viewer", "--mirror", "images")).ShouldSucceed().Output.Trim();
        var got = network.Folder["got.img"];
        var address = $"{scheduler.Url("scheduler")}vault/disk.img";

        await Poll.UntilAsync(async () => await AskAsync(reader) == "200", Patience, () => $"it does not let the reader in:\n{scheduler.Output}");
        TestFolder.HashOf(got).ShouldBe(digest);
        (await AskAsync(null)).ShouldBe("404", "as though it were not there");
        (await AskAsync(other)).ShouldBe("404");
        (await AskAsync("nonsense")).ShouldBe("401");
        var edge = (await Command.RunAsync("curl", "-sS", "-o", "/dev/null", "-w", "%{redirect_url}", "-H", $"Authorization: Bearer {reader}", address)).Output;
        edge.ShouldContain("signature=");
        (await Command.RunAsync("curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", edge.Split('?')[0])).Output.ShouldBe("404", "an edge shows nothing without the signature");

        (await network.Origin.CommandAsync("token", "revoke", "reader")).ShouldSucceed();
        await Poll.UntilAsync(async () => await AskAsync(reader) == "401", Patience, () => $"a revoked token still opens:\n{scheduler.Output}");

        async Task<string> AskAsync(string? token)
            => (await Command.RunAsync("curl", ["-sSL", "-o", got, "-w", "%{http_code}", .. token is null ? Array.Empty<string>() : ["-H", $"Authorization: Bearer {token}"], address])).Output;
    }

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
