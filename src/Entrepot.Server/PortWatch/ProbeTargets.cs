using Entrepot.Core.Identities;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Truth;
using Entrepot.Server.Api;

namespace Entrepot.Server.PortWatch;

/// <summary>A port that nodes try to reach.</summary>
/// <param name="Node">The node whose port it is.</param>
/// <param name="Protocol"><c>tcp</c> or <c>udp</c>.</param>
/// <param name="Host">Name or address by which clients reach the node.</param>
/// <param name="Port">1–65535.</param>
public sealed record ProbeTargetDocument(string Node, string Protocol, string Host, int Port);

/// <summary>Which ports the nodes of a network try: its surfaces, and what the origin's portfile declares for others to reach. Nobody
/// can add to them but who writes settings and portfile. Pure.</summary>
public static class ProbeTargets
{
    /// <summary>Most targets.</summary>
    public const int Max = 256;

    /// <summary>The targets, the surfaces first.</summary>
    /// <param name="network">The surfaces of the network.</param>
    /// <param name="own">The surfaces of this process, by whose address the node is reached.</param>
    /// <param name="node">This node.</param>
    /// <param name="declared">What is declared of its ports.</param>
    /// <param name="watched">Its ports whose findings only a probe can resolve.</param>
    public static IReadOnlyList<ProbeTargetDocument> Of(
        NetworkDocument network, IReadOnlyList<SurfaceDocument> own, NodeName node, IReadOnlyList<DeclaredPort> declared, IReadOnlyList<(PortProtocol Protocol, int Port)> watched)
    {
        var targets = network.Surfaces
            .Select(static surface => Uri.TryCreate(surface.Url, UriKind.Absolute, out var url) && url.Port == surface.Port
                ? new ProbeTargetDocument(surface.Node, PortProtocol.Tcp.Name(), url.DnsSafeHost, surface.Port)
                : null)
            .OfType<ProbeTargetDocument>().ToList();
        if (own.Count > 0 && Uri.TryCreate(own[0].Url, UriKind.Absolute, out var address))
            targets.AddRange(declared.Where(static port => port is { Local: false, Stopped: false } && port.Protocol != PortProtocol.Sctp)
                .Select(static port => (port.Protocol, port.Port)).Concat(watched)
                .Select(port => new ProbeTargetDocument(node.Value, port.Protocol.Name(), address.DnsSafeHost, port.Port)));
        // An edge beside the origin is a node to the network, and a lease of the origin.
        return [.. targets.DistinctBy(static target => (target.Protocol, target.Host, target.Port)).Take(Max)];
    }
}
