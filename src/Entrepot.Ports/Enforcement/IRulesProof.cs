using System.Collections.Immutable;
using Entrepot.Ports.Firewalls;

namespace Entrepot.Ports.Enforcement;

/// <summary>Compares rules with what the packet filter has.</summary>
public interface IRulesProof
{
    /// <summary>Reads back everything that filters packets on the machine, those of others too, and judges it.</summary>
    /// <param name="model">What was meant, openings included.</param>
    /// <param name="target">The packet filter that was told so.</param>
    /// <param name="shell">Whoever runs commands.</param>
    /// <param name="now">The time, in UTC.</param>
    /// <param name="cancellation">Gives up.</param>
    Task<ProofVerdict> JudgeAsync(RuleModel model, IFirewallTarget target, IFirewallShell shell, DateTimeOffset now, CancellationToken cancellation);
}

/// <summary>What a comparison found.</summary>
/// <param name="Wider">What gets in and was not meant to, one sentence each; blocks the change.</param>
/// <param name="IsExact">True when the packet filter does what was meant with every packet, or nothing was compared.</param>
/// <param name="Summary">The result in one sentence.</param>
public sealed record ProofVerdict(ImmutableArray<string> Wider, bool IsExact, string Summary);
