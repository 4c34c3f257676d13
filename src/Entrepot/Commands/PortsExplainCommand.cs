using System.CommandLine;
using Entrepot.Cli.Ports;
using Entrepot.Cli.Rendering;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Declarations;
using Entrepot.Server.Client;
using Entrepot.Server.Configuration;

namespace Entrepot.Cli.Commands;

/// <summary><c>entrepot ports explain</c>.</summary>
internal static class PortsExplainCommand
{
    public static Command Create(CliEnvironment environment, CommonOptions common)
    {
        var subject = new Argument<string>("what") { Description = "A port, 1–65535, or the name of a service", HelpName = "SERVICE|PORT" };
        subject.Validators.Add(static result =>
        {
            if (result.Tokens.Count == 1 && IsNumber(result.Tokens[0].Value) && PortOf(result.Tokens[0].Value) is null)
                result.AddError($"'{result.Tokens[0].Value}' is not a port; a port is 1–65535");
        });
        var protocol = new Option<string?>("--protocol") { Description = "Transport [default: tcp, or the one of which the service has a lease]", HelpName = "tcp|udp|sctp" };
        protocol.AcceptOnlyFromAmong([.. PortProtocols.All.Select(static known => known.Name())]);
        var whyNot = new Option<int?>("--why-not") { Description = "Say why the service has not got this port", HelpName = "PORT" };
        whyNot.Validators.Add(static result =>
        {
            if (result.Tokens.Count == 1 && PortOf(result.Tokens[0].Value) is null)
                result.AddError($"'{result.Tokens[0].Value}' is not a port; a port is 1–65535");
        });
        var rows = new Option<int>("--rows") { Description = $"Most candidates of each kind to show, 1–{PortTabulator.MaxRows} [default: {PortTabulator.DefaultRows}]", HelpName = "N", DefaultValueFactory = static _ => PortTabulator.DefaultRows };
        rows.Validators.Add(static result =>
        {
            if (result.Tokens.Count == 1 && (!int.TryParse(result.Tokens[0].Value, out var number) || number is < 1 or > PortTabulator.MaxRows))
                result.AddError($"'{result.Tokens[0].Value}' is not a number of rows; use 1–{PortTabulator.MaxRows}");
        });
        var file = new Option<string?>("--file") { Description = "Decide by what this portfile declares, without a running node", HelpName = "FILE" };
        var node = new Option<string?>("--node") { Description = "With --file: the node [default: the settings' default name]", HelpName = "NAME" };
        var site = new Option<string?>("--site") { Description = "With --file: the node's site [default: the settings' default site]", HelpName = "NAME" };
        var command = common.ForNetwork(
            "explain", "Say who has a port and which rules speak about it; or how a service gets its port: candidates, vetoes, twelve scores",
            ("entrepot ports explain 8333", "Why push listens there"),
            ("entrepot ports explain edge-1", "How its port was chosen among those of the pool"),
            ("entrepot ports explain edge-1 --why-not 54321", "Why it has not got that one"),
            ("entrepot ports explain web --file portfile.yaml", "What the portfile alone would give it"));
        foreach (var option in (Option[])[protocol, whyNot, rows, file, node, site])
            command.Add(option);
        command.Add(subject);
        return command.Runs(environment, common, async (context, cancellation) =>
        {
            var what = context.Get(subject);
            PortProtocol? transport = PortProtocols.TryParse(context.Get(protocol), out var parsed) ? parsed : null;
            if (context.Get(file) is { } path)
                PortTableView.Write(context, Declared(path, what, context.Get(node), context.Get(site), context.Get(whyNot), context.Get(rows), environment.Time));
            else if (PortOf(what) is { } port)
                context.Write(
                    await ExplainAsync(context, port, transport ?? PortProtocol.Tcp, cancellation),
                    ClientJson.Default.PortExplanation, found => Show(context, found));
            else
                PortTableView.Write(
                    context, await (await context.ConnectAsync(cancellation)).ExplainServiceAsync(what, transport, context.Get(whyNot), context.Get(rows), cancellation));
            return ExitCodes.Done;
        });
    }

    private static async Task<PortExplanation> ExplainAsync(CommandContext context, int port, PortProtocol protocol, CancellationToken cancellation)
    {
        EntrepotClient client;
        try
        {
            client = await context.ConnectAsync(cancellation);
        }
        catch (FaultException error) when (error.Fault.Is(CliFault.NoNetwork))
        {
            return await LocalExplanation.OfAsync(port, protocol, context.Environment.Time);
        }

        return await client.ExplainPortAsync(port, protocol, cancellation);
    }

    private static PortTable Declared(string path, string service, string? node, string? site, int? whyNot, int rows, TimeProvider time)
    {
        var portfile = PortfileReader.ReadFile(path, time.GetUtcNow()).Require();
        var found = portfile.Services.FirstOrDefault(declared => declared.Name == service) ?? throw Fault.Of(
            PortFault.ServiceUnknown, FaultKind.NotFound, $"'{path}' declares no service '{service}'.",
            $"It declares: {string.Join(", ", portfile.Services.Select(static declared => declared.Name))}.").ToException();
        var (where, place) = (node is null ? Settings.Default.Node : NodeName.Parse(node), site ?? Settings.Default.Site);
        if (!found.Placement.Covers(where, place))
            throw Fault.Of(
                PortFault.ServiceUnknown, FaultKind.NotFound, $"'{path}' declares '{service}', but not for node '{where}' of site '{place}'.",
                "Say where with --node and --site.").ToException();
        var request = DeclaredChoice.Request(portfile, found, where);
        request.Validate();
        return PortTabulator.Tabulate(request, DeclaredChoice.Situation(portfile, request, place), rows, whyNot);
    }

    private static bool IsNumber(string text) => text.Length > 0 && text.All(char.IsAsciiDigit);

    private static int? PortOf(string text) => IsNumber(text) && int.TryParse(text, out var port) && port is >= 1 and <= PortSet.MaxPort ? port : null;

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
        Section("passed over", explanation.Passed);
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
