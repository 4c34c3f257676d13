using System.Text.Json;
using Entrepot.Server.Access;
using Entrepot.Server.Api;
using Entrepot.Trust.Access;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Scalar.AspNetCore;

namespace Entrepot.Server.Metadata;

/// <summary>The API's description for programs and for people. The page and its script come from this process: it works without the
/// Internet and tells nobody.</summary>
internal static class ReferenceEndpoints
{
    /// <summary>Adds <c>/openapi/v1.json</c>, <c>/reference</c>, and the way there from <c>/</c>.</summary>
    public static void MapReference(this IEndpointRouteBuilder routes, ApiReference reference)
    {
        routes.MapGet("/openapi/v1.json", async context =>
        {
            var document = await reference.BuildAsync(context.RequestAborted);
            context.Response.ContentType = JsonExchange.Json;
            await context.Response.WriteAsync(document.ToJsonString(JsonSerializerOptions.Web), context.RequestAborted);
        }).Needs(Permission.Public).ExcludeFromDescription();
        routes.MapGet("/", static context =>
        {
            context.Response.Redirect("/reference");
            return Task.CompletedTask;
        }).Needs(Permission.Public).ExcludeFromDescription();
        routes.MapScalarApiReference("/reference", static options =>
        {
            options.Title = "Entrepot API";
            options.OpenApiRoutePattern = "/openapi/{documentName}.json";
            options.DisableDefaultFonts().DisableTelemetry().DisableAgent().DisableMcp().HideClientButton().HideDeveloperTools();
        }).Needs(Permission.Public).ExcludeFromDescription();
    }
}
