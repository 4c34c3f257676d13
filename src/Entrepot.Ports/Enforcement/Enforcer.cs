using System.Collections.Immutable;
using Entrepot.Core.Faults;
using Entrepot.Core.State;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Firewalls;
using Entrepot.Ports.Firewalls.Rulesets;
using Entrepot.Ports.Inventory;

namespace Entrepot.Ports.Enforcement;

/// <summary>Keeps one machine's packet filter as it was told: applies rules with proof and a way back, opens and closes ports for a time.
/// One order at a time; each that changes something is journalled with who gave it.</summary>
public sealed partial class Enforcer : IDisposable
{
    private readonly IFirewallTarget _target;
    private readonly IFirewallShell _shell;
    private readonly EnforcementStore _store;
    private readonly DeadManFolder _folder;
    private readonly IDeadMan _deadMan;
    private readonly IRulesProof _proof;
    private readonly TimeProvider _time;
    private readonly ReservedPortsWriter? _reserved;
    /// <summary>The run of the machine; a test has its own.</summary>
    internal string BootId { get; init; } = DeadManFolder.BootId;

    private readonly SemaphoreSlim _gate = new(1);

    /// <summary>Makes the keeper.</summary>
    /// <param name="target">The packet filter.</param>
    /// <param name="shell">Whoever runs its commands.</param>
    /// <param name="state">A database that was opened with this assembly among its features.</param>
    /// <param name="folder">Where it meets the watchdog.</param>
    /// <param name="deadMan">Whoever starts the watchdog.</param>
    /// <param name="proof">The comparison of rules and packet filter.</param>
    /// <param name="time">The clock.</param>
    /// <param name="reserved">The list of ports that outgoing connections never get, or null to leave it alone.</param>
    public Enforcer(
        IFirewallTarget target, IFirewallShell shell, StateDatabase state, DeadManFolder folder, IDeadMan deadMan, IRulesProof proof, TimeProvider time,
        ReservedPortsWriter? reserved = null)
        => (_target, _shell, _store, _folder, _deadMan, _proof, _time, _reserved) = (target, shell, new EnforcementStore(state), folder, deadMan, proof, time, reserved);

    /// <summary>Checks an order and, unless it is only to be checked, applies it.</summary>
    /// <exception cref="FaultException"><see cref="FirewallFault"/>; the packet filter is then as it was.</exception>
    public Task<ApplyReport> ApplyAsync(ApplyOrder order, string actor, CancellationToken cancellation) => OneAtATimeAsync(async () =>
    {
        ModelRules.Check(order);
        RefuseWhilePending();
        var now = _time.GetUtcNow();
        var applied = _store.Applied;
        var wanted = Blocked(order.Model, applied) with { Openings = [] };
        var model = wanted with { Openings = Live(now) };
        Refuse([.. _target.Gaps(model), .. LockOut.Find(model, order.Operators)]);
        var differences = DoorDifferences.Describe(applied?.Model, wanted)
            .AddRange(await PlanReservationAsync(order.Reserve, applied?.Reserved ?? PortSet.Empty, cancellation));
        var snapshot = await _shell.AskAsync(_target.Snapshot, cancellation);
        // What can't be brought back is not changed.
        _target.Restore(snapshot, snapshot, TimeSpan.Zero);
        var whole = _target.Render(model, Usable(snapshot), now);
        await DoAsync(whole.Select(_target.Dry), cancellation);
        if (order.CheckOnly)
            return new ApplyReport(null, null, differences, null);

        var rules = new AppliedRules(wanted, order.LongestOpening, now, actor) { Reserved = order.Reserve, BootId = BootId };
        var change = new PendingChange(NextChange(now), rules, order.ConfirmWithin is { } within ? now + within : null);
        _reservationIsDue = true;
        await _store.BeginAsync(change, Entry(actor, "ports.apply", change.Id, DetailsOf(change, differences)));
        // From here on nothing is given up half-way because the caller left.
        var verdict = await ChangeAsync(change, model, applied, snapshot, whole);
        if (change.Deadline is null)
            await _store.EndAsync(rules, Entry(actor, "ports.confirm", change.Id, new { reason = "no confirmation was asked for" }));
        await KeepReservationAsync();
        return new ApplyReport(change.Id, change.Deadline, differences, verdict.Summary) { Warning = _reservationProblem };
    }, cancellation);

    /// <summary>Keeps the change that waits.</summary>
    /// <returns>The number of the change.</returns>
    /// <exception cref="FaultException"><see cref="FirewallFault.NothingPending"/>: there is none, or it was taken back.</exception>
    public Task<string> ConfirmAsync(string? change, string actor, CancellationToken cancellation) => OneAtATimeAsync(async () =>
    {
        var pending = Waiting(change);
        if (!_folder.TryDecide(pending.Id, "confirmed"))
        {
            await SettleAsync(CancellationToken.None);
            throw NothingPending($"Change {pending.Id} was taken back already.");
        }

        await _store.EndAsync(pending.Rules with { At = _time.GetUtcNow() }, Entry(actor, "ports.confirm", pending.Id, new { }));
        return pending.Id;
    }, cancellation);

