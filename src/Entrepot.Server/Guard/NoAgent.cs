using Entrepot.Core.Faults;
using Entrepot.Ports.Guard;

namespace Entrepot.Server.Guard;

/// <summary>A node without an agent, which can block nothing.</summary>
internal sealed class NoAgent : IPortBlocker
{
    public Task<Fault?> BlockAsync(GuardedPort port, CancellationToken cancellation) => Task.FromResult<Fault?>(Refusal(port));

    public Task<Fault?> UnblockAsync(GuardedPort port, CancellationToken cancellation) => Task.FromResult<Fault?>(Refusal(port));

    private static Fault Refusal(GuardedPort port) => Fault.Of(
        GuardFault.NoAgent, FaultKind.Unavailable, $"{port.Name} can't be blocked: no agent runs on this machine, and only it may change the packet filter.",
        "Start the agent, or set another reaction to strangers.");
}
