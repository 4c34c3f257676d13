using Entrepot.Core.Identities;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Inventory;
using Entrepot.Ports.Pools;

namespace Entrepot.Ports.Declarations.Reading;

/// <summary>Pools are apart, keep to the policy and hold their services.</summary>
internal static class PoolChecks
{
    /// <summary>The largest pool under <see cref="DynamicPortRule.Bounded"/>: a range that a reviewer of firewall rules can still look at
    /// port by port.</summary>
    public const int MaxBoundedSize = 128;

    public static void Check(PortfileDraft draft, PortfileIssues issues)
    {
        Overlaps(draft, issues);
        var members = draft.Services.Where(static service => service.Pool is not null).ToLookup(static service => service.Pool!);
        foreach (var pool in draft.Pools)
        {
            Rules(pool, draft.DynamicPorts, issues);
            Room(pool, [.. members[pool]], draft, issues);
        }
    }

    private static void Overlaps(PortfileDraft draft, PortfileIssues issues)
    {
        for (var later = 1; later < draft.Pools.Count; later++)
        {
            var pool = draft.Pools[later];
            if (pool.Place is null || pool.Range is not var (first, last))
                continue;
            for (var earlier = 0; earlier < later; earlier++)
            {
                var other = draft.Pools[earlier];
                if (other.Place is null || !other.Touches(first, last) || draft.Places.Meet(pool.Place, other.Place) is var meet && meet == PlacementRelation.Never)
                    continue;
                var at = pool.Values.At(PoolKeys.Range);
                var place = FormattableString.Invariant(
                    $"{pool.Title} ({first}–{last}, {pool.Place}) overlaps {other.Title} ({other.Range?.First}–{other.Range?.Last}, {other.Place}) of line {other.Values.Node.Line}");
                if (meet == PlacementRelation.Always)
                    issues.Error(at, $"{place}; expected ranges that are apart");
                else
                    issues.Warn(at, $"{place} where that node is at that site; list the nodes of each site under 'sites' to have it checked");
                break;
            }
        }
    }

    private static void Rules(PoolDraft pool, DynamicPortRule rule, PortfileIssues issues)
    {
        if (rule == DynamicPortRule.Forbid && pool.Strategy != PoolStrategy.Static && !pool.Values.IsBroken(PoolKeys.Strategy))
            issues.Error(
                pool.Values.At(PoolKeys.Strategy, PoolKeys.Name),
                $"{pool.Title} is {PortfileTypes.NameOf(pool.Strategy)}, and policy.dynamicPorts forbids that; expected strategy: static");
        if (rule != DynamicPortRule.Bounded || pool.Range is not var (first, last))
            return;
        if (pool.Size > MaxBoundedSize)
            issues.Error(
                pool.Values.At(PoolKeys.Range),
                FormattableString.Invariant($"{pool.Title} has {pool.Size} ports, and policy.dynamicPorts is bounded; expected at most {MaxBoundedSize}"));
        var outgoing = EphemeralRange.LinuxDefault;
        if (pool.Touches(outgoing.First, outgoing.Last))
        {
            var outside = FormattableString.Invariant($"Linux's range for outgoing connections ({outgoing.First}–{outgoing.Last})");
            issues.Error(
                pool.Values.At(PoolKeys.Range),
                FormattableString.Invariant($"{pool.Title} ({first}–{last}) lies in {outside}, and policy.dynamicPorts is bounded; expected ports outside"));
        }
    }

    /// <summary>Whether the pool holds its services on the node that has most of them. Each transport has ports of its own.</summary>
    private static void Room(PoolDraft pool, IReadOnlyList<ServiceDraft> members, PortfileDraft draft, PortfileIssues issues)
    {
        if (pool.Range is null)
            return;
        var spare = pool.Values.Get(PoolKeys.Spare, PoolDeclaration.DefaultSpareShare);
        foreach (var protocol in PortProtocols.All)
        {
            var need = Need([.. members.Where(service => service.Protocol == protocol && service.Place is not null)], draft.Places);
            if (need > pool.Size)
            {
                issues.Error(
                    pool.Values.At(PoolKeys.Range),
                    FormattableString.Invariant(
                        $"{pool.Title} has {pool.Size} ports, and its services want {need} {protocol.Name()} ports on one node{Ahead(members)}; expected a larger range"));
            }
            else if (need > 0 && pool.Size - need < pool.Size * spare)
            {
                issues.Warn(
                    pool.Values.At(PoolKeys.Range),
                    FormattableString.Invariant(
                        $"{pool.Title} keeps {pool.Size - need} of its {pool.Size} ports free at best, below the spare share of {spare * 100:0}%; make it larger or lower the share"));
            }
        }
    }

    private static int Need(IReadOnlyList<ServiceDraft> members, PlacementMap places)
    {
        var everywhere = members.Where(static service => service.Place == Placement.Everywhere).Sum(Ports);
        var sites = members.Where(static service => service.Place!.Site is not null).GroupBy(static service => service.Place!.Site!)
            .ToDictionary(static site => site.Key, static site => site.Sum(Ports), StringComparer.Ordinal);
        var nodes = members.Where(static service => service.Place!.Node is not null).GroupBy(static service => service.Place!.Node!.Value)
            .Select(node => node.Sum(Ports) + AtSiteOf(node.Key));
        return everywhere + nodes.Concat(sites.Values).DefaultIfEmpty().Max();

        int AtSiteOf(NodeName node) => places.SiteOf(node) is { } site ? sites.GetValueOrDefault(site) : 0;
    }

    /// <summary>A service that rotates has its next ports leased ahead.</summary>
    private static int Ports(ServiceDraft service) => service.Values.Has(ServiceKeys.Rotate) ? 2 * service.Ports : service.Ports;

    private static string Ahead(IReadOnlyList<ServiceDraft> members)
        => members.Any(static service => service.Values.Has(ServiceKeys.Rotate)) ? ", the next ones of those that rotate included" : "";
}
