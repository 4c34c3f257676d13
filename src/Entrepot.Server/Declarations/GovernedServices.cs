using System.Net;
using Entrepot.Core.Faults;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Declarations;
using Entrepot.Ports.Guard;
using Entrepot.Ports.Inventory;
using Entrepot.Server.Configuration;
using Entrepot.Server.Guard;
using Microsoft.Extensions.Logging;

namespace Entrepot.Server.Declarations;

/// <summary>Brings the leases of other programs' services in line with the portfile, and has their ports guarded. Level-triggered:
/// wanted and actual are compared whole, so that nothing depends on what was missed.</summary>
internal sealed class GovernedServices(
    Settings settings, NodeDeclaration declaration, PortBook book, IPortInventory inventory, PortGuard guard, ILogger logger)
{
    /// <summary>Who leases for programs that do not ask themselves, as in the journal.</summary>
    public const string Actor = "system:node";

    /// <summary>The declared services of this node.</summary>
    public IEnumerable<ServiceDeclaration> Declared => declaration.Current.Services.Where(service => service.Placement.Covers(settings.Node, settings.Site));

    /// <summary>Names of services of other programs that keep their leases because they are declared.</summary>
    public IEnumerable<string> Names => Declared.Select(static service => service.Name);

    /// <summary>Grants what is declared and not leased, releases what is leased and not declared any more.</summary>
    /// <param name="own">Services of the node itself, which lease for themselves, under every name that they may hold a lease.</param>
    /// <param name="cancellation">Gives up.</param>
    public async Task ReconcileAsync(IReadOnlySet<string> own, CancellationToken cancellation)
    {
        book.Policy = declaration.Policy();
        var wanted = Declared.Where(service => !own.Contains(service.Name)).ToList();
        // A service that was renamed, turned off or is declared no more gives its port back.
        await book.ReleaseMissingAsync(settings.Node, wanted.Select(static service => service.Name).Concat(own).ToHashSet(), Actor, cancellation);
        foreach (var service in wanted)
            await LeaseAsync(service, cancellation);
        Guard(wanted);
    }

    /// <summary>Has the ports watched whose owner is declared.</summary>
    private void Guard(List<ServiceDeclaration> services)
    {
        var leases = book.Leases().Where(lease => lease.Node == settings.Node).ToLookup(static lease => (lease.Service, lease.Protocol));
        guard.WatchOthers([.. from service in services
                        where service.Process is not null
                        from lease in leases[(service.Name, service.Protocol)]
                        select new GuardedPort(
                            service.Name, service.Protocol, lease.Port, new ExpectedOwner { Process = service.Process },
                            service.Strangers ?? declaration.Current.Policy.Strangers)]);
    }

    private async Task LeaseAsync(ServiceDeclaration service, CancellationToken cancellation)
    {
        var pool = declaration.Current.Pools.FirstOrDefault(pool => pool.Pool.Name == service.Pool)?.Pool;
        var has = book.Leases().FirstOrDefault(lease => lease.Node == settings.Node && lease.Service == service.Name && lease.Protocol == service.Protocol);
        if (has is not null && (service.Port == has.Port || (service.Port is null && pool?.Contains(has.Port) == true)))
            return;
        var request = DeclaredChoice.Request(declaration.Current, service, settings.Node);
        try
        {
            var grant = await book.GrantAsync(request, IPAddress.Any, Observe(service), cancellation);
            if (grant.Lease is null)
                Log.Unleased(logger, service.Name, grant.Decision.Reason);
        }
        catch (FaultException error)
        {
            Log.Unleased(logger, service.Name, error.Message);
        }
    }

    /// <summary>What stands in the way. A program that runs already has its own port, and is no obstacle to its own lease; whether it is the
    /// right one is the guard's question.</summary>
    private PortObservation Observe(ServiceDeclaration service)
        => new(
            [.. inventory.Listeners(service.Protocol).Where(socket => socket.Port < service.Port || socket.Port >= service.Port + service.Ports || service.Port is null)],
            inventory.EphemeralRange());
}
