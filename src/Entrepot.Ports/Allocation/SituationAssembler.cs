using System.Runtime.CompilerServices;
using Entrepot.Ports.Declarations;
using Entrepot.Ports.Inventory;
using Entrepot.Ports.Pools;

namespace Entrepot.Ports.Allocation;

/// <summary>Turns rows and observations into the maps that the allocator reads. Pure.</summary>
internal static class SituationAssembler
{
    private static readonly ConditionalWeakTable<EphemeralRange, HostRules> Kept = [];

    /// <summary>The situation of one protocol on one node.</summary>
    /// <param name="protocol">The number space.</param>
    /// <param name="request">What a service asks, or null for nobody in particular; its own lease and releases do not stand in its way.</param>
    /// <param name="space">Who has and had which of its ports; read only until it changes.</param>
    /// <param name="policy">The node's standing rules.</param>
    /// <param name="now">The moment of the decision.</param>
    /// <param name="observed">What the host shows.</param>
    public static PortSituation Assemble(
        PortProtocol protocol, PortRequest? request, NumberSpace space, PortPolicy policy, PortObservation observed, DateTimeOffset now)
    {
        var service = request?.Service;
        var cooling = space.CoolingSince((now - policy.CoolDown).ToUnixTimeMilliseconds(), request is { Fresh: true } ? null : service);
        var last = service is null ? null : space.PortOf(service);
        var bound = Veto(PortRule.Bound, Bound(observed.InTheWay), "is bound by another process");
        var leased = new PortConstraint(PortRule.Leased, PortEffect.Veto, space.LeasedByOthers(service), "is leased to another service")
        {
            Detail = port => space.HolderOf(port) is { } holder ? $"is leased to '{holder}'" : null,
        };
        return new PortSituation(
            protocol,
            [
                Veto(PortRule.FoundTaken, observed.FoundTaken, "could not be bound"),
                bound,
                leased,
                Veto(PortRule.CoolingDown, cooling, "was released just now and cools down"),
                ExcludedPorts.Constraint(observed.Excluded.IsEmpty ? observed.Evidence.Excluded : observed.Excluded.Union(observed.Evidence.Excluded)),
                ForbiddenPorts.Constraint(protocol),
                BrowserBlockedPorts.Constraint,
                Kept.GetValue(observed.Ephemeral, static range => new HostRules(range)).Privileged,
                .. policy.NodePorts?.Constraints() ?? [],
                .. DynamicPorts.Constraints(policy.DynamicPorts, request, observed.Ephemeral),
                Kept.GetValue(observed.Ephemeral, static range => new HostRules(range)).Ephemeral with { Effect = EphemeralEffect(request, policy) },
            ],
            observed.FoundTaken.Count > 0 ? observed.PreviousPort : last)
        {
            Evidence = observed.Evidence with
            {
                Profile = policy.Profile,
                Ephemeral = observed.Ephemeral,
                Occupied = Join(observed.Evidence.Occupied, leased.Ports, bound.Ports),
                Past = space.Past.IsEmpty ? observed.Evidence.Past : space.Past,
            },
        };
    }

    private static PortEffect EphemeralEffect(PortRequest? request, PortPolicy policy)
        => (request?.Ephemeral ?? (policy.Profile == PolicyProfile.Regulated ? EphemeralUse.Refuse : EphemeralUse.Tell)) == EphemeralUse.Refuse
            ? PortEffect.Veto
            : PortEffect.Warning;

    private static PortSet Join(PortSet one, PortSet two, PortSet three)
    {
        var joined = one.IsEmpty ? two : one.Union(two);
        return three.IsEmpty ? joined : joined.Union(three);
    }

    private static Dictionary<int, string> Bound(IReadOnlyList<ListeningSocket> sockets)
        => sockets.Where(static socket => socket.Listening)
            .GroupBy(static socket => socket.Port)
            .ToDictionary(
                static group => group.Key,
                static group => (group.FirstOrDefault(static socket => socket.Owner is not null) ?? group.First()).Describe());

    private static PortConstraint Veto(PortRule rule, IReadOnlyDictionary<int, string> details, string text)
        => new(rule, PortEffect.Veto, details.Count == 0 ? PortSet.Empty : PortSet.Of(details.Keys), text) { Details = details };

    /// <summary>The rules of one observed range, made once.</summary>
    private sealed class HostRules(EphemeralRange range)
    {
        public PortConstraint Privileged { get; } = range.PrivilegedConstraint();

        public PortConstraint Ephemeral { get; } = range.EphemeralConstraint();
    }
}
