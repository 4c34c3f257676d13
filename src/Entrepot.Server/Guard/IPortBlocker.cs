using Entrepot.Core.Faults;
using Entrepot.Ports.Guard;

namespace Entrepot.Server.Guard;

/// <summary>Keeps packets from a port. Only the agent can.</summary>
internal interface IPortBlocker
{
    /// <summary>Lets no packet get to the port.</summary>
    /// <returns>Null when it is done, else why it can't be.</returns>
    Task<Fault?> BlockAsync(GuardedPort port, CancellationToken cancellation);

    /// <summary>Lets packets get to the port again.</summary>
    /// <returns>Null when it is done, else why it can't be.</returns>
    Task<Fault?> UnblockAsync(GuardedPort port, CancellationToken cancellation);
}
