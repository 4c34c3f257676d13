using System.CommandLine;
using Entrepot.Server.Configuration;
using Entrepot.Server.Hosting;

namespace Entrepot.Cli.Commands;

/// <summary><c>entrepot up</c>.</summary>
internal static class UpCommand
{
    public static Command Create(CliEnvironment environment, CommonOptions common)
    {
        var options = new SettingsOptions();
        var command = new ExampleCommand(
            "up", "Run a whole network in one process: origin, edges and scheduler, with a first mirror to try it on",
            ("entrepot up", "Everything on this machine, data in ./data"),
            ("entrepot up --data /srv/entrepot --edges 4", "Another folder, four edges"),
            ("entrepot up --bind 0.0.0.0", "Reachable from other machines"))
        {
            common.Data,
        };
        options.AddTo(command);
        return command.Runs(environment, common, (context, cancellation) =>
        {
            var (settings, given) = options.Read(context);
            // Somebody watches: what went well is in the table.
            if (!given.Contains("log.level"))
                settings = settings with { Log = settings.Log with { Level = LogThreshold.Warning } };
            var roles = NodeRoles.Origin | NodeRoles.Scheduler | NodeRoles.Audit | (settings.Edges.Count > 0 ? NodeRoles.Edge : NodeRoles.None);
            return NodeRunner.RunAsync(context, new NodePlan(roles, settings, PublishRuntime: true), cancellation);
        });
    }
}
