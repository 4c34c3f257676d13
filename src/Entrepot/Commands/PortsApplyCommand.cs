using System.CommandLine;
using Entrepot.Cli.Rendering;
using Entrepot.Core.Documents;
using Entrepot.Core.Faults;
using Entrepot.Ports.Enforcement;
using Entrepot.Ports.Inventory;
using Entrepot.Server.Agent;

namespace Entrepot.Cli.Commands;

/// <summary><c>entrepot ports apply</c>.</summary>
internal static class PortsApplyCommand
{
    private const string Operator = "operator";
    private const string Origin = "origin";

    public static Command Create(CliEnvironment environment, CommonOptions common)
    {
        var rules = new PortfileRules();
        var socket = AgentOptions.Socket();
        var within = new Option<string?>("--confirm-within")
        {
            Description = "Take the change back by itself unless you say within this time that it stays, 5s–1h: on a terminal you are asked, else by 'entrepot ports confirm'", HelpName = "TIME",
        };
        var by = new Option<string>("--confirm-by")
        {
            Description = "Who says that it stays: operator, or origin, which must reach this node by a fresh connection", HelpName = "WHO", DefaultValueFactory = static _ => Operator,
        };
        by.AcceptOnlyFromAmong(Operator, Origin);
        var command = new ExampleCommand(
            "apply", "Have this machine's agent enforce a portfile: checked, compared with the packet filter afterwards, and taken back where it lets in more",
            ("entrepot ports apply portfile.yaml --dry-run", "What would change for whom"),
            ("entrepot ports apply portfile.yaml --confirm-within 60s", "Then, from a fresh session: entrepot ports confirm"),
            ("entrepot ports apply portfile.yaml --yes --confirm-within 60s --confirm-by origin", "Unattended: it stays if the origin still gets through"))
        {
            within, by, common.DryRun, common.Yes, socket,
        };
        rules.AddTo(command, common);
        return command.Runs(environment, common, async (context, cancellation) =>
        {
            var confirm = ParseWithin(context.Get(within));
            var byOrigin = context.Get(by) == Origin;
            if (byOrigin && confirm is null)
                throw Fault.Of(CliFault.Usage, FaultKind.Invalid, "--confirm-by needs a time.", "Add --confirm-within 60s.").ToException();
            var origin = byOrigin ? await OriginConfirmation.PrepareAsync(context, rules.NodeOf(context), cancellation) : null;
            var (portfile, model) = await rules.CompileAsync(context, cancellation);
            var order = new ApplyOrder(model, portfile.Policy.LongestOpening)
            {
                ConfirmWithin = confirm, Operators = [.. OperatorSessions.Find(environment, new ListeningSockets(), model)], Reserve = rules.Pools(context, portfile), CheckOnly = true,
            };
            using var agent = new AgentClient(context.SocketPath(socket));
            PortfileRules.Warn(context, model, (await agent.OpeningsAsync(cancellation)).Select(static door => door.Opening));
            var plan = await agent.ApplyAsync(order, cancellation);
            var onlyAsked = context.Get(common.DryRun);
            if (onlyAsked || plan.Differences.Length > 0)
                context.Say(plan.Differences.Length == 0 ? "Nothing would change." : string.Join('\n', plan.Differences));
            if (onlyAsked)
            {
                if (context.Format == OutputFormat.Json)
                    JsonOutput.Write(environment.Output, plan, EnforcementJson.Default.ApplyReport);
                return ExitCodes.Done;
            }

            if (!context.Confirm("Apply this to the packet filter of this machine?", required: true))
                return ExitCodes.Negative;
            var report = await agent.ApplyAsync(order with { CheckOnly = false }, cancellation);
            var asks = report.Deadline is not null && (origin is not null || context.CanAsk);
            context.Write(report, EnforcementJson.Default.ApplyReport, done => Show(context, done, asks));
            return !asks ? ExitCodes.Done
                : origin is not null ? await SettleAsync(context, context.SocketPath(socket), report, origin, cancellation)
                : await SettleAsync(context, context.SocketPath(socket), report, cancellation);
        });
    }

    /// <summary>Lets the origin try, and tells the agent what it found.</summary>
    private static async Task<int> SettleAsync(CommandContext context, string socket, ApplyReport report, OriginConfirmation origin, CancellationToken cancellation)
    {
        var (reached, why) = await origin.TryAsync(report.Deadline!.Value, cancellation);
        context.Say(why);
        using var agent = new AgentClient(socket);
        var settled = reached ? await agent.ConfirmAsync(report.Change, cancellation) : await agent.RevertAsync(report.Change, cancellation);
        context.Say($"Change {settled.Change} is {(reached ? "kept" : "taken back")}.");
        return reached ? ExitCodes.Done : ExitCodes.Negative;
    }

    /// <summary>Asks, and tells the agent by a connection that is made after the change.</summary>
    private static async Task<int> SettleAsync(CommandContext context, string socket, ApplyReport report, CancellationToken cancellation)
    {
        var keep = await KeepQuestion.AskAsync(context.Environment, report.Deadline!.Value, cancellation);
        if (keep is null)
        {
            context.Say("Nobody answered: the change is taken back by itself.");
            return ExitCodes.Negative;
        }

        using var fresh = new AgentClient(socket);
        var settled = keep.Value ? await fresh.ConfirmAsync(report.Change, cancellation) : await fresh.RevertAsync(report.Change, cancellation);
        context.Say($"Change {settled.Change} is {(keep.Value ? "kept" : "taken back")}.");
        return keep.Value ? ExitCodes.Done : ExitCodes.Negative;
    }

    private static void Show(CommandContext context, ApplyReport report, bool asks)
    {
        context.Say($"Applied as change {report.Change}. {report.Proof}");
        if (report.Warning is { } warning)
            context.Environment.Error.WriteLine(Printable.Text($"entrepot: {warning}"));
        if (!asks && report.Deadline is { } deadline)
            context.Say($"It is taken back at {Units.Time(deadline)} unless you run 'entrepot ports confirm', best from a session that you open now.");
    }

    private static TimeSpan? ParseWithin(string? text) => text is null
        ? null
        : Duration.TryParse(text, out var span) && span >= ModelRules.ShortestConfirmation && span <= ModelRules.LongestConfirmation
            ? span
            : throw Fault.Of(CliFault.Usage, FaultKind.Invalid, $"'{text}' is no time to confirm within.", "Write a time of 5s to 1h, such as --confirm-within 60s.").ToException();
}
