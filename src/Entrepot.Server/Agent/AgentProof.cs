using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Entrepot.Core.Kernel;
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
        if (target.Name != NftablesTarget.TargetName)
            return new ProofVerdict([], true, $"The packet filter took the rules; what {target.Name} has can't be compared with them in this version.");
        var iptables = Listings().ToList();
        var answers = await shell.AskAsync([.. target.ReadBack, .. iptables.Select(static listing => listing.Command)], cancellation);
        return TryRead(answers, iptables, out var ruleset, out var why)
            ? Judge(model, ruleset, HostViewReader.Read(), now)
            : new ProofVerdict([$"the ruleset could not be compared with the rules: {why}"], false, "Not compared.");
    }

    /// <summary>Compares. Pure.</summary>
    internal static ProofVerdict Judge(RuleModel model, Ruleset ruleset, HostView host, DateTimeOffset now)
    {
        var proof = RulesetProver.Prove(model, ruleset, ProofContext.ForNftables(host, now));
        return proof.Fault is { } unfinished
            ? new ProofVerdict([$"the ruleset could not be compared with the rules: {unfinished.Message}"], false, "Not compared.")
            : new ProofVerdict([.. proof.Wider.Select(Describe)], proof.IsExact, Summary(proof));
    }

    /// <summary>The programs of iptables that this machine has. Each keeps tables that only it can print whole; where the distribution
    /// does not tell the two apart, there is one.</summary>
    private static IEnumerable<(FirewallCommand Command, bool Six, bool Legacy)> Listings()
    {
        foreach (var (program, six) in new[] { ("iptables", false), ("ip6tables", true) })
        {
            string[] named = [.. new[] { $"{program}-nft-save", $"{program}-legacy-save" }.Where(static name => ExternalProgram.Find(name) is not null)];
            foreach (var name in named.Length > 0 || ExternalProgram.Find($"{program}-save") is null ? named : [$"{program}-save"])
                yield return (new FirewallCommand(name, []), six, name.Contains("-legacy-", StringComparison.Ordinal));
        }
    }

    /// <summary>What could not be read may let in anything, so it is no ruleset at all.</summary>
    private static bool TryRead(
        ImmutableArray<FirewallAnswer> answers, List<(FirewallCommand Command, bool Six, bool Legacy)> iptables,
        [NotNullWhen(true)] out Ruleset? ruleset, [NotNullWhen(false)] out string? why)
    {
        (ruleset, why) = (null, null);
        var programs = iptables.Select(static listing => listing.Command.Program).Prepend("nft").ToList();
        if (answers.Length != programs.Count)
            why = "a program gave no answer";
        else if (answers.IndexOf(answers.FirstOrDefault(static answer => answer.ExitCode != 0)!) is >= 0 and var failed)
            why = $"{programs[failed]}: {answers[failed].Error.Trim()}";
        else if (!LiveRuleset.TryRead(
            answers[0].Output, iptables.Zip(answers.Skip(1), static (listing, answer) => new IptablesListing(answer.Output, listing.Six, listing.Legacy)), out ruleset, out var fault))
            why = fault.Message;
        return ruleset is not null;
    }

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
