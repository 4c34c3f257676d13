using System.Collections.Immutable;
using Entrepot.Ports.Firewalls;

namespace Entrepot.Ports.Enforcement;

/// <summary>Compares rules with what the packet filter has.</summary>
public interface IRulesProof
{
    /// <summary>Judges a ruleset that was read back.</summary>
    /// <param name="model">What was meant, openings included.</param>
    /// <param name="target">Name of the target.</param>
    /// <param name="readBack">The answers to the target's <see cref="IFirewallTarget.ReadBack"/>.</param>
    /// <param name="now">The time, in UTC.</param>
    ProofVerdict Judge(RuleModel model, string target, ImmutableArray<FirewallAnswer> readBack, DateTimeOffset now);
}

/// <summary>What a comparison found.</summary>
/// <param name="Wider">What gets in and was not meant to, one sentence each; blocks the change.</param>
/// <param name="IsExact">True when the packet filter does what was meant with every packet, or nothing was compared.</param>
/// <param name="Summary">The result in one sentence.</param>
public sealed record ProofVerdict(ImmutableArray<string> Wider, bool IsExact, string Summary);
