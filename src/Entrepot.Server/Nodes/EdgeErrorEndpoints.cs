using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Server.Access;
using Entrepot.Server.Api;
using Entrepot.Server.Tls;
using Entrepot.Trust.Access;
using Entrepot.Trust.Authority;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Entrepot.Server.Nodes;

/// <summary>What schedulers on other nodes meet with edges.</summary>
internal static class EdgeErrorEndpoints
{
    /// <summary>Adds the endpoint to the admin surface.</summary>
    public static void MapEdgeErrors(this IEndpointRouteBuilder routes, INodeDirectory edges)
        => routes.MapPost("/v1/nodes/{node}/errors", (HttpContext context, string node) => ReportAsync(edges, context, node))
            .Needs(Permission.NodeReport)
            .Describe("ReportEdgeError", "Tell what was met with an edge", "Sent by schedulers on other nodes. An edge that is not known is ignored.")
            .Takes<EdgeErrorReport>(JsonExchange.Json)
            .Produces(StatusCodes.Status204NoContent)
            .Refuses(400, 403);

    private static async Task ReportAsync(INodeDirectory edges, HttpContext context, string node)
    {
        if (NodeConnection.Of(context)?.Identity is { Role: not NodeRole.Scheduler } other)
            throw Fault.Of(NodeFault.NotANode, FaultKind.Forbidden, $"'{other}' is no scheduler, and only schedulers report errors of edges.").ToException();
        var report = await JsonExchange.ReadAsync(context, ApiJson.Default.EdgeErrorReport, JsonExchange.SmallDocument);
        if (report.Detail.Length > EdgeErrorReport.MaxDetail || report.Detail.Any(char.IsControl) || !Enum.IsDefined(report.Error))
            throw Fault.Of(
                NodeFault.Heartbeat, FaultKind.Invalid, $"The report must name a known error and have at most {EdgeErrorReport.MaxDetail} printable characters.").ToException();
        edges.ReportError(NodeName.Parse(node), report.Error, report.Detail);
        context.Response.StatusCode = StatusCodes.Status204NoContent;
    }
}
