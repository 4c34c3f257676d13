using System.Collections.Immutable;
using Entrepot.Core.Faults;

namespace Entrepot.Ports.Firewalls.Iptables;

/// <summary>The own part of what <c>iptables-save -t filter</c> prints: the own chains, their rules, and the jump to them.</summary>
/// <param name="Chains">Names of the own chains.</param>
/// <param name="Rules">Their rules, in order, as printed.</param>
/// <param name="HasJump">True when INPUT jumps to the main chain.</param>
internal sealed record IptablesState(ImmutableArray<string> Chains, ImmutableArray<string> Rules, bool HasJump)
{
    /// <summary>The main chain; the others' names begin with it.</summary>
    public const string MainChain = "ENTREPOT";

    /// <summary>The jump, as printed.</summary>
    public const string Jump = $"-A INPUT -j {MainChain}";

    /// <summary>Nothing there.</summary>
    public static IptablesState None { get; } = new([], [], false);

    /// <summary>Reads an answer.</summary>
    /// <exception cref="FaultException"><see cref="FirewallFault.ProgramFailed"/>.</exception>
    public static IptablesState Read(FirewallAnswer answer)
    {
        if (answer.ExitCode != 0)
            throw Fault.Of(
                FirewallFault.ProgramFailed, FaultKind.Internal, $"iptables-save failed: {answer.Error.Trim()}",
                "Run 'iptables-save -t filter' to see why.").ToException();
        var lines = answer.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return new IptablesState(
            [.. lines.Where(static line => line.StartsWith(':')).Select(static line => line[1..].Split(' ')[0]).Where(IsOwn)],
            [.. lines.Where(static line => line.StartsWith("-A ", StringComparison.Ordinal) && IsOwn(line.Split(' ')[1]))],
            lines.Contains(Jump, StringComparer.Ordinal));
    }

    private static bool IsOwn(string chain) => chain == MainChain || chain.StartsWith(MainChain + "-", StringComparison.Ordinal);
}
