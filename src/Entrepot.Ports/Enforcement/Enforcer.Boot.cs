using Entrepot.Core.Faults;
using Entrepot.Ports.Firewalls;

namespace Entrepot.Ports.Enforcement;

/// <content>What a start of the machine took away.</content>
public sealed partial class Enforcer
{
    /// <summary>Loads the rules that were confirmed before the machine was started again, which empties its packet filter. On the same run of
    /// the machine nothing is loaded: rules that are gone then were taken away by somebody, and that is told, not undone.</summary>
    /// <returns>Null when there was nothing to load, else what the proof found.</returns>
    /// <exception cref="FaultException"><see cref="FirewallFault"/>: the rules can't be loaded; the machine is as open as it was.</exception>
    public Task<string?> LoadAfterBootAsync(CancellationToken cancellation) => OneAtATimeAsync(async () =>
    {
        if (_store.Pending is not null || _store.Applied is not { BootId: { } boot } applied || boot == BootId)
            return null;
        var now = _time.GetUtcNow();
        var model = applied.Model with { Openings = Live(now) };
        if (Usable(await _shell.AskAsync(_target.Snapshot, cancellation)).IsEmpty)
            await DoAsync(_target.Render(model, [], now), CancellationToken.None);
        // Rules of others may widen what is let in, as ever; no rules at all would let in more.
        var verdict = await JudgeAsync(model, now);
        await _store.SetAppliedAsync(
            applied with { BootId = BootId }, Entry("system:agent", "ports.load", "*", new { why = "the machine was started again", applied.At, applied.Actor, proof = verdict.Summary }));
        return verdict.Summary;
    }, cancellation);
}
