using System.CommandLine;
using Entrepot.Ports.Enforcement;
using Entrepot.Server.Agent;
using Entrepot.Server.Configuration;

namespace Entrepot.Cli.Commands;

/// <summary><c>entrepot agent</c>.</summary>
internal static class AgentCommand
{
    public static Command Create(CliEnvironment environment, CommonOptions common)
    {
        var socket = AgentOptions.Socket();
        var target = new Option<string?>("--target")
        {
            Description = $"Packet filter that it drives: {string.Join(", ", FirewallTargets.All.Select(static target => target.Name))} [default: {FirewallTargets.All[0].Name}]",
            HelpName = "NAME",
        };
        target.CompletionSources.Add([.. FirewallTargets.All.Select(static target => target.Name)]);
        var command = new ExampleCommand(
            "agent", "Run the one process that may change this machine's packet filter, for 'entrepot ports apply' and 'open'",
            ("entrepot agent --data /var/lib/entrepot", "By hand, as root; deploy/systemd/entrepot-agent.service does it in production"),
            ("entrepot agent --target iptables", "Where nftables can't be used"))
        {
            socket, target, common.Data,
        };
        return command.Runs(environment, common, async (context, cancellation) =>
        {
            var plan = new AgentPlan(
                context.SocketPath(socket), Path.Combine(Path.GetFullPath(context.DataFolder), "agent"),
                FirewallTargets.Named(context.Get(target) ?? FirewallTargets.All[0].Name));
            using var loggers = NodeRunner.Loggers(new LogSettings(), environment);
            await using var agent = await AgentHost.StartAsync(plan, loggers, environment.Time, cancellation);
            context.Say($"The agent drives {plan.Target.Name} and takes orders on {plan.Socket}. Nothing has been changed by its start.");
            try
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, environment.Time, cancellation);
            }
            catch (OperationCanceledException)
            {
                context.Say("Stopped. What was applied stays applied.");
            }

            return ExitCodes.Done;
        });
    }
}
