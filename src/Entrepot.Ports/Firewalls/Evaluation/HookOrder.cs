using Entrepot.Ports.Firewalls.Rulesets;

namespace Entrepot.Ports.Firewalls.Evaluation;

/// <summary>A base chain in its table.</summary>
internal readonly record struct BaseChain(RuleTable Table, RuleChain Chain)
{
    public ChainHook Hook => Chain.Hook!;

    /// <summary>For messages: <c>inet filter input</c>.</summary>
    public string Place => $"{Table.Family.ToString().ToLowerInvariant()} {Table.Name} {Chain.Name}";
}

/// <summary>The order in which base chains see a packet.</summary>
internal static class HookOrder
{
    /// <summary>Connection tracking stands between what is lower and what is not (NF_IP_PRI_CONNTRACK).</summary>
    public const int ConnectionTracking = -200;

    // Chains that translate are called by the hooks of translation, whatever their own priority (NF_IP_PRI_NAT_DST, NF_IP_PRI_NAT_SRC).
    private const int DestinationTranslation = -100;
    private const int SourceTranslation = 100;

    /// <summary>The base chains at a hook that see packets of a family, in order. Of two with one priority the kernel calls the one
    /// that came later first (nf_hook_entries_grow).</summary>
    public static IEnumerable<BaseChain> Of(Ruleset ruleset, HookPoint point, bool six)
        => from table in ruleset.Tables.Reverse()
           where table.Sees(six)
           from chain in table.Chains.Reverse()
           where chain.Hook is { } hook && hook.Point == point
           orderby Place(chain.Hook!), chain.Hook!.Priority
           select new BaseChain(table, chain);

    private static int Place(ChainHook hook) => hook.Kind != ChainKind.Nat ? hook.Priority
        : hook.Point is HookPoint.Prerouting or HookPoint.Output ? DestinationTranslation : SourceTranslation;
}
