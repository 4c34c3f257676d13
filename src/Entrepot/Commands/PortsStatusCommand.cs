using System.CommandLine;
using Entrepot.Cli.Ports;
using Entrepot.Cli.Rendering;
using Entrepot.Server.Client;

namespace Entrepot.Cli.Commands;

/// <summary><c>entrepot ports status</c>.</summary>
internal static class PortsStatusCommand
{
    private static readonly TimeSpan Redraw = TimeSpan.FromSeconds(2);

    public static Command Create(CliEnvironment environment, CommonOptions common)
    {
        var watch = new Option<bool>("--watch", "-w") { Description = "Look again every 2 s until Ctrl-C" };
        var all = new Option<bool>("--all", "-a") { Description = "Also ports that are neither declared nor a finding" };
        var source = new StatusOptions();
        var command = common.ForNetwork(
            "status", "Show the four truths of every port: declared, bound, permitted, reachable, and what they come to",
            ("entrepot ports status", "What listens here, and whether it should"),
            ("entrepot ports status --watch", "See a new listener within seconds"),
            ("entrepot ports status --host ssh://root@db1", "A host without an agent"));
        command.Add(watch);
        command.Add(all);
        source.AddTo(command);
        return command.Runs(environment, common, async (context, cancellation) =>
        {
            if (!context.Get(watch))
            {
                await WriteAsync(cancellation);
                return ExitCodes.Done;
            }

            using var timer = new PeriodicTimer(Redraw, environment.Time);
            try
            {
                do
                {
                    if (context is { Format: OutputFormat.Table, Environment: { OutputIsTerminal: true, AllowsColour: true } })
                        context.Console.Clear(home: true);
                    await WriteAsync(cancellation);
                }
                while (await timer.WaitForNextTickAsync(cancellation));
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                // Ctrl-C is how watching ends.
            }

            return ExitCodes.Done;

            async Task WriteAsync(CancellationToken token)
            {
                var (status, declared) = await source.ReadAsync(context, token);
                context.Write(status, ClientJson.Default.StatusDocument, found =>
                {
                    context.Say($"{found.Node} at {Units.Time(found.At)}");
                    StatusView.Write(context, found, context.Get(all) || !declared);
                });
            }
        });
    }
}
