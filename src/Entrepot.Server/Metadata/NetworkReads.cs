using Entrepot.Core.Faults;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Pools;
using Entrepot.Server.Access;
using Entrepot.Server.Api;
using Entrepot.Server.Http;
using Entrepot.Trust.Access;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Entrepot.Server.Metadata;

/// <summary>The network: surfaces, nodes and ports.</summary>
internal static class NetworkReads
{
    /// <summary>Adds the endpoints.</summary>
    public static void MapNetworkReads(this IEndpointRouteBuilder routes, MetadataService service)
    {
        routes.MapRead("/v1/network", ((HttpContext context) => JsonExchange.WriteAsync(context, service.Network(), ApiJson.Default.NetworkDocument)))
            .Needs(Permission.NetworkRead)
            .Describe("GetNetwork", "Show the network", "Every surface of every known node, with its address, port and the reason for that port.")
            .Produces<NetworkDocument>();
        routes.MapRead("/v1/nodes", ((HttpContext context) => JsonExchange.WriteAsync(context, service.Members(), ApiJson.Default.IReadOnlyListNodeDocument)))
            .Needs(Permission.NetworkRead)
            .Describe("ListNodes", "List the nodes", "Each with its last heart-beat, its state and the reason for that state.")
            .Produces<IReadOnlyList<NodeDocument>>();
        routes.MapRead("/v1/ports", ((HttpContext context) => JsonExchange.WriteAsync(context, service.Ports.List(), ApiJson.Default.IReadOnlyListPortListEntry)))
            .Needs(Permission.NetworkRead)
            .Describe("ListPorts", "List the leased ports", "Each with its owner, and whether its owner listens there.")
            .Produces<IReadOnlyList<PortListEntry>>();
        routes.MapRead("/v1/ports/{port:int}", (HttpContext context, int port, string? protocol) => ExplainAsync(service, context, port, protocol))
            .Needs(Permission.NetworkRead)
            .Describe("ExplainPort", "Explain a port", "Its lease, who listens, every rule that speaks about it. protocol=udp or sctp for those.")
            .Produces<PortExplanation>()
            .Refuses(400);
        routes.MapRead("/v1/ports/pools", ((HttpContext context) => JsonExchange.WriteAsync(context, service.Ports.Pools.Read(), ApiJson.Default.IReadOnlyListPoolUsage)))
            .Needs(Permission.NetworkRead)
            .Describe("ListPools", "List the pools", "How full each pool of this node is, whether it runs out, and when it is likely to be full.")
            .Produces<IReadOnlyList<PoolUsage>>();
        routes.MapRead("/v1/ports/services/{name}", (HttpContext context, string name, string? protocol, int? whyNot, int? rows) => TableAsync(service, context, name, protocol, whyNot, rows))
            .Needs(Permission.NetworkRead)
            .Describe("ExplainService", "Lay the choice of a service's port open", "Candidates, vetoes, twelve scores with weights. whyNot=PORT says why not that one; rows=1–1000 of each kind.")
            .Produces<PortTable>()
            .Refuses(400, 404);
    }

    private static Task ExplainAsync(MetadataService service, HttpContext context, int port, string? protocol)
        => JsonExchange.WriteAsync(context, service.Ports.Explain(port, Protocol(protocol ?? "tcp")), ApiJson.Default.PortExplanation);

    private static Task TableAsync(MetadataService service, HttpContext context, string name, string? protocol, int? whyNot, int? rows)
    {
        if (rows is < 1 or > PortTabulator.MaxRows)
            throw Fault.Of(HttpFault.Body, FaultKind.Invalid, $"rows={rows} is not a number of rows.", $"Use 1–{PortTabulator.MaxRows}.").ToException();
        var table = service.Ports.ExplainService(name, protocol is null ? null : Protocol(protocol), whyNot, rows ?? PortTabulator.DefaultRows);
        return JsonExchange.WriteAsync(context, table, ApiJson.Default.PortTable);
    }

    private static PortProtocol Protocol(string name)
        => PortProtocols.TryParse(name, out var protocol)
            ? protocol
            : throw Fault.Of(HttpFault.Body, FaultKind.Invalid, $"'{name}' is not a protocol.", "Use tcp, udp or sctp.").ToException();
}
