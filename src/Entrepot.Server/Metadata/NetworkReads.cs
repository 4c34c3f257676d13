using Entrepot.Core.Faults;
using Entrepot.Core.Journal;
using Entrepot.Ports.Allocation;
using Entrepot.Server.Api;
using Entrepot.Server.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Entrepot.Server.Metadata;

/// <summary>The network: surfaces, nodes, ports, and the journal of what changed.</summary>
internal static class NetworkReads
{
    private const int DefaultPage = 100;

    /// <summary>Adds the endpoints.</summary>
    public static void MapNetworkReads(this IEndpointRouteBuilder routes, MetadataService service)
    {
        routes.MapRead("/v1/network", ((HttpContext context) => JsonExchange.WriteAsync(context, service.Network(), ApiJson.Default.NetworkDocument)))
            .Describe("GetNetwork", "Show the network", "Every surface of every known node, with its address, port and the reason for that port.")
            .Produces<NetworkDocument>();
        routes.MapRead("/v1/nodes", ((HttpContext context) => JsonExchange.WriteAsync(context, service.Nodes.View.Documents, ApiJson.Default.IReadOnlyListNodeDocument)))
            .Describe("ListNodes", "List the nodes", "Each with its last heart-beat, its state and the reason for that state.")
            .Produces<IReadOnlyList<NodeDocument>>();
        routes.MapRead("/v1/ports", ((HttpContext context) => JsonExchange.WriteAsync(context, service.Ports.List(), ApiJson.Default.IReadOnlyListPortListEntry)))
            .Describe("ListPorts", "List the leased ports", "Each with its owner, and whether its owner listens there.")
            .Produces<IReadOnlyList<PortListEntry>>();
        routes.MapRead("/v1/ports/{port:int}", (HttpContext context, int port, string? protocol) => ExplainAsync(service, context, port, protocol))
            .Describe("ExplainPort", "Explain a port", "Its lease, who listens, every rule that speaks about it. protocol=udp or sctp for those.")
            .Produces<PortExplanation>()
            .Refuses(400);
        routes.MapRead("/v1/journal", (HttpContext context, long? after, int? count) => JournalAsync(service, context, after, count))
            .Describe("ReadJournal", "Read the journal", "Oldest first; after=SEQUENCE gives what came later, count at most 1,000.")
            .Produces<IReadOnlyList<JournalEntryDocument>>()
            .Refuses(400);
    }

    private static Task ExplainAsync(MetadataService service, HttpContext context, int port, string? protocol)
    {
        if (!PortProtocols.TryParse(protocol ?? "tcp", out var parsed))
            throw Fault.Of(HttpFault.Body, FaultKind.Invalid, $"'{protocol}' is not a protocol.", "Use tcp, udp or sctp.").ToException();
        return JsonExchange.WriteAsync(context, service.Ports.Explain(port, parsed), ApiJson.Default.PortExplanation);
    }

    private static Task JournalAsync(MetadataService service, HttpContext context, long? after, int? count)
    {
        if (after is < 0 || count is < 1 or > JournalTable.MaxPage)
            throw Fault.Of(
                HttpFault.Body, FaultKind.Invalid, $"after={after}, count={count} is not a page.",
                $"Use after=0 or more and count=1–{JournalTable.MaxPage}.").ToException();
        IReadOnlyList<JournalEntryDocument> page = [.. JournalTable.Read(service.State, after ?? 0, count ?? DefaultPage).Select(JournalEntryDocument.Of)];
        return JsonExchange.WriteAsync(context, page, ApiJson.Default.IReadOnlyListJournalEntryDocument);
    }
}