    /// <summary>Takes the change that waits back at once.</summary>
    /// <returns>The number of the change.</returns>
    /// <exception cref="FaultException"><see cref="FirewallFault.NothingPending"/>: there is none.</exception>
    public Task<string> RevertAsync(string? change, string actor, CancellationToken cancellation) => OneAtATimeAsync(async () =>
    {
        var pending = Waiting(change);
        await TakeBackAsync(pending, actor, "asked for");
        return pending.Id;
    }, cancellation);

    /// <summary>Does what time has made due: notes what the watchdog did, ends openings whose time is up.</summary>
    public Task TickAsync(CancellationToken cancellation) => OneAtATimeAsync(async () =>
    {
        var now = _time.GetUtcNow();
        foreach (var opening in _store.Openings.Where(opening => opening.Ends <= now))
        {
            await Connections.ForgetAsync(_shell, [Connections.Of(opening)], cancellation);
            await _store.RemoveAsync(opening.Id, Entry("system:agent", "opening.end", Name(opening), new { id = opening.Id }));
        }

        return true;
    }, cancellation);

    /// <summary>How things are, compared with what the packet filter has.</summary>
    public Task<AgentStatus> StatusAsync(string version, CancellationToken cancellation) => OneAtATimeAsync(async () =>
    {
        var applied = _store.Applied;
        var pending = _store.Pending;
        var drift = ImmutableArray<string>.Empty;
        if ((pending?.Rules ?? applied) is { } rules)
        {
            var now = _time.GetUtcNow();
            var verdict = await _proof.JudgeAsync(rules.Model with { Openings = Live(now) }, _target, _shell, now, cancellation);
            drift = verdict.Wider;
        }

        return new AgentStatus(version, _target.Name, applied, pending, Live(_time.GetUtcNow()).Length, drift);
    }, cancellation);

    /// <summary>Journals what a drill came to.</summary>
    /// <exception cref="FaultException"><see cref="FirewallFault.Malformed"/>.</exception>
    public Task NoteDrillAsync(DrillNote note, string actor)
    {
        ModelRules.Check(note);
        return _store.NoteAsync(Entry(actor, "drill.run", note.Drill, new { passed = note.Passed, seconds = note.Seconds, detail = note.Detail }));
    }

    /// <summary>Everything that filters packets on the machine, in its own words.</summary>
    public Task<LiveRuleset> ReadAsync(CancellationToken cancellation) => LiveRuleset.ReadAsync(_shell, cancellation);

    /// <inheritdoc/>
    public void Dispose() => _gate.Dispose();

    private async Task<ProofVerdict> ChangeAsync(
        PendingChange change, RuleModel model, AppliedRules? applied, ImmutableArray<FirewallAnswer> snapshot, ImmutableArray<FirewallCommand> whole)
    {
        var now = _time.GetUtcNow();
        try
        {
            // Armed without a deadline too, so that a death in the middle is noticed at the next start.
            _folder.Arm(new ArmedSnapshot(change.Id, _target.Name, now, change.Deadline ?? DateTimeOffset.MaxValue, BootId, snapshot));
            if (change.Deadline is { } deadline)
                await _deadMan.StartAsync(_folder, deadline - now, CancellationToken.None);
            var difference = applied is null || Usable(snapshot).IsEmpty ? null : _target.RenderChange(applied.Model with { Openings = model.Openings }, model, now);
            await LoadAsync(difference, whole);
            var verdict = await JudgeAsync(model, now);
            if (difference is not null && !verdict.IsExact)
            {
                // Somebody else changed the rules that the difference was made for.
                await LoadAsync(null, whole);
                verdict = await JudgeAsync(model, now);
            }

            if (verdict.Wider.Length > 0)
                throw Fault.Of(
                    FirewallFault.Widened, FaultKind.Mismatch,
                    $"The packet filter lets in more than was declared, so the change was taken back: {string.Join("; ", verdict.Wider.Take(5))}.",
                    "Rules of others on this machine, or a fault of Entrepot: 'entrepot ports status' shows both sides.").ToException();
            if (change.Deadline is null)
                _folder.TryDecide(change.Id, "kept");
            return verdict;
        }
        catch (Exception error)
        {
            await TakeBackAsync(change, "system:agent", error is FaultException fault ? fault.Fault.Code : error.Message);
            throw;
        }
    }

    private Task<ProofVerdict> JudgeAsync(RuleModel model, DateTimeOffset now) => _proof.JudgeAsync(model, _target, _shell, now, CancellationToken.None);

    /// <summary>Sends what differs, or everything when somebody else changed the rules meanwhile.</summary>
    private async Task LoadAsync(ImmutableArray<FirewallCommand>? difference, ImmutableArray<FirewallCommand> whole)
    {
        if (difference is { } commands && (await _shell.AskAsync(commands, CancellationToken.None)).All(static answer => answer.ExitCode == 0))
            return;
        await DoAsync(whole, CancellationToken.None);
    }

    private async Task TakeBackAsync(PendingChange change, string actor, string why)
    {
        if (_folder.IsArmed(change.Id))
        {
            var outcome = await Watchdog.FireAsync(_folder, change.Id, "reverted", _shell, _time, CancellationToken.None);
            if (outcome is not null)
            {
                await _store.EndAsync(null, Entry(actor, "ports.revert", change.Id, new { why, restored = outcome.Restored, message = outcome.Message }));
                return;
            }
        }

        await SettleAsync(CancellationToken.None);
    }
}
