using System.Globalization;
using Entrepot.Core.Faults;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Enforcement;
using Entrepot.Ports.Firewalls;
using Entrepot.Ports.Firewalls.Evaluation;
using Entrepot.Ports.Firewalls.Nftables;
using Entrepot.Ports.Firewalls.Proof;
using Entrepot.Ports.Firewalls.Rulesets;

namespace Entrepot.Server.Agent;

/// <summary>The proof that the agent asks for: rules and everything that filters packets on this machine, whoever wrote it, compared over
/// all packets to its addresses.</summary>
internal sealed class AgentProof : IRulesProof
{
    public static AgentProof Instance { get; } = new();

    public async Task<ProofVerdict> JudgeAsync(RuleModel model, IFirewallTarget target, IFirewallShell shell, DateTimeOffset now, CancellationToken cancellation)
    {
        try
        {
            var live = await LiveRuleset.ReadAsync(shell, cancellation);
            // What could not be read may let in anything, so it is no ruleset at all.
            return live.TryParse(now, out var ruleset, out var fault) ? Judge(model, target, ruleset, HostViewReader.Read(), now) : NotCompared(fault);
        }
        catch (FaultException error)
        {
            return NotCompared(error.Fault);
        }
    }

    /// <summary>Compares. Pure.</summary>
    internal static ProofVerdict Judge(RuleModel model, IFirewallTarget target, Ruleset ruleset, HostView host, DateTimeOffset now)
    {
        var context = target.Name == NftablesTarget.TargetName ? ProofContext.ForNftables(host, now) : ProofContext.ForOthers(host, now);
        var proof = RulesetProver.Prove(model, ruleset, context);
        return proof.Fault is { } unfinished ? NotCompared(unfinished) : new ProofVerdict([.. proof.Wider.Select(Describe)], proof.IsExact, Summary(proof));
    }

    private static ProofVerdict NotCompared(Fault why) => new([$"the ruleset could not be compared with the rules: {why.Message}"], false, "Not compared.");

    private static string Summary(RulesetProof proof)
    {
        const string safe = "Compared over all packets: nothing gets in that was not meant to";
        var narrower = proof.Narrower.Select(Describe).ToList();
        return narrower.Count == 0
            ? safe + ", and everything that was."
            : $"{safe}; but other rules on this machine keep out {string.Join("; ", narrower.Take(3))}{(narrower.Count > 3 ? string.Create(CultureInfo.InvariantCulture, $" and {narrower.Count - 3} more") : "")}.";
    }

    private static string Describe(ProofFinding finding)
    {
        var packet = finding.Example;
        var ports = finding.Ports.IsEmpty ? "" : "/" + string.Join(",", finding.Ports.Take(5));
        // Whoever sends a packet elsewhere decides more than the last rule on its new way.
        var translation = finding.IsWider ? finding.Verdict.Accepted?.LastOrDefault(static decision => decision.Kind == DecisionKind.Translated) : null;
        var place = (translation ?? finding.Verdict.Decider) is { } decider ? $" ({decider.Place}{(decider.Detail is { } detail ? $": {detail}" : "")})" : "";
        return $"{packet.Protocol.Name()}{ports} from {packet.Source}: {finding.Intent.Reason}{place}";
    }
}
