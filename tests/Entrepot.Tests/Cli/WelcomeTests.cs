using Entrepot.Cli.Rendering;
using Entrepot.Ports.Truth;
using Entrepot.Server.PortWatch;
using Entrepot.Tests.Ports.Findings;

namespace Entrepot.Tests.Cli;

public sealed class WelcomeTests
{
    [Theory]
    [InlineData("dotnet/shared/a b'c.dll", "curl -L -o 'a b'\\''c.dll' http://127.0.0.1:8080/dotnet/shared/a%20b%27c.dll")]
    [InlineData("dotnet/System.dll", "curl -L -o System.dll http://127.0.0.1:8080/dotnet/System.dll")]
    public async Task Names_are_quoted_for_the_shell_and_encoded_for_the_address(string sample, string expected)
    {
        await using var world = await CliWorld.StartAsync();

        Welcome.Commands(world.Environment(TextWriter.Null, TextWriter.Null), "http://127.0.0.1:8080", sample, "data")[0].ShouldBe(expected);
    }

    [Fact]
    public async Task The_pull_command_is_the_one_that_was_run_and_names_another_data_folder()
    {
        await using var world = await CliWorld.StartAsync();
        world.Variables["ENTREPOT_COMMAND"] = "./run";

        Welcome.Commands(world.Environment(TextWriter.Null, TextWriter.Null), "http://h:1", "m/f", "/srv/my data").ShouldBe(
            ["curl -L -o f http://h:1/m/f", "aria2c -x4 http://h:1/m/f.meta4", "./run pull m/f -o f --data '/srv/my data'"]);
    }

    [Fact]
    public void The_start_says_what_is_known_of_ports_and_what_the_rest_takes()
    {
        var rows = new[]
        {
            FindingReconcilerTests.Row(443, Declared.Service, Bound.Owner, Permitted.Unknown, Reachable.Open), FindingReconcilerTests.Row(80, Declared.Service, Bound.Nobody),
            FindingReconcilerTests.Undeclared(5000),
        };
        Welcome.Ports(new StatusDocument("origin", FakeNetwork.Now, rows, ["permitted is not known: " + PermittedUnknown.NeedsAgent], [])).ShouldBe(
            "Ports: 2 declared, 1 bound by their owner, 1 reached from outside, 2 findings; see 'entrepot ports status'.\n"
            + "  permitted is not known: Reading the packet filter takes the agent, the one process with that privilege, and none runs here.");
    }
}
