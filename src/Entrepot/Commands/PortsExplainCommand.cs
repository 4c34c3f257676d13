using System.CommandLine;
using Entrepot.Cli.Rendering;
using Entrepot.Ports.Allocation;
using Entrepot.Server.Client;

namespace Entrepot.Cli.Commands;

/// <summary><c>entrepot ports explain</c>.</summary>
internal static class PortsExplainCommand
{
    public static Command Create(CliEnvironment environment, CommonOptions common)
    {
        var port = new Argument<int>("port") { Description = "A port, 1–65535" };
        port.Validators.Add(static result =>
        {
            if (result.Tokens.Count == 1 && (!int.TryParse(result.Tokens[0].Value, out var number) || number is < 1 or > 65535))
                result.AddError($"'{result.Tokens[0].Value}' is not a port; a port is 1–65535");
        });
        var udp = new Option<bool>("--udp") { Description = "UDP instead of TCP" };
        var command = common.ForNetwork(
            "explain", "Say who has a port, who listens there, which rules speak about it and how the decision came about",
            ("entrepot ports explain 8333", "Why push listens there"),
            ("entrepot ports explain 6000", "Why a service may not have it"));
        command.Add(port);
        command.Add(udp);
        return command.Runs(environment, common, async (context, cancellation) =>
        {
            var client = await context.ConnectAsync(cancellation);
            var explanation = await client.ExplainPortAsync(context.Get(port), context.Get(udp), cancellation);
            context.Write(explanation, ClientJson.Default.PortExplanation, found => Show(context, found));
            return ExitCodes.Done;
        });
    }

    private static void Show(CommandContext context, PortExplanation explanation)
    {
        context.Say(explanation.Summary);
        if (explanation.Lease is { } lease)
        {
            Tables.WritePairs(
                context,
                ("leased to", $"{lease.Service} on {lease.Node}, {lease.Address}"),
                ("granted", $"{Units.Time(lease.GrantedAt)}, generation {Units.Number(lease.Generation)}"),
                ("state", PortsListCommand.Lower(lease.State)),
                ("reason", lease.Reason));
        }

        Section("decision", explanation.Decision);
        Section("listening", explanation.Listeners.Select(static listener => $"{listener.Address}: {listener.Holder}"));
        Section("rules", explanation.Rules.Select(static rule => $"{PortsListCommand.Lower(rule.Effect)}: {rule.Text}{(rule.Unless is null ? "" : $" Unless {rule.Unless}.")}"));
        Section("notes", explanation.Notes);

        void Section(string title, IEnumerable<string> lines)
        {
            var all = lines.ToList();
            if (all.Count == 0)
                return;
            context.Say(title + ":");
            foreach (var line in all)
                context.Say("  " + line);
        }
    }
}
