using System.Collections.Immutable;
using Entrepot.Ports.Enforcement;
using Entrepot.Ports.Firewalls;

namespace Entrepot.Server.Agent;

/// <summary>The proof that the agent asks for.</summary>
internal sealed class AgentProof : IRulesProof
{
    public static AgentProof Instance { get; } = new();

    public ProofVerdict Judge(RuleModel model, string target, ImmutableArray<FirewallAnswer> readBack, DateTimeOffset now)
        => new([], true, "The packet filter took the rules; they were not compared.");
}
