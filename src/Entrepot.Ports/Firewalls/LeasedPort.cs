using Entrepot.Core.Identities;
using Entrepot.Ports.Allocation;

namespace Entrepot.Ports.Firewalls;

/// <summary>What the compiler needs of a lease.</summary>
/// <param name="Node">The node.</param>
/// <param name="Service">The owner.</param>
/// <param name="Protocol">The transport.</param>
/// <param name="Port">The port, or the first of a block, 1–65535.</param>
public readonly record struct LeasedPort(NodeName Node, string Service, PortProtocol Protocol, int Port)
{
    /// <summary>Of a lease. A service that changes its port holds two, and both are its own.</summary>
    public static LeasedPort Of(PortLease lease) => new(lease.Node, PortSuccession.ServiceOf(lease.Service), lease.Protocol, lease.Port);
}
