using System.Diagnostics.CodeAnalysis;
using Entrepot.Core.Faults;
using Entrepot.Ports.Firewalls.Iptables;
using Entrepot.Ports.Firewalls.Nftables;

namespace Entrepot.Ports.Firewalls.Rulesets;

/// <summary>Everything that filters packets on a machine, put together from what its programs print.</summary>
public static class LiveRuleset
{
    /// <summary>Reads the answers of the programs. Tables that iptables keeps are only half readable through nft, so what iptables-save
    /// says of them counts; tables of iptables-legacy, which nft does not see at all, are added.</summary>
    /// <param name="nft">What <c>nft -j list ruleset</c> printed.</param>
    /// <param name="iptables">What <c>iptables-save</c> printed, or null where it is not installed.</param>
    /// <param name="ip6tables">What <c>ip6tables-save</c> printed, or null where it is not installed.</param>
    /// <param name="ruleset">The whole.</param>
    /// <param name="fault">Which of them could not be read, and where.</param>
    public static bool TryRead(
        string nft, string? iptables, string? ip6tables, [NotNullWhen(true)] out Ruleset? ruleset, [NotNullWhen(false)] out Fault? fault)
        => TryRead(
            nft,
            new[] { (Text: iptables, Six: false), (Text: ip6tables, Six: true) }.Where(static row => row.Text is not null)
                .Select(static row => new IptablesListing(row.Text!, row.Six, Legacy: false)),
            out ruleset, out fault);

    /// <summary>The same with any number of listings of iptables.</summary>
    /// <param name="nft">What <c>nft -j list ruleset</c> printed.</param>
    /// <param name="iptables">What the programs of iptables printed.</param>
    /// <param name="ruleset">The whole.</param>
    /// <param name="fault">Which of them could not be read, and where.</param>
    public static bool TryRead(
        string nft, IEnumerable<IptablesListing> iptables, [NotNullWhen(true)] out Ruleset? ruleset, [NotNullWhen(false)] out Fault? fault)
    {
        if (!NftablesReader.TryRead(nft, out ruleset, out fault))
            return false;
        foreach (var listing in iptables)
        {
            if (!IptablesReader.TryRead(listing.Text, listing.Six, out var tables, out fault))
            {
                ruleset = null;
                return false;
            }

            // Those of iptables-legacy stand beside others of the same name.
            ruleset = listing.Legacy ? new Ruleset(ruleset.Tables.AddRange(tables.Tables)) : ruleset.With(tables);
        }

        return true;
    }
}

/// <summary>What one of the programs of iptables printed.</summary>
/// <param name="Text">The listing.</param>
/// <param name="Six">True for IPv6.</param>
/// <param name="Legacy">True for tables that nft does not see.</param>
public sealed record IptablesListing(string Text, bool Six, bool Legacy);
