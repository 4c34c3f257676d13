using Entrepot.Core.Faults;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Firewalls;
using Entrepot.Ports.Guard;

namespace Entrepot.Server.Guard;

/// <summary>Whoever can change the machine's packet filter. Only the agent may.</summary>
internal interface IDoorKeeper
{
    /// <summary>The doors that let nobody in because of a stranger.</summary>
    /// <returns>Null when nobody can say now.</returns>
    Task<IReadOnlyList<Door>?> BlockedAsync(CancellationToken cancellation);

    /// <summary>Keeps packets from a port, or lets them in again.</summary>
    /// <returns>Null when it is done, else why it can't be.</returns>
    Task<Fault?> BlockAsync(GuardedPort port, bool blocked, CancellationToken cancellation);

    /// <summary>Lets the door of a service follow it to the ports that it has now.</summary>
    /// <returns>Null when it is done, or the packet filter does not govern the service; else why clients would not get through.</returns>
    Task<Fault?> FollowAsync(string service, PortProtocol protocol, IReadOnlyList<int> ports, CancellationToken cancellation);
}
