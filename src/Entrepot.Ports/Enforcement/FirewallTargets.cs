using Entrepot.Core.Faults;
using Entrepot.Ports.Firewalls;
using Entrepot.Ports.Firewalls.Iptables;
using Entrepot.Ports.Firewalls.Nftables;

namespace Entrepot.Ports.Enforcement;

/// <summary>The targets there are.</summary>
public static class FirewallTargets
{
    /// <summary>Every target; the preferred one first.</summary>
    public static IReadOnlyList<IFirewallTarget> All { get; } = [new NftablesTarget(), new IptablesTarget()];

    /// <summary>The target of a name.</summary>
    /// <exception cref="FaultException"><see cref="FirewallFault.Malformed"/>: there is none.</exception>
    public static IFirewallTarget Named(string name) => All.FirstOrDefault(target => target.Name == name) ?? throw Fault.Of(
        FirewallFault.Malformed, FaultKind.Invalid, $"'{name}' is no packet filter that Entrepot drives.",
        $"Use one of: {string.Join(", ", All.Select(static target => target.Name))}.").ToException();
}
