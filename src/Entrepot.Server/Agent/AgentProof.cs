using System.Collections.Immutable;
using System.Globalization;
using System.Net.NetworkInformation;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Enforcement;
using Entrepot.Ports.Firewalls;
using Entrepot.Ports.Firewalls.Evaluation;
using Entrepot.Ports.Firewalls.Nftables;
using Entrepot.Ports.Firewalls.Proof;

namespace Entrepot.Server.Agent;

/// <summary>The proof that the agent asks for: rules and read-back ruleset compared over all packets to this machine.</summary>
internal sealed class AgentProof : IRulesProof
{
    public static AgentProof Instance { get; } = new();

    public ProofVerdict Judge(RuleModel model, string target, ImmutableArray<FirewallAnswer> readBack, DateTimeOffset now)
    {
        if (target != NftablesTarget.TargetName)
            return new ProofVerdict([], true, $"The packet filter took the rules; what {target} has can't be compared with them in this version.");
        if (readBack is not [{ ExitCode: 0 } answer])
            return Unproven(readBack.FirstOrDefault()?.Error.Trim() ?? "no answer");
        if (!NftablesReader.TryRead(answer.Output, out var ruleset, out var fault))
            return Unproven(fault.Message);
        var host = new HostView { Addresses = OwnAddresses() };
        var proof = RulesetProver.Prove(model, ruleset, ProofContext.ForNftables(host, now));
        if (proof.Fault is { } unfinished)
            return Unproven(unfinished.Message);
        return new ProofVerdict([.. proof.Wider.Select(Describe)], proof.IsExact, Summary(proof));
    }

    /// <summary>What could not be compared may be wider.</summary>
    private static ProofVerdict Unproven(string why)
        => new([$"the ruleset could not be compared with the rules: {why}"], false, "Not compared.");

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
        var place = finding.Verdict.Decider is { } decider ? $" ({decider.Place})" : "";
        return $"{packet.Protocol.Name()}{ports} from {packet.Source}: {finding.Intent.Reason}{place}";
    }

    private static ImmutableArray<System.Net.IPAddress> OwnAddresses()
        => [.. NetworkInterface.GetAllNetworkInterfaces().SelectMany(static card => card.GetIPProperties().UnicastAddresses).Select(static address => address.Address).Distinct()];
}
