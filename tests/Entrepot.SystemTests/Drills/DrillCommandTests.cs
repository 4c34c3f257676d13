using System.Text.Json;
using Entrepot.Server.Api;

namespace Entrepot.SystemTests.Drills;

/// <summary>The drills as an operator runs them, on a node that works.</summary>
public sealed class DrillCommandTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task The_hijack_and_rotation_drills_pass_and_stand_in_the_journal()
    {
        var file = _folder["a.bin"];
        TestFolder.WriteRandom(file, 100_000, 1);
        await using var node = await EntrepotProcess.StartWithAsync(
            EntrepotProcess.AnyPorts + "\nguard: {interval: 500ms}\nedges: {count: 1}\n", _folder["node"], "serve", "--roles", "origin,scheduler,edge");
        (await node.CommandAsync("mirror", "create", "files")).ShouldSucceed();
        (await node.CommandAsync("push", file, "files/a.bin")).ShouldSucceed();

        var hijack = Read((await node.CommandAsync("drill", "hijack", "--output", "json")).ShouldSucceed());
        var rotate = Read((await node.CommandAsync("drill", "rotate", "--rounds", "2", "--output", "json")).ShouldSucceed());

        hijack.Steps.ShouldAllBe(static step => step.Passed);
        hijack.Steps.Count.ShouldBe(5);
        rotate.Steps.Count.ShouldBe(4);
        var journal = (await node.CommandAsync("audit", "log", "--action", "drill", "--output", "json")).ShouldSucceed().Output;
        journal.ShouldContain("drill.hijack");
        journal.ShouldContain("drill.rotate");
        (await node.CommandAsync("ports", "list", "--output", "json")).ShouldSucceed().Output.ShouldNotContain("drill-hijack");
    }

    [Fact]
    public async Task A_drill_that_the_node_can_not_do_is_refused_with_the_reason()
    {
        await using var node = await EntrepotProcess.StartAsync(_folder["node"], "serve", "--roles", "origin");

        var result = await node.CommandAsync("drill", "rotate");

        result.ExitCode.ShouldBe(4);
        result.Error.ShouldContain("No edge runs in this process");
    }

    private static DrillDocument Read(CommandResult result) => JsonSerializer.Deserialize(result.Output, ApiJson.Default.DrillDocument)!;
}
