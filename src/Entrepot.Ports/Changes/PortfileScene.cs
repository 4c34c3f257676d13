using Entrepot.Core.Identities;
using Entrepot.Ports.Allocation;

namespace Entrepot.Ports.Changes;

/// <summary>What a portfile meets on the node that reads it.</summary>
/// <param name="Node">The node.</param>
/// <param name="Site">Where it is.</param>
/// <param name="Own">Services of the node itself, which lease for themselves, under every name that they may hold a lease.</param>
/// <param name="Leases">The leases that its port book holds.</param>
/// <param name="Observed">What the host shows of a service's protocol.</param>
/// <param name="Now">The time, UTC.</param>
public sealed record PortfileScene(
    NodeName Node, string Site, IReadOnlySet<string> Own, IReadOnlyList<PortLease> Leases, Func<PortProtocol, PortObservation> Observed, DateTimeOffset Now)
{
    /// <summary>Whose past and evidence count in decisions; null for none.</summary>
    public PortBook? Book { get; init; }
}
