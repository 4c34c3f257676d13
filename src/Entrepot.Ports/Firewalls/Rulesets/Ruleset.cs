using System.Collections.Immutable;

namespace Entrepot.Ports.Firewalls.Rulesets;

/// <summary>A packet filter as a kernel has it, whatever program wrote it.</summary>
/// <param name="Tables">In the order in which they were listed.</param>
public sealed record Ruleset(ImmutableArray<RuleTable> Tables)
{
    /// <summary>No rule at all: everything is accepted.</summary>
    public static Ruleset Empty { get; } = new([]);

    /// <summary>The same without the tables of a name.</summary>
    public Ruleset Without(RuleFamily family, string name)
        => new([.. Tables.Where(table => table.Family != family || table.Name != name)]);

    /// <summary>The same, where tables of the same family and name are replaced and new ones added. Tables that iptables keeps are only
    /// half readable through nft; what iptables-save says of them goes here.</summary>
    public Ruleset With(Ruleset better)
        => new([.. Tables.Where(table => !better.Tables.Any(other => other.Family == table.Family && other.Name == table.Name)), .. better.Tables]);
}

/// <summary>Which packets a table sees (nft(8), ADDRESS FAMILIES).</summary>
public enum RuleFamily
{
    /// <summary>IPv4.</summary>
    Ip,

    /// <summary>IPv6.</summary>
    Ip6,

    /// <summary>Both.</summary>
    Inet,

    /// <summary>What comes in by a device, before anything else.</summary>
    Netdev,

    /// <summary>ARP, which carries no ports.</summary>
    Arp,

    /// <summary>Frames that a bridge hands on.</summary>
    Bridge,
}

/// <summary>A table.</summary>
/// <param name="Family">Which packets it sees.</param>
/// <param name="Name">Its name.</param>
/// <param name="Chains">Its chains, in the order in which they were listed.</param>
public sealed record RuleTable(RuleFamily Family, string Name, ImmutableArray<RuleChain> Chains)
{
    /// <summary>True when it sees packets of IPv4 or of IPv6.</summary>
    public bool Sees(bool six)
        => Family is RuleFamily.Inet or RuleFamily.Netdev || Family == (six ? RuleFamily.Ip6 : RuleFamily.Ip);
}

/// <summary>A chain.</summary>
/// <param name="Name">Unique in its table.</param>
/// <param name="Hook">Where it begins, or null when only jumps lead there.</param>
/// <param name="Rules">In order.</param>
public sealed record RuleChain(string Name, ChainHook? Hook, ImmutableArray<FilterRule> Rules);

/// <summary>Where a base chain stands in a packet's way.</summary>
/// <param name="Point">The hook.</param>
/// <param name="Kind">What it may do.</param>
/// <param name="Priority">Lower comes first.</param>
/// <param name="DropsByDefault">The policy: true drops what no rule decided.</param>
/// <param name="Device">The device of an ingress chain, or null when all, or unknown.</param>
public sealed record ChainHook(HookPoint Point, ChainKind Kind, int Priority, bool DropsByDefault, string? Device = null);

/// <summary>The hooks that a packet from the network passes.</summary>
public enum HookPoint
{
    /// <summary>When a device has received it.</summary>
    Ingress,

    /// <summary>Before it is known whether it is for this host.</summary>
    Prerouting,

    /// <summary>It is for this host.</summary>
    Input,

    /// <summary>It is for another.</summary>
    Forward,

    /// <summary>It leaves.</summary>
    Postrouting,

    /// <summary>It was made here.</summary>
    Output,
}

/// <summary>What a base chain may do.</summary>
public enum ChainKind
{
    /// <summary>Accept and drop.</summary>
    Filter,

    /// <summary>Change the addresses of the first packet of a connection.</summary>
    Nat,

    /// <summary>Also route anew.</summary>
    Route,
}

/// <summary>A rule: statements that are carried out in order until one does not hold.</summary>
/// <param name="Place">Where it is: <c>inet entrepot input handle 12</c>.</param>
/// <param name="Statements">Conditions and actions.</param>
public sealed record FilterRule(string Place, ImmutableArray<Statement> Statements);
