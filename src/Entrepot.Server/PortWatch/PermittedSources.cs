using Entrepot.Core.Faults;
using Entrepot.Core.Kernel;
using Entrepot.Ports.Firewalls;

namespace Entrepot.Server.PortWatch;

/// <summary>Chooses how this process learns what the packet filter does.</summary>
internal static class PermittedSources
{
    private const string Program = "nft";

    /// <summary>Directly where this process has the privilege, else not at all.</summary>
    /// <param name="floor">What stays open whatever is declared.</param>
    /// <param name="time">The clock.</param>
    public static IPermittedSource Choose(Func<SafetyFloor> floor, TimeProvider time)
        => OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess
            ? new RulesetPermitted(ReadAsync, floor, time)
            : new PermittedUnknown(PermittedUnknown.NeedsAgent);

    private static async Task<string> ReadAsync(CancellationToken cancellation)
    {
        if (ExternalProgram.Find(Program) is null)
            throw Fault.Of(FirewallFault.ProgramMissing, FaultKind.Unsupported, $"'{Program}' is not installed on this machine.", "Install nftables.").ToException();
        var answer = (await FirewallRunner.AskAsync([new FirewallCommand(Program, ["-j", "list", "ruleset"], "")], cancellation))[0];
        return answer.ExitCode == 0
            ? answer.Output
            : throw Fault.Of(FirewallFault.ProgramFailed, FaultKind.Internal, $"{Program} could not list the rules: {answer.Error.Trim()}").ToException();
    }
}
