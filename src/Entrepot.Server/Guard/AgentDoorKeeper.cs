using Entrepot.Core.Faults;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Enforcement;
using Entrepot.Ports.Firewalls;
using Entrepot.Ports.Guard;
using Entrepot.Server.Agent;

namespace Entrepot.Server.Guard;

/// <summary>This machine's agent, where one runs.</summary>
/// <param name="socket">Its Unix socket; without that file there is no agent, and nothing is asked.</param>
internal sealed class AgentDoorKeeper(string socket) : IDoorKeeper
{
    private const string Stranger = "A stranger listens on it.";
    private const string Peace = "No stranger listens on it any more.";

    /// <summary>The guard looks at nothing else while it waits; what is not done then is done at a later look.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    public async Task<IReadOnlyList<Door>?> BlockedAsync(CancellationToken cancellation)
    {
        if (!File.Exists(socket))
            return null;
        try
        {
            using var agent = new AgentClient(socket, Patience);
            return [.. (await agent.StatusAsync(cancellation)).Applied?.Model.Doors.Where(static door => door.Blocked) ?? []];
        }
        catch (FaultException)
        {
            return null;
        }
    }

    public async Task<Fault?> BlockAsync(GuardedPort port, bool blocked, CancellationToken cancellation)
    {
        try
        {
            using var agent = new AgentClient(socket, Patience);
            await agent.BlockAsync(new BlockOrder(port.Protocol, port.Port, blocked, blocked ? Stranger : Peace), cancellation);
            return null;
        }
        catch (FaultException error)
        {
            return error.Fault;
        }
    }

    public async Task<Fault?> FollowAsync(string service, PortProtocol protocol, IReadOnlyList<int> ports, CancellationToken cancellation)
    {
        if (!File.Exists(socket))
            return null;
        try
        {
            using var agent = new AgentClient(socket, Patience);
            await agent.FollowAsync(new FollowOrder(service, protocol, [.. ports]), cancellation);
            return null;
        }
        catch (FaultException error)
        {
            // Also when only the socket is left of the agent: what it applied is still in the kernel, so the door may well be shut.
            return error.Fault;
        }
    }
}
