using System.CommandLine;
using Entrepot.Core.Kernel;
using Entrepot.Ports.Enforcement;

namespace Entrepot.Cli.Commands;

/// <summary><c>entrepot watchdog</c>: what the agent starts before it makes a change that must be confirmed.</summary>
internal static class WatchdogCommand
{
    public static Command Create(CliEnvironment environment, CommonOptions common)
    {
        var folder = new Argument<string>("folder") { Description = "Where the change is written down" };
        var now = new Option<bool>("--now") { Description = "Take the change back at once" };
        var which = new Option<string?>("--change") { Description = "With --now: only this change, should another one wait by then" };
        var command = new ExampleCommand(
            ProcessDeadMan.CommandName, "Take a change of ports back unless it is confirmed in time; started by the agent",
            ("entrepot watchdog /var/lib/entrepot/agent/change --now", "Take an unconfirmed change back by hand, with the agent gone"))
        {
            folder, now, which,
        };
        command.Hidden = true;
        return command.Runs(environment, common, async (context, _) =>
        {
            PosixProcess.LeaveSession();
            var change = new DeadManFolder(Path.GetFullPath(context.Get(folder)));
            // Not to be stopped by a signal that was meant for the agent.
            if (context.Get(now))
                await Watchdog.FireLateAsync(change, context.Get(which), new KernelShell(), environment.Time, CancellationToken.None);
            else
                await Watchdog.WatchAsync(change, new KernelShell(), environment.Time, CancellationToken.None);
            return ExitCodes.Done;
        });
    }
}
