using Entrepot.Ports.Declarations;
using Entrepot.Ports.Pools;

namespace Entrepot.Ports.Allocation;

/// <summary>The node's standing rules about ports.</summary>
public sealed record PortPolicy
{
    /// <summary>The policy of a node whose operator said nothing.</summary>
    public static PortPolicy Default { get; } = new();

    /// <summary>The pools of the node, for explanations; a request names its own.</summary>
    public IReadOnlyList<PortPool> Pools { get; init; } = [DefaultPorts.Edges];

    /// <summary>Which weights the allocator uses, and whether it takes ports at the risk of outgoing connections:
    /// <see cref="PolicyProfile.Regulated"/> does not, unless the request says so.</summary>
    public PolicyProfile Profile { get; init; } = PolicyProfile.Lan;

    /// <summary>How ports may be given out at all.</summary>
    public DynamicPortRule DynamicPorts { get; init; } = DynamicPortRule.Allow;

    /// <summary>The node ports of Kubernetes, on a node that is one of its nodes; null elsewhere.</summary>
    public NodePortRange? NodePorts { get; init; }

    /// <summary>How long a released port is kept from other services. The default is Linux's TIME_WAIT, 60 s (<c>TCP_TIMEWAIT_LEN</c>):
    /// as long as packets of the last owner's connections may still arrive.</summary>
    public TimeSpan CoolDown { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>For how long a lease holds without a renewal. The default is an hour: an owner that is only restarted, or cut off for
    /// a moment, never comes near it. Null for leases without end.</summary>
    public TimeSpan? LeaseTerm { get; init; } = TimeSpan.FromHours(1);

    /// <summary>How many times in a row nobody must be seen on the port of a lapsed lease before it is released: one sighting may fall
    /// into a restart, and Kubernetes' repair loop frees a leaked node port after three.</summary>
    public int SightingsToRelease { get; init; } = 3;

    /// <summary>The share of a pool that should stay free, 0–1; below it the pool is reported as running out.</summary>
    public double SpareShare { get; init; } = PoolDeclaration.DefaultSpareShare;

    /// <summary>Shares of single pools, by name, where they differ from <see cref="SpareShare"/>.</summary>
    public IReadOnlyDictionary<string, double> SpareShares { get; init; } = new Dictionary<string, double>();

    /// <summary>The share of a pool that should stay free.</summary>
    public double SpareShareOf(PortPool pool) => SpareShares.GetValueOrDefault(pool.Name, SpareShare);
}
