using System.CommandLine;
using System.Globalization;
using Entrepot.Cli.Rendering;
using Entrepot.Server.Api;
using Entrepot.Server.Drills;

namespace Entrepot.Cli.Commands;

/// <summary><c>entrepot drill</c>.</summary>
internal static class DrillCommand
{
    public static Command Create(CliEnvironment environment, CommonOptions common)
    {
        var group = new Command("drill", "Rehearse incidents on the running node; the result goes to the journal")
        {
            Drill(
                environment, common, "hijack", "A stranger takes the port of a scratch service: it must move, the stranger be seen, and the port come back",
                rounds: false, ("entrepot drill hijack", "Within seconds; no real service is touched")),
            Drill(
                environment, common, "rotate", "An edge changes its port again and again while a client downloads: no download may fail",
                rounds: true, ("entrepot drill rotate", "Three rotations"), ("entrepot drill rotate --rounds 20", "Twenty")),
            DrillRevertCommand.Create(environment, common),
            DrillStrangerCommand.Create(environment),
        };
        return group;
    }

    private static ExampleCommand Drill(
        CliEnvironment environment, CommonOptions common, string name, string description, bool rounds, params (string, string)[] examples)
    {
        var option = new Option<int?>("--rounds") { Description = $"How often, 1–{DrillLimits.MaxRounds}" };
        var command = common.ForNetwork(name, description, examples);
        if (rounds)
            command.Add(option);
        return command.Runs(environment, common, async (context, cancellation) =>
        {
            var client = await context.ConnectAsync(cancellation);
            var result = await client.DrillAsync(name, new DrillRequest(rounds ? context.Get(option) : null), cancellation);
            context.Write(result, ApiJson.Default.DrillDocument, document => Show(context, document));
            return result.Passed ? ExitCodes.Done : ExitCodes.Negative;
        });
    }

    /// <summary>Tells people what a drill came to.</summary>
    public static void Show(CommandContext context, DrillDocument document)
    {
        Tables.Write(
            context, ["", "step", new("time", true), "seen"],
            [.. document.Steps.Select(static step => (string[])
                [step.Passed ? "passed" : "FAILED", step.Text, string.Create(CultureInfo.InvariantCulture, $"{step.Seconds:0.0} s"), step.Detail])],
            "");
        context.Say(string.Create(
            CultureInfo.InvariantCulture, $"The drill '{document.Drill}' {(document.Passed ? "passed" : "FAILED")} after {document.Seconds:0.0} s; the journal has it."));
    }
}
