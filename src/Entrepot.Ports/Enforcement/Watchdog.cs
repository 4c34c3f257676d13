using System.Globalization;
using Entrepot.Core.Faults;

namespace Entrepot.Ports.Enforcement;

/// <summary>Takes a change back at its deadline unless somebody decided otherwise. Runs as a process of its own and needs nobody: no
/// agent, no network, no database.</summary>
public static class Watchdog
{
    /// <summary>Attempts to restore, a second apart.</summary>
    private const int Attempts = 120;

    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(200);

    /// <summary>Waits for the deadline and fires, or ends when the change was confirmed.</summary>
    /// <param name="folder">Where the change is written down.</param>
    /// <param name="shell">Whoever runs the target's commands.</param>
    /// <param name="time">The clock; its timestamps must be monotonic, so that setting the clock neither delays nor hastens the end.</param>
    /// <param name="cancellation">Ends it without firing.</param>
    public static async Task WatchAsync(DeadManFolder folder, IFirewallShell shell, TimeProvider time, CancellationToken cancellation)
    {
        var armed = folder.Read();
        var start = time.GetTimestamp();
        var wait = armed.Deadline - time.GetUtcNow();
        folder.ReportReady(Environment.ProcessId);
        while (folder.IsArmed(armed.Change))
        {
            var left = wait - time.GetElapsedTime(start);
            if (left <= TimeSpan.Zero)
            {
                await FireAsync(folder, armed.Change, "fired", shell, time, cancellation);
                return;
            }

            await Task.Delay(left < Glance ? left : Glance, time, cancellation);
        }
    }

    /// <summary>Fires for a timer that ran out. Says first who works here, so that the agent waits for the outcome and does not do the same
    /// beside it.</summary>
    /// <param name="folder">Where the change is written down.</param>
    /// <param name="change">The change that the timer was started for, or null for the one that is written down.</param>
    /// <param name="shell">Whoever runs the target's commands.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellation">Gives up.</param>
    public static async Task FireLateAsync(DeadManFolder folder, string? change, IFirewallShell shell, TimeProvider time, CancellationToken cancellation)
    {
        change ??= folder.Read().Change;
        // Confirmed long ago, and perhaps followed by another change with a deadline of its own.
        if (!folder.IsArmed(change))
            return;
        folder.ReportReady(Environment.ProcessId);
        await FireAsync(folder, change, "fired", shell, time, cancellation);
    }

    /// <summary>Takes the change back now, unless somebody decided otherwise before.</summary>
    /// <param name="folder">Where the change is written down.</param>
    /// <param name="change">Which change.</param>
    /// <param name="decision">What the folder should say of it.</param>
    /// <param name="shell">Whoever runs the target's commands.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>How it went, or null when somebody else had decided.</returns>
    public static async Task<RestoreOutcome?> FireAsync(
        DeadManFolder folder, string change, string decision, IFirewallShell shell, TimeProvider time, CancellationToken cancellation)
    {
        if (!folder.TryDecide(change, decision))
            return null;
        var outcome = await RestoreAsync(folder, shell, time, cancellation);
        folder.ReportOutcome(outcome);
        return outcome;
    }

    /// <summary>Brings the target's rules back to the snapshot, again and again until it is done.</summary>
    public static async Task<RestoreOutcome> RestoreAsync(DeadManFolder folder, IFirewallShell shell, TimeProvider time, CancellationToken cancellation)
    {
        var armed = folder.Read();
        var target = FirewallTargets.Named(armed.Target);
        var problem = "";
        for (var attempt = 1; attempt <= Attempts; attempt++)
        {
            try
            {
                var current = await shell.AskAsync(target.Snapshot, cancellation);
                var commands = target.Restore(armed.Snapshot, current, time.GetUtcNow() - armed.TakenAt);
                var failed = (await shell.AskAsync(commands, cancellation)).FirstOrDefault(static answer => answer.ExitCode != 0);
                if (failed is null)
                    return new RestoreOutcome(time.GetUtcNow(), true, "The rules are as they were before the change.");
                problem = failed.Error.Trim();
            }
            catch (FaultException error)
            {
                problem = error.Message;
            }

            await Task.Delay(TimeSpan.FromSeconds(1), time, cancellation);
        }

        return new RestoreOutcome(time.GetUtcNow(), false, string.Create(
            CultureInfo.InvariantCulture, $"The rules could not be restored in {Attempts} attempts: {problem}"));
    }
}
