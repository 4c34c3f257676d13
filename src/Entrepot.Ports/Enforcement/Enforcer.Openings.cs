using System.Collections.Immutable;
using System.Globalization;
using Entrepot.Core.Faults;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Firewalls;

namespace Entrepot.Ports.Enforcement;

/// <summary>Openings and blocks: changes of elements in the rules that hold.</summary>
public sealed partial class Enforcer
{
    /// <summary>Opens a port for a time. The kernel closes it.</summary>
    /// <exception cref="FaultException"><see cref="FirewallFault"/>; nothing is open then.</exception>
    public Task<Opening> OpenAsync(OpenOrder order, string actor, CancellationToken cancellation) => OneAtATimeAsync(async () =>
    {
        var applied = _store.Applied ?? throw NothingApplied();
        ModelRules.Check(order, applied.LongestOpening);
        RefuseWhilePending();
        var now = _time.GetUtcNow();
        var before = Live(now);
        if (before.Length >= ModelRules.MaxOpenings)
            throw Fault.Of(
                FirewallFault.Malformed, FaultKind.Exhausted, $"There are {ModelRules.MaxOpenings} openings already.", "Close one that is not needed any more.").ToException();
        var opening = new Opening(0, order.Protocol, order.Port, order.From, order.Mac, now + order.For, order.Reason.Trim(), actor);
        Refuse(_target.Gaps(applied.Model with { Openings = [opening] }));
        opening = await _store.AddAsync(opening, added => Entry(actor, "opening.open", Name(added), new { id = added.Id, ends = added.Ends, reason = added.Reason }));
        try
        {
            await LoadAsync(applied, before, before.Add(opening));
        }
        catch (FaultException error)
        {
            await _store.RemoveAsync(opening.Id, Entry("system:agent", "opening.fail", Name(opening), new { id = opening.Id, reason = error.Fault.Code }));
            throw;
        }

        return opening;
    }, cancellation);

    /// <summary>Closes an opening before its time, and cuts its connections.</summary>
    /// <exception cref="FaultException"><see cref="FirewallFault.OpeningUnknown"/>: there is none, or it has ended.</exception>
    public Task<Opening> CloseAsync(long id, string actor, CancellationToken cancellation) => OneAtATimeAsync(async () =>
    {
        RefuseWhilePending();
        var before = Live(_time.GetUtcNow());
        var opening = before.FirstOrDefault(opening => opening.Id == id) ?? throw Fault.Of(
            FirewallFault.OpeningUnknown, FaultKind.NotFound, string.Create(CultureInfo.InvariantCulture, $"There is no opening {id}, or it has ended."),
            "'entrepot ports openings' lists those there are.").ToException();
        await LoadAsync(_store.Applied ?? throw NothingApplied(), before, before.Remove(opening));
        await Connections.ForgetAsync(_shell, [Connections.Of(opening)], CancellationToken.None);
        await _store.RemoveAsync(opening.Id, Entry(actor, "opening.close", Name(opening), new { id = opening.Id }));
        return opening;
    }, cancellation);

    /// <summary>The openings that have time left.</summary>
    public IReadOnlyList<OpenDoor> Openings()
    {
        var now = _time.GetUtcNow();
        return [.. Live(now).Select(opening => new OpenDoor(opening, opening.Ends - now))];
    }

    /// <summary>Lets nobody in to a port, or lets them in again.</summary>
    /// <exception cref="FaultException"><see cref="FirewallFault"/>; nothing has changed then.</exception>
    public Task BlockAsync(BlockOrder order, string actor, CancellationToken cancellation) => OneAtATimeAsync(async () =>
    {
        ModelRules.Check(order);
        RefuseWhilePending();
        var applied = _store.Applied ?? throw NothingApplied();
        var rules = applied with { Model = WithBlock(applied.Model, order.Protocol, order.Port, order.Blocked) };
        var now = _time.GetUtcNow();
        var openings = Live(now);
        await ReplaceAsync(applied.Model with { Openings = openings }, rules.Model with { Openings = openings }, now);
        await _store.SetAppliedAsync(rules, Entry(
            actor, order.Blocked ? "ports.block" : "ports.unblock", Name(order.Protocol, order.Port), new { reason = order.Reason }));
        if (order.Blocked)
            await Connections.ForgetAsync(_shell, Connections.To(order.Protocol, order.Port), CancellationToken.None);
        return true;
    }, cancellation);

    /// <summary>The model with one door blocked, or free again. A port that no door governs gets one that lets nobody in, which goes
    /// when it is free again.</summary>
    internal static RuleModel WithBlock(RuleModel model, PortProtocol protocol, int port, bool blocked)
    {
        var door = model.Doors.FirstOrDefault(door => door.Protocol == protocol && door.First <= port && port <= door.Last);
        if (door is not null)
            return model with
            {
                Doors = !blocked && door.Service == Stopgap ? model.Doors.Remove(door) : model.Doors.Replace(door, door with { Blocked = blocked }),
            };
        return blocked ? model with { Doors = model.Doors.Add(new Door(Stopgap, protocol, port, port, []) { Blocked = true }) } : model;
    }

    /// <summary>What is blocked stays blocked under new rules: a stranger does not leave because a portfile changed.</summary>
    private static RuleModel Blocked(RuleModel model, AppliedRules? applied)
    {
        foreach (var door in applied?.Model.Doors.Where(static door => door.Blocked) ?? [])
            model = WithBlock(model, door.Protocol, door.First, blocked: true);
        return model;
    }

    private Task LoadAsync(AppliedRules applied, ImmutableArray<Opening> before, ImmutableArray<Opening> after)
        => ReplaceAsync(applied.Model with { Openings = before }, applied.Model with { Openings = after }, _time.GetUtcNow());

    private async Task ReplaceAsync(RuleModel before, RuleModel after, DateTimeOffset now)
    {
        var current = Usable(await _shell.AskAsync(_target.Snapshot, CancellationToken.None));
        if (current.IsEmpty)
            throw Fault.Of(
                FirewallFault.NothingApplied, FaultKind.Conflict,
                "The packet filter does not have the rules that were applied: the machine was started again, or somebody took them away.",
                "Apply the portfile again: 'entrepot ports apply FILE'.").ToException();
        var whole = _target.Render(after, current, now);
        await LoadAsync(_target.RenderChange(before, after, now), whole);
    }

    private ImmutableArray<Opening> Live(DateTimeOffset now) => [.. _store.Openings.Where(opening => opening.Ends > now)];

    private static FaultException NothingApplied() => Fault.Of(
        FirewallFault.NothingApplied, FaultKind.Conflict, "The agent governs no ports yet.", "Apply a portfile first: 'entrepot ports apply FILE'.").ToException();
}
