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
    {
        if (!NftablesReader.TryRead(nft, out ruleset, out fault))
            return false;
        foreach (var (text, six) in new[] { (iptables, false), (ip6tables, true) })
        {
            if (text is null)
                continue;
            if (!IptablesReader.TryRead(text, six, out var tables, out fault))
            {
                ruleset = null;
                return false;
            }

            ruleset = ruleset.With(tables);
        }

        return true;
    }
}
