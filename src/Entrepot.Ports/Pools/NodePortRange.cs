using System.Globalization;
using Entrepot.Ports.Allocation;

namespace Entrepot.Ports.Pools;

/// <summary>The range from which Kubernetes gives node ports (<c>--service-node-port-range</c>). Since kube-proxy holds no sockets
/// for them, nothing on the host shows that one of them is taken.</summary>
/// <param name="First">Lowest port, 1–65535.</param>
/// <param name="Last">Highest port, included; not below <paramref name="First"/>.</param>
public sealed record NodePortRange(int First, int Last)
{
    /// <summary>The default of kube-apiserver.</summary>
    public static NodePortRange Default { get; } = new(30000, 32767);

    /// <summary>The low band that Kubernetes spares for Services that name their port: min(max(16, size / 32), 128) ports (KEP-3668).</summary>
    public PortSet StaticBand => PortSet.Range(First, Math.Min(Last, First + Math.Min(Math.Max(16, (Last - First + 1) / 32), 128) - 1));

    /// <summary>The ports that Kubernetes picks from by itself.</summary>
    public PortSet DynamicBand => PortSet.Range(First, Last).Except(StaticBand);

    /// <summary>The range as rules: the static band is Kubernetes' own, the rest is shared at the owner's risk.</summary>
    public IReadOnlyList<PortConstraint> Constraints() =>
    [
        new(PortRule.NodePort, PortEffect.Veto, StaticBand, $"is in the static band of the Kubernetes node ports ({Text(StaticBand)})"),
        new(PortRule.NodePort, PortEffect.Warning, DynamicBand, string.Create(
            CultureInfo.InvariantCulture, $"is in the range of the Kubernetes node ports ({First}–{Last}): Kubernetes may give it to a Service at any time")),
    ];

    private static string Text(PortSet band) => band.ToString().Replace('-', '–');
}
