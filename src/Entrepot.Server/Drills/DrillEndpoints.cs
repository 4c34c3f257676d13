using Entrepot.Server.Access;
using Entrepot.Server.Api;
using Entrepot.Server.Http;
using Entrepot.Trust.Access;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Entrepot.Server.Drills;

/// <summary>Drills on the admin surface.</summary>
internal static class DrillEndpoints
{
    /// <summary>Adds them.</summary>
    public static void MapDrills(this IEndpointRouteBuilder routes, DrillBook drills)
        => routes.MapPost("/v1/drills/{drill}", (HttpContext context, string drill) => RunAsync(drills, context, drill))
            .Needs(Permission.DrillsRun)
            .Describe("RunDrill", "Rehearse an incident", "Answers when the drill is over, with its steps. The result is in the journal.")
            .Takes<DrillRequest>(JsonExchange.Json)
            .Produces<DrillDocument>()
            .Refuses(400, 404, 409, 501);

    private static async Task RunAsync(DrillBook drills, HttpContext context, string drill)
    {
        var request = await JsonExchange.ReadAsync(context, ApiJson.Default.DrillRequest, JsonExchange.SmallDocument);
        var result = await drills.RunAsync(drill, request, Requester.ActorOf(context), context.RequestAborted);
        await JsonExchange.WriteAsync(context, result, ApiJson.Default.DrillDocument);
    }
}
