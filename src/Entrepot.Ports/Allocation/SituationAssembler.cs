using Entrepot.Ports.Declarations;
using Entrepot.Ports.Inventory;
using Entrepot.Ports.Pools;

namespace Entrepot.Ports.Allocation;

/// <summary>Turns rows and observations into the maps that the allocator reads. Pure.</summary>
internal static class SituationAssembler
{
    /// <summary>The situation of one protocol on one node.</summary>
    /// <param name="protocol">The number space.</param>
    /// <param name="request">What a service asks, or null for nobody in particular; its own lease and releases do not stand in its way.</param>
    /// <param name="holders">Every lease in it; of a service with several the first port comes first.</param>
    /// <param name="released">Every release in it that still cools down.</param>
    /// <param name="policy">The node's standing rules.</param>
    /// <param name="observed">What the host shows.</param>
    public static PortSituation Assemble(
        PortProtocol protocol, PortRequest? request, IReadOnlyList<LeaseHolder> holders, IReadOnlyList<LeaseHolder> released, PortPolicy policy, PortObservation observed)
    {
        var service = request?.Service;
        var leased = Others(holders, service, static other => $"is leased to '{other}'");
        var cooling = Others(released, service, static other => $"was released by '{other}' just now and cools down");
        var last = holders.FirstOrDefault(holder => holder.Service == service) is { } own ? (int)own.Port : (int?)null;
        var bound = Veto(PortRule.Bound, Bound(observed.InTheWay), "is bound by another process");
        return new PortSituation(
            protocol,
            [
                Veto(PortRule.FoundTaken, observed.FoundTaken, "could not be bound"),
                bound,
                Veto(PortRule.Leased, leased, "is leased to another service"),
                Veto(PortRule.CoolingDown, cooling, "was released just now and cools down"),
                ExcludedPorts.Constraint(observed.Excluded),
                ForbiddenPorts.Constraint(protocol),
                BrowserBlockedPorts.Constraint,
                observed.Ephemeral.PrivilegedConstraint(),
                .. policy.NodePorts?.Constraints() ?? [],
                .. DynamicPorts.Constraints(policy.DynamicPorts, request, observed.Ephemeral),
                observed.Ephemeral.EphemeralConstraint() with { Effect = EphemeralEffect(request, policy) },
            ],
            observed.FoundTaken.Count > 0 ? observed.PreviousPort : last)
        {
            Evidence = observed.Evidence with
            {
                Profile = policy.Profile,
                Ephemeral = observed.Ephemeral,
                Occupied = observed.Evidence.Occupied.Union(PortSet.Of(holders.Select(static holder => (int)holder.Port))).Union(bound.Ports),
            },
        };
    }

    private static PortEffect EphemeralEffect(PortRequest? request, PortPolicy policy)
        => (request?.Ephemeral ?? (policy.Profile == PolicyProfile.Regulated ? EphemeralUse.Refuse : EphemeralUse.Tell)) == EphemeralUse.Refuse
            ? PortEffect.Veto
            : PortEffect.Warning;

    private static Dictionary<int, string> Others(IReadOnlyList<LeaseHolder> holders, string? service, Func<string, string> text)
        => holders.Where(holder => holder.Service != service)
            .ToDictionary(static holder => (int)holder.Port, holder => text(holder.Service));

    private static Dictionary<int, string> Bound(IReadOnlyList<ListeningSocket> sockets)
        => sockets.Where(static socket => socket.Listening)
            .GroupBy(static socket => socket.Port)
            .ToDictionary(
                static group => group.Key,
                static group => (group.FirstOrDefault(static socket => socket.Owner is not null) ?? group.First()).Describe());

    private static PortConstraint Veto(PortRule rule, IReadOnlyDictionary<int, string> details, string text)
        => new(rule, PortEffect.Veto, details.Count == 0 ? PortSet.Empty : PortSet.Of(details.Keys), text) { Details = details };
}
