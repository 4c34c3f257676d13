using Entrepot.Server.Access;
using Entrepot.Trust.Access;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Entrepot.Server.Http;

/// <summary>The answer to whoever only wants to know whether the process lives: load balancers, service managers.</summary>
internal static class AliveEndpoint
{
    private static readonly string[] Reading = [HttpMethods.Get, HttpMethods.Head];

    /// <summary>Adds <c>/healthz</c>.</summary>
    public static void MapAlive(this IEndpointRouteBuilder routes) => routes.MapMethods("/healthz", Reading, static context =>
    {
        context.Response.ContentType = "text/plain";
        context.Response.Headers.CacheControl = "no-store";
        return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask : context.Response.WriteAsync("alive\n", context.RequestAborted);
    }).Needs(Permission.Public);
}
