using System.CommandLine;
using System.Net.Http.Json;
using System.Text.Json;
using Entrepot.Cli.Diagnosis;
using Entrepot.Cli.Rendering;
using Entrepot.Core.Faults;
using Entrepot.Core.Kernel;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Inventory;
using Entrepot.Server.Api;
using Entrepot.Server.Client;
using Entrepot.Server.Configuration;
using Spectre.Console;

namespace Entrepot.Cli.Commands;

/// <summary><c>entrepot doctor</c>.</summary>
internal static class DoctorCommand
{
    /// <summary>How long a running node has to answer.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    public static Command Create(CliEnvironment environment, CommonOptions common)
    {
        var config = SettingsOptions.Config();
        var command = new ExampleCommand(
            "doctor", "Check this machine and the data folder, and say how to mend what is wrong; exit code 1 when something fails",
            ("entrepot doctor", "Before the first start"),
            ("entrepot doctor --data /var/lib/entrepot --config entrepot.yaml", "A production node"))
        {
            common.Data, config,
        };
        return command.Runs(environment, common, async (context, cancellation) =>
        {
            var report = DoctorReport.Of(await ExamineAsync(context, context.Get(config) ?? environment.Variable("ENTREPOT_CONFIG"), cancellation));
            context.Write(report, CliJson.Default.DoctorReport, found => Show(context, found));
            return report.Failures > 0 ? ExitCodes.Negative : ExitCodes.Done;
        });
    }

    private static async Task<IReadOnlyList<Check>> ExamineAsync(CommandContext context, string? configFile, CancellationToken cancellation)
    {
        var checks = new List<Check> { HostChecks.Platform() };
        var settings = Settings.Default;
        if (configFile is not null)
            checks.Add(ReadSettings(configFile, ref settings));
        var data = context.HasDataFolder || configFile is null ? context.DataFolder : settings.DataFolder;
        var network = NetworkDiscovery.Announced(data);
        var (answers, date) = network is null ? (false, null) : await AskAsync(context.Http, network, cancellation);

        checks.Add(DataChecks.Folder(data));
        checks.Add(DataChecks.Layout(data));
        checks.Add(DataChecks.OneFileSystem(data));
        checks.Add(DataChecks.FreeSpace(data, settings.Edges.Capacity * settings.Edges.Count));
        checks.Add(DataChecks.State(data));
        checks.Add(network is null
            ? Check.Ok("node", "none runs on this data folder")
            : answers
                ? Check.Ok("node", $"'{network.Node}' runs and is ready")
                : Check.Fail("node", $"'{network.Node}' has announced itself but does not answer as ready", "Look at its log; if no such process is left, the next start mends this."));
        var inventory = new ListeningSockets();
        var wanted = inventory.Sockets(PortProtocol.Tcp).Where(static socket => socket.Listening).ToList();
        checks.AddRange(HostChecks.Ports(settings, inventory.WithOwners(wanted), network, answers));
        checks.Add(HostChecks.Ephemeral(settings, inventory.EphemeralRange(), network));
        if (answers)
            checks.AddRange(await PoolsAsync(context, network!, cancellation));
        checks.Add(HostChecks.Clock(context.Environment.Time.GetUtcNow(), date));
        checks.Add(HostChecks.OpenFiles(ProcessLimits.OpenFiles(), settings));
        checks.Add(HostChecks.Programs(context.Environment.Variable("PATH")));
        return checks;
    }

    private static Check ReadSettings(string file, ref Settings settings)
    {
        try
        {
            var result = SettingsReader.ReadFile(file);
            settings = result.Require();
            return Check.Ok("settings", $"'{file}' states {Units.Of(result.Given.Count, "setting")}");
        }
        catch (FaultException error)
        {
            return Check.Fail("settings", error.Message, error.Fault.Cure ?? "Mend the file.");
        }
    }

    private static async Task<(bool Answers, DateTimeOffset? Date)> AskAsync(HttpClient http, AnnouncedNetwork network, CancellationToken cancellation)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        deadline.CancelAfter(Patience);
        try
        {
            var (url, path) = network.Surfaces.FirstOrDefault(static surface => surface.Surface == "metadata") is { } metadata
                ? (metadata.Url, "readyz")
                : (network.Surfaces[0].Url, "healthz");
            using var response = await http.GetAsync($"{network.Local?.GetValueOrDefault(url) ?? url}/{path}", deadline.Token);
            return (response.IsSuccessStatusCode, response.Headers.Date);
        }
        catch (Exception error) when (error is HttpRequestException or OperationCanceledException or ArgumentException && !cancellation.IsCancellationRequested)
        {
            return (false, null);
        }
    }

    /// <summary>What the running node says of its pools; nothing from one that keeps none or does not tell.</summary>
    private static async Task<IEnumerable<Check>> PoolsAsync(CommandContext context, AnnouncedNetwork network, CancellationToken cancellation)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        deadline.CancelAfter(Patience);
        try
        {
            if (network.Surfaces.FirstOrDefault(static surface => surface.Surface == "metadata") is not { } metadata)
                return [];
            using var client = new HttpRequestMessage(HttpMethod.Get, $"{network.Local?.GetValueOrDefault(metadata.Url) ?? metadata.Url}/v1/ports/pools");
            using var response = await context.Http.SendAsync(client, deadline.Token);
            return response.IsSuccessStatusCode
                ? HostChecks.Pools(await response.Content.ReadFromJsonAsync(ClientJson.Default.IReadOnlyListPoolUsage, deadline.Token) ?? [])
                : [];
        }
        catch (Exception error) when (error is HttpRequestException or JsonException or OperationCanceledException && !cancellation.IsCancellationRequested)
        {
            return [];
        }
    }

    private static void Show(CommandContext context, DoctorReport report)
    {
        var width = report.Checks.Max(static check => check.Name.Length);
        foreach (var check in report.Checks)
        {
            var (sign, colour) = check.Status switch { CheckStatus.Ok => ("ok  ", Color.Green), CheckStatus.Warn => ("warn", Color.Yellow), _ => ("FAIL", Color.Red) };
            context.Console.Write(new Text(sign, new Style(colour)));
            context.Say($"  {check.Name.PadRight(width)}  {check.Finding}");
            if (check.Mend is not null)
                context.Say(new string(' ', width + 8) + check.Mend);
        }

        context.Say(report switch
        {
            { Failures: 0, Warnings: 0 } => "All is well.",
            { Failures: 0 } => $"{Units.Of(report.Warnings, "warning")}; a node can start.",
            _ => $"{Units.Of(report.Failures, "failure")}, {Units.Of(report.Warnings, "warning")}.",
        });
    }
}
