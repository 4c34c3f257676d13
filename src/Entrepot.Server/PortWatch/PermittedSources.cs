using Entrepot.Core.Faults;
using Entrepot.Core.Kernel;
using Entrepot.Ports.Firewalls;
using Entrepot.Server.Agent;

namespace Entrepot.Server.PortWatch;

/// <summary>How this process learns what the packet filter holds: from the agent where one runs, directly where this process has the
/// privilege itself, else not at all. Asked anew each time, as an agent may come and go.</summary>
internal static class PermittedSources
{
    private const string Program = "nft";

    /// <summary>Time for an answer of the agent; the status waits for it.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>Makes the source.</summary>
    /// <param name="socket">Where the agent listens.</param>
    /// <param name="floor">What stays open whatever is declared.</param>
    /// <param name="time">The clock.</param>
    public static IPermittedSource Create(string socket, Func<SafetyFloor> floor, TimeProvider time)
        => new RulesetPermitted(cancellation => ReadAsync(socket, time, cancellation), floor, time);

    private static Task<string> ReadAsync(string socket, TimeProvider time, CancellationToken cancellation)
        => File.Exists(socket) ? AskAsync(socket, time, cancellation)
            : OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess ? ListAsync(cancellation)
            : throw Fault.Of(FirewallFault.AgentUnreachable, FaultKind.Unavailable, PermittedUnknown.NeedsAgent, "Start it with 'sudo entrepot agent'.").ToException();

    private static async Task<string> AskAsync(string socket, TimeProvider time, CancellationToken cancellation)
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

    private static async Task<string> ListAsync(CancellationToken cancellation)
    {
        if (ExternalProgram.Find(Program) is null)
            throw Fault.Of(FirewallFault.ProgramMissing, FaultKind.Unsupported, $"'{Program}' is not installed on this machine.", "Install nftables.").ToException();
        var answer = (await FirewallRunner.AskAsync([new FirewallCommand(Program, ["-j", "list", "ruleset"], "")], cancellation))[0];
        return answer.ExitCode == 0
            ? answer.Output
            : throw Fault.Of(FirewallFault.ProgramFailed, FaultKind.Internal, $"{Program} could not list the rules: {answer.Error.Trim()}").ToException();
    }
}
