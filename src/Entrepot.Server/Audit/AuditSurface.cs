using Entrepot.Server.Access;
using Entrepot.Server.Api;
using Entrepot.Server.Audit.Copy;
using Entrepot.Server.Http;
using Entrepot.Trust.Access;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Entrepot.Server.Audit;

/// <summary>The audit service's surface. Its endpoints are those that the other surfaces have for the journal, so that one client speaks to both; nobody
/// comes here but by TLS 1.3 with a certificate of the network.</summary>
internal static class AuditSurface
{
    /// <summary>Adds the endpoints.</summary>
    /// <param name="routes">Of the surface.</param>
    /// <param name="journal">What is audited.</param>
    /// <param name="network">This surface alone, by which a client finds it.</param>
    public static void MapAudit(this IEndpointRouteBuilder routes, IAuditedJournal journal, Func<NetworkDocument> network)
    {
        routes.MapAlive();
        routes.MapGet("/v1/network", (Delegate)((HttpContext context) => JsonExchange.WriteAsync(context, network(), ApiJson.Default.NetworkDocument))).Needs(Permission.NetworkRead);
        routes.MapAuditReads(journal);
        routes.MapAuditOrders(journal);
        if (journal is JournalCopy copy)
            routes.MapGet("/v1/journal/copy", (Delegate)((HttpContext context) => JsonExchange.WriteAsync(context, copy.Status, ApiJson.Default.JournalCopyDocument))).Needs(Permission.JournalRead);
    }
}
