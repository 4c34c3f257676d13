using System.Globalization;
using Entrepot.Core.Faults;
using Entrepot.Core.Kernel;
using Entrepot.Ports.Firewalls;

namespace Entrepot.Ports.Enforcement;

/// <summary>Whoever starts the watchdog.</summary>
public interface IDeadMan
{
    /// <summary>Starts it and returns once it watches.</summary>
    /// <param name="folder">Where the change is written down.</param>
    /// <param name="deadline">Time until the change is taken back.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="FaultException"><see cref="FirewallFault.WatchdogFailed"/>: nobody would take the change back.</exception>
    Task StartAsync(DeadManFolder folder, TimeSpan deadline, CancellationToken cancellation);
}

/// <summary>Starts this program's <c>watchdog</c> command: by a transient timer of systemd where that runs this machine, otherwise as a
/// process in a session of its own.</summary>
/// <param name="time">The clock.</param>
public sealed class ProcessDeadMan(TimeProvider time) : IDeadMan
{
    /// <summary>Name of the command that is the watchdog.</summary>
    public const string CommandName = "watchdog";

    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(10);

    /// <inheritdoc/>
    public async Task StartAsync(DeadManFolder folder, TimeSpan deadline, CancellationToken cancellation)
    {
        var (program, before) = OwnProgram.Current ?? throw Failed("this program's own file is unknown");
        try
        {
            if (SystemdRunsHere && ExternalProgram.Find("systemd-run") is { } run
                && await TryTransientTimerAsync(run, [program, .. before, CommandName, "--now", "--change", folder.Read().Change, folder.Root], deadline, cancellation))
                return;
            ExternalProgram.StartDetached(program, [.. before, CommandName, folder.Root]);
        }
        catch (System.ComponentModel.Win32Exception error)
        {
            throw Failed(error.Message);
        }

        var start = time.GetTimestamp();
        while (folder.Watcher is null)
        {
            if (time.GetElapsedTime(start) > StartLimit)
                throw Failed($"it did not report within {StartLimit.TotalSeconds:0} s");
            await Task.Delay(TimeSpan.FromMilliseconds(20), time, cancellation);
        }
    }

    /// <summary>True when systemd manages this process's own network: not so inside a network namespace, whose processes it would not
    /// start in there.</summary>
    private static bool SystemdRunsHere => Directory.Exists("/run/systemd/system") && PosixProcess.UserId == 0
        && File.ResolveLinkTarget("/proc/self/ns/net", returnFinalTarget: false)?.Name == File.ResolveLinkTarget("/proc/1/ns/net", returnFinalTarget: false)?.Name;

    private static async Task<bool> TryTransientTimerAsync(string run, IReadOnlyList<string> command, TimeSpan deadline, CancellationToken cancellation)
    {
        var result = await ExternalProgram.RunAsync(
            run,
            [
                "--collect", "--no-ask-password", string.Create(CultureInfo.InvariantCulture, $"--on-active={(long)deadline.TotalMilliseconds}ms"),
                "--timer-property=AccuracySec=100ms", "--description=Entrepot: take an unconfirmed change of ports back", "--", .. command,
            ],
            "", StartLimit, cancellation);
        return result.ExitCode == 0;
    }

    private static FaultException Failed(string why) => Fault.Of(
        FirewallFault.WatchdogFailed, FaultKind.Internal, $"The watchdog could not be started: {why}. Nothing was changed.",
        "Look at the agent's log; a change without --confirm-within needs no watchdog.").ToException();
}
