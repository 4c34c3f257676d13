using Entrepot.Ports.Allocation;
using Entrepot.Ports.Declarations;
using Entrepot.Ports.Guard;

namespace Entrepot.Ports.Truth;

/// <summary>What leases and portfile together declare of a node's ports. Pure.</summary>
public static class DeclaredPorts
{
    /// <summary>The declared ports: every lease, and every portfile service that names its port whether it got the lease or not.</summary>
    /// <param name="leases">The leases of the node.</param>
    /// <param name="services">The portfile's services of the node.</param>
    /// <param name="own">Services that the node itself runs, which the portfile may name as well.</param>
    /// <param name="process">The process that runs them.</param>
    public static IReadOnlyList<DeclaredPort> Of(
        IEnumerable<PortLease> leases, IEnumerable<ServiceDeclaration> services, IReadOnlySet<string> own, int process)
    {
        var declared = services.ToDictionary(static service => (service.Name, service.Protocol));
        var ports = new List<DeclaredPort>();
        foreach (var lease in leases)
        {
            var port = DeclaredPort.Of(lease, process);
            if (!declared.Remove((lease.Service, lease.Protocol), out var service))
                ports.Add(port);
            else if (own.Contains(lease.Service))
                ports.Add(port with { Ways = port.Local ? [] : service.Allow, Limits = service });
            else
                ports.AddRange(Of(service, lease.Port, port.Origin));
        }

        ports.AddRange(declared.Values.Where(service => service.Port is not null && !own.Contains(service.Name)).SelectMany(static service => Of(service, service.Port!.Value, "portfile")));
        return ports;
    }

    private static IEnumerable<DeclaredPort> Of(ServiceDeclaration service, int first, string origin)
        => Enumerable.Range(first, service.Ports).Select(port => new DeclaredPort(service.Name, service.Protocol, port, null, origin)
        {
            Local = service.Allow.IsEmpty,
            Ways = service.Allow,
            Limits = service,
            Owner = new ExpectedOwner { Process = service.Process },
        });
}
