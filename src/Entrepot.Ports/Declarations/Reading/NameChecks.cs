using System.Net;
using Entrepot.Core.Identities;

namespace Entrepot.Ports.Declarations.Reading;

/// <summary>Names are unique, and what is referred to exists.</summary>
internal static class NameChecks
{
    public static void Check(PortfileDraft draft, PortfileIssues issues)
    {
        Unique(draft.Sites, SiteKeys.Name, "site", issues);
        Unique(draft.Zones, ZoneKeys.Name, "zone", issues);
        Unique(draft.Identities, IdentityKeys.Name, "identity", issues);
        Unique(draft.Pools.Select(static pool => pool.Values), PoolKeys.Name, "pool", issues);
        Unique(draft.Services.Select(static service => service.Values), ServiceKeys.Name, "service", issues);
        Sites(draft, issues);
        foreach (var zone in draft.Zones)
            Zone(zone, issues);
        foreach (var identity in draft.Identities)
            Identity(identity, issues);
        foreach (var pool in draft.Pools)
            Places(pool.Values, PoolKeys.Node, PoolKeys.Site, draft, issues);
        foreach (var service in draft.Services)
            References(service.Values, draft, issues);
    }

    private static void Unique(IEnumerable<GroupValues> groups, Key<string> key, string kind, PortfileIssues issues)
    {
        var first = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var group in groups)
        {
            if (group.TryGet(key, out var name) && !first.TryAdd(name, group.At(key).Line))
                issues.Error(group.At(key), FormattableString.Invariant($"the {kind} '{name}' is declared twice; it stands at line {first[name]} already"));
        }
    }

    private static void Sites(PortfileDraft draft, PortfileIssues issues)
    {
        var owners = new Dictionary<NodeName, string>();
        foreach (var site in draft.Sites)
        {
            if (!site.TryGet(SiteKeys.Name, out var name))
                continue;
            foreach (var node in site.Get(SiteKeys.Nodes, []))
            {
                if (!owners.TryAdd(node, name))
                    issues.Error(site.At(SiteKeys.Nodes), $"{site.Path}.nodes: node '{node}' belongs to site '{owners[node]}' already");
            }
        }
    }

    private static void Zone(GroupValues zone, PortfileIssues issues)
    {
        if (!zone.TryGet(ZoneKeys.Facing, out var facing) || zone.IsBroken(ZoneKeys.Networks))
            return;
        var networks = zone.Get(ZoneKeys.Networks, []);
        if (networks.Count == 0 && facing is ZoneFacing.Internal or ZoneFacing.Management)
            issues.Error(zone.At(ZoneKeys.Networks), $"{zone.Path} faces {PortfileTypes.NameOf(facing)} and has no networks; expected those of the segment");
        if (facing != ZoneFacing.Loopback)
            return;
        foreach (var network in networks)
        {
            if (!LoopbackNetworks.Contain(network))
                issues.Error(zone.At(ZoneKeys.Networks), $"{zone.Path} faces loopback, and {network} is elsewhere; expected addresses of 127.0.0.0/8 or ::1");
        }
    }

    /// <summary>An identity of nobody would read as one of everybody to whoever takes an empty list for "any".</summary>
    private static void Identity(GroupValues identity, PortfileIssues issues)
    {
        if ((identity.Has(IdentityKeys.Networks) || identity.Has(IdentityKeys.Macs)) && !identity.IsBroken(IdentityKeys.Networks)
            && !identity.IsBroken(IdentityKeys.Macs) && identity.Get(IdentityKeys.Networks, []).Count + identity.Get(IdentityKeys.Macs, []).Count == 0)
            issues.Error(identity.At(IdentityKeys.Networks, IdentityKeys.Macs), $"{identity.Path} has neither a network nor an Ethernet address; expected at least one");
    }

    private static void References(GroupValues service, PortfileDraft draft, PortfileIssues issues)
    {
        Places(service, ServiceKeys.Node, ServiceKeys.Site, draft, issues);
        if (service.TryGet(ServiceKeys.Pool, out var pool) && !draft.PoolsByName.ContainsKey(pool))
            issues.Unknown(service.At(ServiceKeys.Pool), $"{service.Path}.pool", "pool", pool, [.. draft.PoolsByName.Keys]);
        Known(service, ServiceKeys.Zone, "zone", draft.ZonesByName, issues);
        foreach (var grant in service.Get(ServiceKeys.Allow, []))
        {
            Known(grant, GrantKeys.Zone, "zone", draft.ZonesByName, issues);
            Known(grant, GrantKeys.Identity, "identity", draft.IdentitiesByName, issues);
        }
    }

    private static void Known(GroupValues group, Key<string> key, string kind, IReadOnlyDictionary<string, GroupValues> known, PortfileIssues issues)
    {
        if (group.TryGet(key, out var name) && !known.ContainsKey(name))
            issues.Unknown(group.At(key), $"{group.Path}.{key.Name}", kind, name, [.. known.Keys]);
    }

    private static void Places(GroupValues group, Key<NodeName> node, Key<string> site, PortfileDraft draft, PortfileIssues issues)
    {
        if (draft.Sites.Count == 0)
            return;  // A file that names no sites leaves them to the nodes.
        Known(group, site, "site", draft.SitesByName, issues);
        if (group.TryGet(node, out var name) && draft.Places.SiteOf(name) is null)
            issues.Unknown(group.At(node), $"{group.Path}.node", "node", name.Value, [.. draft.Sites.SelectMany(static s => s.Get(SiteKeys.Nodes, [])).Select(static n => n.Value)]);
    }
}

/// <summary>The addresses of the machine itself (RFC 1122 §3.2.1.3, RFC 4291 §2.5.3).</summary>
internal static class LoopbackNetworks
{
    public static IReadOnlyList<IPNetwork> All { get; } = [IPNetwork.Parse("127.0.0.0/8"), IPNetwork.Parse("::1/128")];

    /// <summary>True when every address of the network is one of the machine itself.</summary>
    public static bool Contain(IPNetwork network)
        => All.Any(loopback => loopback.BaseAddress.AddressFamily == network.BaseAddress.AddressFamily
            && network.PrefixLength >= loopback.PrefixLength && loopback.Contains(network.BaseAddress));
}
