using Entrepot.Ports.Allocation;

namespace Entrepot.Ports.Pools;

/// <summary>The ports that a Kubernetes cluster gives to its services on every node, by its defaults
/// (kube-apiserver, <c>--service-node-port-range</c>).</summary>
public static class KubernetesNodePorts
{
    /// <summary>Lowest port.</summary>
    public const int First = 30_000;

    /// <summary>Highest port, included.</summary>
    public const int Last = 32_767;

    /// <summary>The low band, 30000–30085, which Kubernetes keeps for those who name their port (KEP-3668): as good as taken by whoever
    /// deploys next.</summary>
    public static PortSet StaticBand { get; } = PortSet.Range(First, First + new PortPool("node ports", First, Last, PoolStrategy.Hybrid).StaticBand - 1);
}
