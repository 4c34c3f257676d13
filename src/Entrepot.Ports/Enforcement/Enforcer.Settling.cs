using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using Entrepot.Core.Faults;
using Entrepot.Core.Journal;
using Entrepot.Core.Kernel;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Firewalls;

namespace Entrepot.Ports.Enforcement;

/// <summary>What orders have in common, and how a change ends that nobody ended.</summary>
public sealed partial class Enforcer
{
    /// <summary>The service's name on doors that exist only to keep a port blocked.</summary>
    private const string Stopgap = "blocked";

    /// <summary>After the watchdog's deadline, time that it gets before the agent does its work.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);

    private async Task<T> OneAtATimeAsync<T>(Func<Task<T>> work, CancellationToken cancellation)
    {
        await _gate.WaitAsync(cancellation);
        try
        {
            await SettleAsync(cancellation);
            var done = await work();
            await KeepReservationAsync();
            return done;
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Notes how a change ended that was decided without this process, and takes it back when nobody else does.</summary>
    private async Task SettleAsync(CancellationToken cancellation)
    {
        if (_store.Pending is not { } pending)
            return;
        if (!_folder.IsAbout(pending.Id))
        {
            await _store.EndAsync(null, Entry("system:agent", "ports.revert", pending.Id, new { why = "the agent ended before it changed anything" }));
            return;
        }

        if (_folder.Outcome is { } outcome)
        {
            await _store.EndAsync(null, Entry("system:watchdog", "ports.revert", pending.Id, new { why = "not confirmed in time", restored = outcome.Restored, message = outcome.Message }));
            return;
        }

        if (_folder.IsArmed(pending.Id))
        {
            var armed = _folder.Read();
            if (armed.BootId != BootId)
            {
                _folder.TryDecide(pending.Id, "rebooted");
                await _store.EndAsync(null, Entry("system:agent", "ports.revert", pending.Id, new { why = "the machine was started again, which empties the packet filter" }));
                return;
            }

            // Without a deadline the process died in the middle of the change; with one, the watchdog did.
            var deserted = pending.Deadline is not { } deadline || _time.GetUtcNow() > deadline + Grace
                || _folder.Watcher is { } watcher && !PosixProcess.IsRunning(watcher);
            if (deserted && await Watchdog.FireAsync(_folder, pending.Id, "reverted", _shell, _time, cancellation) is { } late)
                await _store.EndAsync(null, Entry("system:agent", "ports.revert", pending.Id, new { why = "nobody else was left to do it", restored = late.Restored, message = late.Message }));
            return;
        }

        if (_folder.WasDecided("confirmed") || _folder.WasDecided("kept"))
        {
            await _store.EndAsync(pending.Rules, Entry("system:agent", "ports.confirm", pending.Id, new { reason = "it was decided before the agent ended" }));
            return;
        }

        if (_folder.Watcher is not { } other || !PosixProcess.IsRunning(other))
        {
            // Decided against, and whoever did it is gone before the end.
            var restored = await Watchdog.RestoreAsync(_folder, _shell, _time, cancellation);
            await _store.EndAsync(null, Entry("system:agent", "ports.revert", pending.Id, new { why = "the watchdog ended half-way", restored = restored.Restored, message = restored.Message }));
        }
    }

    private PendingChange Waiting(string? change)
    {
        var pending = _store.Pending ?? throw NothingPending("No change waits to be confirmed.");
        return change is null || change == pending.Id ? pending : throw NothingPending($"Change '{change}' does not wait to be confirmed; {pending.Id} does.");
    }

    private void RefuseWhilePending()
    {
        if (_store.Pending is { } pending)
            throw Fault.Of(
                FirewallFault.ChangePending, FaultKind.Conflict,
                string.Create(CultureInfo.InvariantCulture, $"Change {pending.Id} waits to be confirmed until {pending.Deadline:HH:mm:ss}Z."),
                "Confirm it with 'entrepot ports confirm', or take it back with 'entrepot ports revert'.").ToException();
    }

    private static void Refuse(ImmutableArray<Fault> faults)
    {
        if (faults.Length > 0)
            throw new CompiledRules(null, faults, []).Fault.ToException();
    }

    private async Task DoAsync(IEnumerable<FirewallCommand> commands, CancellationToken cancellation)
    {
        foreach (var command in commands)
        {
            if (await _shell.AskAsync([command], cancellation) is [{ ExitCode: not 0 } answer])
                throw FirewallRunner.Refused(command, answer).ToException();
        }
    }

    /// <summary>A snapshot of rules that are not there tells nothing.</summary>
    private static ImmutableArray<FirewallAnswer> Usable(ImmutableArray<FirewallAnswer> snapshot)
        => snapshot.Any(static answer => answer.ExitCode != 0) ? [] : snapshot;

    private static string NextChange(DateTimeOffset now) => now.UtcDateTime.ToString("yyyyMMdd'T'HHmmssfff", CultureInfo.InvariantCulture);

    private static string Name(Opening opening) => Name(opening.Protocol, opening.Port);

    private static string Name(PortProtocol protocol, int port) => string.Create(CultureInfo.InvariantCulture, $"{protocol.Name()}/{port}");

    private JournalEntry Entry<T>(string actor, string action, string subject, T details)
        => new(_time.GetUtcNow(), actor, action, subject, JsonSerializer.Serialize(details));

    private static FaultException NothingPending(string message) => Fault.Of(
        FirewallFault.NothingPending, FaultKind.Conflict, message, "'entrepot ports apply FILE --confirm-within 60s' makes one.").ToException();

    /// <summary>What the journal keeps of a change; one of thousands of doors is told in part.</summary>
    private static object DetailsOf(PendingChange change, ImmutableArray<string> differences)
        => new { deadline = change.Deadline, differences = differences.Length <= 100 ? differences : [.. differences.Take(100), $"and {differences.Length - 100} more"] };
}
