using Entrepot.Core.Faults;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Firewalls;

namespace Entrepot.Ports.Enforcement;

/// <content>Doors that follow a service which changes its port.</content>
public sealed partial class Enforcer
{
    /// <summary>Gives a service's door to the ports that the service has now; who may come in stays as it was applied.</summary>
    /// <returns>False when no door of the service was applied, so that there is nothing to follow.</returns>
    /// <exception cref="FaultException"><see cref="FirewallFault"/>; nothing has changed then.</exception>
    public Task<bool> FollowAsync(FollowOrder order, string actor, CancellationToken cancellation) => OneAtATimeAsync(async () =>
    {
        ModelRules.Check(order);
        RefuseWhilePending();
        if (_store.Applied is not { } applied || Followed(applied.Model, order) is not { } model)
            return false;
        if (model.Doors.SequenceEqual(applied.Model.Doors))
            return true;
        var now = _time.GetUtcNow();
        var openings = Live(now);
        await ReplaceAsync(applied.Model with { Openings = openings }, model with { Openings = openings }, now);
        await _store.SetAppliedAsync(
            applied with { Model = model },
            Entry(actor, "ports.follow", Name(order.Protocol, order.Ports[0]), new { service = order.Service, ports = order.Ports }));
        return true;
    }, cancellation);

    /// <summary>The model with a service's door at other ports, or null when the service has none.</summary>
    internal static RuleModel? Followed(RuleModel model, FollowOrder order)
    {
        var own = model.Doors.Where(door => door.Service == order.Service && door.Protocol == order.Protocol && door.Service != Stopgap).ToList();
        if (own.Count == 0)
            return null;
        var others = model.Doors.RemoveRange(own);
        foreach (var port in order.Ports)
        {
            if (order.Protocol == PortProtocol.Tcp && port == model.Floor.ManagementPort)
                throw Fault.Of(
                    FirewallFault.DoorOverlap, FaultKind.Conflict, $"'{order.Service}' can't have {Name(order.Protocol, port)}: it is the management port.",
                    "Keep the management port out of the service's pool.").ToException();
            if (others.FirstOrDefault(door => door.Protocol == order.Protocol && door.First <= port && port <= door.Last) is { } holder)
                throw Fault.Of(
                    FirewallFault.DoorOverlap, FaultKind.Conflict, $"'{order.Service}' can't have {Name(order.Protocol, port)}: it is the door of '{holder.Service}'.",
                    "Keep declared ports out of the service's pool.").ToException();
        }

        // The ways in are those that were applied, and the strictest of what was said of its doors so far.
        var door = own[0] with { Blocked = own.TrueForAll(static door => door.Blocked) };
        return model with
        {
            Doors = [.. others.Concat(order.Ports.Distinct().Select(port => door with { First = port, Last = port }))
                .OrderBy(static door => door.Protocol).ThenBy(static door => door.First)],
        };
    }
}
