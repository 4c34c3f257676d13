using Entrepot.Core.Identities;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Pools;

namespace Entrepot.Ports.Declarations.Reading;

/// <summary>A pool as far as it could be read; what could not is null.</summary>
internal sealed record PoolDraft(GroupValues Values, string? Name, Placement? Place, (int First, int Last)? Range, PoolStrategy Strategy)
{
    public int Size => Range is var (first, last) ? last - first + 1 : 0;

    /// <summary>How messages name it.</summary>
    public string Title => Name is null ? Values.Path : $"pool '{Name}'";

    public bool Contains(int first, int last) => Range is var (low, high) && first >= low && last <= high;

    public bool Touches(int first, int last) => Range is var (low, high) && first <= high && last >= low;
}

/// <summary>A service as far as it could be read; what could not is null.</summary>
internal sealed record ServiceDraft(GroupValues Values, string? Name, Placement? Place, PortProtocol? Protocol, int? Port, int Ports, PoolDraft? Pool)
{
    /// <summary>The highest port of its block.</summary>
    public int? Last => Port + Ports - 1;

    /// <summary>How messages name it.</summary>
    public string Title => Name is null ? Values.Path : $"service '{Name}'";

    /// <summary>Its ports as messages write them: <c>tcp/8333</c>, <c>tcp/8333–8336</c>.</summary>
    public string PortText => FormattableString.Invariant($"{Protocol?.Name()}/{Port}{(Ports > 1 ? FormattableString.Invariant($"–{Last}") : "")}");
}

/// <summary>Everything that could be read of a portfile, for the checks that look at several things at once.</summary>
internal sealed class PortfileDraft
{
    public PortfileDraft(GroupValues root, PortfileIssues issues)
    {
        Root = root;
        Policy = root.Get(PortfileKeys.Policy, new GroupValues(root.Node, "policy"));
        Management = Policy.Get(PolicyKeys.Management, new GroupValues(Policy.Node, "policy.management"));
        issues.IsStrict = Profile == PolicyProfile.Regulated || DynamicPorts != DynamicPortRule.Allow;
        Sites = root.Get(PortfileKeys.Sites, []);
        Zones = root.Get(PortfileKeys.Zones, []);
        Identities = root.Get(PortfileKeys.Identities, []);
        ZonesByName = ByName(Zones, ZoneKeys.Name);
        IdentitiesByName = ByName(Identities, IdentityKeys.Name);
        SitesByName = ByName(Sites, SiteKeys.Name);
        Places = new PlacementMap(Sites.Where(static site => site.TryGet(SiteKeys.Name, out _))
            .Select(static site => new SiteDeclaration(site.Get(SiteKeys.Name, ""), [.. site.Get(SiteKeys.Nodes, [])])));
        Pools = [.. root.Get(PortfileKeys.Pools, []).Select(Pool)];
        PoolsByName = Pools.Where(static pool => pool.Name is not null).DistinctBy(static pool => pool.Name).ToDictionary(static pool => pool.Name!, StringComparer.Ordinal);
        Services = [.. root.Get(PortfileKeys.Services, []).Select(Service)];
    }

    public GroupValues Root { get; }

    public GroupValues Policy { get; }

    public GroupValues Management { get; }

    public PolicyProfile Profile => Policy.Get(PolicyKeys.Profile, PolicyProfile.Lan);

    public DynamicPortRule DynamicPorts => Policy.Get(PolicyKeys.DynamicPorts, DynamicPortRule.Allow);

    public IReadOnlyList<GroupValues> Sites { get; }

    public IReadOnlyList<GroupValues> Zones { get; }

    public IReadOnlyList<GroupValues> Identities { get; }

    public IReadOnlyList<PoolDraft> Pools { get; }

    public IReadOnlyList<ServiceDraft> Services { get; }

    public IReadOnlyDictionary<string, GroupValues> SitesByName { get; }

    public IReadOnlyDictionary<string, GroupValues> ZonesByName { get; }

    public IReadOnlyDictionary<string, GroupValues> IdentitiesByName { get; }

    public IReadOnlyDictionary<string, PoolDraft> PoolsByName { get; }

    public PlacementMap Places { get; }

    private static Dictionary<string, GroupValues> ByName(IReadOnlyList<GroupValues> groups, Key<string> name)
    {
        var found = new Dictionary<string, GroupValues>(StringComparer.Ordinal);
        foreach (var group in groups)
        {
            if (group.TryGet(name, out var text))
                found.TryAdd(text, group);
        }

        return found;
    }

    private static Placement? Place(GroupValues group, Key<NodeName> node, Key<string> site)
    {
        if (group.IsBroken(node) || group.IsBroken(site) || (group.Has(node) && group.Has(site)))
            return null;
        return group.TryGet(node, out var name) ? new Placement(name, null) : group.TryGet(site, out var place) ? new Placement(null, place) : Placement.Everywhere;
    }

    private static string? Name(GroupValues group, Key<string> name) => group.TryGet(name, out var text) ? text : null;

    private PoolDraft Pool(GroupValues values) => new(
        values, Name(values, PoolKeys.Name), Place(values, PoolKeys.Node, PoolKeys.Site),
        values.TryGet(PoolKeys.Range, out var range) ? range : null, values.Get(PoolKeys.Strategy, PoolStrategy.Dynamic));

    private ServiceDraft Service(GroupValues values) => new(
        values, Name(values, ServiceKeys.Name), Place(values, ServiceKeys.Node, ServiceKeys.Site),
        values.IsBroken(ServiceKeys.Protocol) ? null : values.Get(ServiceKeys.Protocol, PortProtocol.Tcp),
        values.TryGet(ServiceKeys.Port, out var port) ? port : null,
        values.Get(ServiceKeys.Ports, 1),
        values.TryGet(ServiceKeys.Pool, out var pool) ? PoolsByName.GetValueOrDefault(pool) : null);
}
