using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Text.RegularExpressions;
using Entrepot.Core.Faults;
using Entrepot.Core.Kernel;
using Entrepot.Ports.Enforcement;
using Entrepot.Ports.Firewalls.Iptables;
using Entrepot.Ports.Firewalls.Nftables;

namespace Entrepot.Ports.Firewalls.Rulesets;

/// <summary>Everything that filters packets on a machine, whoever wrote it, in the words of the programs that print it. Two that are equal
/// as values were printed alike.</summary>
/// <param name="Nft">What <c>nft -j list ruleset</c> printed, or null where it is not installed.</param>
/// <param name="Iptables">What the programs of iptables printed, without comments and counters: one listing for each that is installed.</param>
public sealed partial record LiveRuleset(string? Nft, ImmutableArray<IptablesListing> Iptables)
{
    private const string NftProgram = "nft";

    /// <summary>Asks every program that is installed.</summary>
    /// <exception cref="FaultException"><see cref="FirewallFault.ProgramMissing"/>: there is none; <see cref="FirewallFault.ProgramFailed"/>: one gave
    /// no listing, so that nothing is known.</exception>
    public static async Task<LiveRuleset> ReadAsync(IFirewallShell shell, CancellationToken cancellation)
    {
        var iptables = Listings().ToList();
        var hasNft = ExternalProgram.Find(NftProgram) is not null;
        if (!hasNft && iptables.Count == 0)
            throw Fault.Of(
                FirewallFault.ProgramMissing, FaultKind.Unsupported, $"Neither '{NftProgram}' nor 'iptables-save' is installed on this machine.", "Install nftables.").ToException();
        List<FirewallCommand> commands = [.. iptables.Select(static listing => listing.Command)];
        if (hasNft)
            commands.Add(new FirewallCommand(NftProgram, ["-j", "list", "ruleset"]));
        var answers = await shell.AskAsync(commands, cancellation);
        if (answers.Length != commands.Count)
            throw Failed("a program gave no answer");
        for (var index = 0; index < answers.Length; index++)
        {
            if (answers[index].ExitCode != 0)
                throw Failed($"{commands[index].Program} could not list the rules: {answers[index].Error.Trim()}");
        }

        return new LiveRuleset(
            hasNft ? answers[^1].Output : null,
            [.. iptables.Zip(answers, static (listing, answer) => new IptablesListing(Lasting(answer.Output), listing.Six, listing.Legacy))]);
    }

    /// <summary>Puts the listings together. Tables that iptables keeps are only half readable through nft, so what iptables-save says of
    /// them counts; tables of iptables-legacy, which nft does not see at all, are added.</summary>
    /// <param name="now">The time, in UTC, at which rules that end by themselves are looked at; null when it is not known.</param>
    /// <param name="ruleset">The whole.</param>
    /// <param name="fault">Which of them could not be read, and where.</param>
    public bool TryParse(DateTimeOffset? now, [NotNullWhen(true)] out Ruleset? ruleset, [NotNullWhen(false)] out Fault? fault)
    {
        (ruleset, fault) = (Ruleset.Empty, null);
        if (Nft is not null && !NftablesReader.TryRead(Nft, out ruleset, out fault))
            return false;
        foreach (var listing in Iptables)
        {
            if (!IptablesReader.TryRead(listing.Text, listing.Six, now, out var tables, out fault))
            {
                ruleset = null;
                return false;
            }

            // Those of iptables-legacy stand beside others of the same name.
            ruleset = listing.Legacy ? new Ruleset(ruleset!.Tables.AddRange(tables.Tables)) : ruleset!.With(tables);
        }

        return true;
    }

    /// <inheritdoc/>
    public bool Equals(LiveRuleset? other) => other is not null && Nft == other.Nft && Iptables.SequenceEqual(other.Iptables);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Nft, Iptables.Length);

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

    /// <summary>Without comments, which tell the time, and counters of the chains.</summary>
    private static string Lasting(string listing) => Fleeting().Replace(listing, "");

    [GeneratedRegex(@"^#.*\n| \[\d+:\d+\]$", RegexOptions.Multiline)]
    private static partial Regex Fleeting();

    private static FaultException Failed(string why) => Fault.Of(FirewallFault.ProgramFailed, FaultKind.Internal, $"The ruleset can't be read: {why}.").ToException();
}

/// <summary>What one of the programs of iptables printed.</summary>
/// <param name="Text">The listing.</param>
/// <param name="Six">True for IPv6.</param>
/// <param name="Legacy">True for tables that nft does not see.</param>
public sealed record IptablesListing(string Text, bool Six, bool Legacy);
