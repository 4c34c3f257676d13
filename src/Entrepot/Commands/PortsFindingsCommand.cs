using System.CommandLine;
using Entrepot.Cli.Rendering;
using Entrepot.Server.Client;
using Entrepot.Server.PortWatch;

namespace Entrepot.Cli.Commands;

/// <summary><c>entrepot ports findings</c>.</summary>
internal static class PortsFindingsCommand
{
    public static Command Create(CliEnvironment environment, CommonOptions common)
    {
        var group = new Command("findings", "See differences between the truths of ports, and say that you know of them; only a fresh observation resolves one")
        {
            List(environment, common),
            Mark(environment, common, "ack", fixing: false, "Say that a finding is known", "known: test server until Friday"),
            Mark(environment, common, "fixing", fixing: true, "Say that a finding is worked on", "change 1204"),
        };
        return group;
    }

    private static ExampleCommand List(CliEnvironment environment, CommonOptions common)
    {
        var resolved = new Option<bool>("--resolved") { Description = "Resolved ones as well" };
        var command = common.ForNetwork(
            "list", "List the findings, the newest first",
            ("entrepot ports findings list", "What is open"),
            ("entrepot ports findings list --resolved --output json", "Everything, with the time it took to fix"));
        command.Add(resolved);
        return command.Runs(environment, common, async (context, cancellation) =>
        {
            var client = await context.ConnectAsync(cancellation);
            var findings = await client.ListFindingsAsync(context.Get(resolved), cancellation);
            context.Write(findings, ClientJson.Default.IReadOnlyListFindingDocument, found => Tables.Write(
                context,
                [new("id", true), "port", "kind", "state", new("open for", true), "what"],
                [.. found.Select(static finding => (string[])
                [
                    Units.Number(finding.Id), $"{finding.Protocol}/{Units.Number(finding.Port)}", PortsListCommand.Lower(finding.Kind), PortsListCommand.Lower(finding.State),
                    Age(finding), finding.Note is null ? finding.Summary : $"{finding.Summary} [{finding.Note}]",
                ])],
                "No finding is open."));
            return ExitCodes.Done;
        });
    }

    private static ExampleCommand Mark(CliEnvironment environment, CommonOptions common, string name, bool fixing, string description, string example)
    {
        var id = new Argument<long>("id") { Description = "Its number, as the list shows it" };
        var command = common.ForNetwork(name, description, ($"entrepot ports findings {name} 7 --note '{example}'", "With the reason, for whoever looks next"));
        command.Add(id);
        command.Add(common.Note);
        return command.Runs(environment, common, async (context, cancellation) =>
        {
            var client = await context.ConnectAsync(cancellation);
            var finding = await client.MarkFindingAsync(context.Get(id), fixing, context.Get(common.Note), cancellation);
            context.Write(finding, ClientJson.Default.FindingDocument, marked => context.Say($"Finding {Units.Number(marked.Id)} is {PortsListCommand.Lower(marked.State)}: {marked.Summary}"));
            return ExitCodes.Done;
        });
    }

    private static string Age(FindingDocument finding)
    {
        var age = TimeSpan.FromSeconds(finding.AgeSeconds);
        return age switch
        {
            { TotalMinutes: < 1 } => $"{Units.Number(age.Seconds)} s",
            { TotalHours: < 1 } => $"{Units.Number((int)age.TotalMinutes)} min",
            { TotalDays: < 1 } => $"{Units.Number((int)age.TotalHours)} h",
            _ => $"{Units.Count((int)age.TotalDays)} d",
        };
    }
}
