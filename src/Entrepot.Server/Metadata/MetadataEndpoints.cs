using Entrepot.Server.Access;
using Entrepot.Server.Accounts;
using Entrepot.Server.Api;
using Entrepot.Server.Audit;
using Entrepot.Server.OpenIdConnect;
using Entrepot.Server.PortWatch;
using Entrepot.Trust.Access;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Entrepot.Server.Metadata;

/// <summary>The metadata surface: everything that can be read.</summary>
public static class MetadataEndpoints
{
    /// <summary>Adds the endpoints.</summary>
    public static void MapMetadata(this IEndpointRouteBuilder routes, MetadataService service)
    {
        MapHealth(routes, service);
        routes.MapMirrorReads(service.Catalog, service.Content);
        routes.MapEntryReads(service.Catalog, service.Content);
        routes.MapBlobReads(service);
        routes.MapNetworkReads(service);
        routes.MapAuditReads(service.Audit);
        routes.MapServiceReads(service.Services);
        if (service.Observed is { } ports)
            routes.MapPortReads(ports);
        if (service.Tokens is { } tokens)
            routes.MapKeySet(tokens);
        if (service.Accounts is { } accounts)
        {
            routes.MapSessions(accounts);
            routes.MapProviderSignIn(accounts, surface => service.Network().Surfaces.FirstOrDefault(known => known.Surface == surface)?.Url);
        }

        routes.MapReference(service.Reference);
    }

    /// <summary>Answers GET, and HEAD with the same headers.</summary>
    internal static RouteHandlerBuilder MapRead(this IEndpointRouteBuilder routes, string pattern, Delegate handler)
        => routes.MapMethods(pattern, [HttpMethods.Get, HttpMethods.Head], handler);

    private static void MapHealth(IEndpointRouteBuilder routes, MetadataService service)
    {
        routes.MapRead("/healthz", (static (HttpContext context) =>
            {
                context.Response.ContentType = "text/plain; charset=utf-8";
                return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask : context.Response.WriteAsync("alive\n", context.RequestAborted);
            }))
            .Needs(Permission.Public)
            .Describe("Health", "Ask whether the process lives", "Always 200 while it answers at all.")
            .Produces<string>(StatusCodes.Status200OK, "text/plain");
        routes.MapRead("/readyz", (async (HttpContext context) =>
            {
                var answer = await service.Readiness.AskAsync(context.RequestAborted);
                context.Response.Headers.CacheControl = "no-store";
                await JsonExchange.WriteAsync(
                    context, answer, ApiJson.Default.ReadinessDocument,
                    answer.Ready ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable);
            }))
            .Needs(Permission.Public)
            .Describe("Readiness", "Ask whether the node can do its work", "Every check is named. An answer is good for a second.")
            .Produces<ReadinessDocument>()
            .Produces<ReadinessDocument>(StatusCodes.Status503ServiceUnavailable);
    }
}
