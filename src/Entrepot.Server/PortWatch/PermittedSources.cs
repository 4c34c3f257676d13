using Entrepot.Core.Faults;
using Entrepot.Ports.Enforcement;
using Entrepot.Ports.Firewalls;
using Entrepot.Ports.Firewalls.Rulesets;
using Entrepot.Server.Agent;

namespace Entrepot.Server.PortWatch;

/// <summary>How this process learns what the packet filter holds: from the agent where one runs, directly where this process has the
/// privilege itself, else not at all. Asked anew each time, as an agent may come and go.</summary>
internal static class PermittedSources
{
    /// <summary>Time for an answer of the agent; the status waits for it.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>Makes the source.</summary>
    /// <param name="socket">Where the agent listens.</param>
    /// <param name="floor">What stays open whatever is declared.</param>
    /// <param name="time">The clock.</param>
    public static IPermittedSource Create(string socket, Func<SafetyFloor> floor, TimeProvider time)
        => new RulesetPermitted(cancellation => ReadAsync(socket, time, cancellation), floor, time);

    private static Task<LiveRuleset> ReadAsync(string socket, TimeProvider time, CancellationToken cancellation)
        => File.Exists(socket) ? AskAsync(socket, time, cancellation)
            : OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess ? LiveRuleset.ReadAsync(new KernelShell(), cancellation)
            : throw Fault.Of(FirewallFault.AgentUnreachable, FaultKind.Unavailable, PermittedUnknown.NeedsAgent, "Start it with 'sudo entrepot agent'.").ToException();

    private static async Task<LiveRuleset> AskAsync(string socket, TimeProvider time, CancellationToken cancellation)
    {
        using var agent = new AgentClient(socket);
        using var deadline = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, deadline.Token);
        try
        {
            return await agent.RulesetAsync(either.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw Fault.Of(
                FirewallFault.AgentUnreachable, FaultKind.Unavailable, $"The agent on '{socket}' did not answer within {Patience.TotalSeconds:0} s.").ToException();
        }
    }
}
