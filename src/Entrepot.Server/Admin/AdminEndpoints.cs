using System.Text.Json;
using Entrepot.Core.Identities;
using Entrepot.Server.Access;
using Entrepot.Server.Api;
using Entrepot.Server.Http;
using Entrepot.Trust.Access;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Entrepot.Server.Admin;

/// <summary>The admin surface: orders.</summary>
public static class AdminEndpoints
{
    /// <summary>Media type of newline-delimited JSON.</summary>
    private const string Ndjson = "application/x-ndjson";

    /// <summary>Adds the endpoints.</summary>
    public static void MapAdmin(this IEndpointRouteBuilder routes, AdminService service)
    {
        MapMirrors(routes, service);
        routes.MapPost("/v1/gc", (Delegate)((HttpContext context) => CollectAsync(service, context)))
            .Needs(Permission.StorageMaintain)
            .Describe("CollectGarbage", "Collect garbage", "Drops snapshots that retention no longer holds and blobs that nothing needs. With dryRun it only says what would go, and why the rest stays.")
            .Takes<GarbageCollectionRequest>(JsonExchange.Json)
            .Produces<GarbageCollectionDocument>()
            .Refuses(400);
        routes.MapPost("/v1/verify", (Delegate)((HttpContext context) => VerifyAsync(service, context)))
            .Needs(Permission.StorageMaintain)
            .Describe("Verify", "Read bytes at rest again", "Answers with one JSON document a line while it goes on; the last has done set. Ends when the client goes away.")
            .Takes<VerifyRequest>(JsonExchange.Json)
            .Produces<VerifyProgress>(StatusCodes.Status200OK, Ndjson)
            .Refuses(400, 404);
    }

    private static void MapMirrors(IEndpointRouteBuilder routes, AdminService service)
    {
        routes.MapPost("/v1/mirrors", (Delegate)((HttpContext context) => CreateAsync(service, context)))
            .Needs(Permission.MirrorsManage)
            .Describe("CreateMirror", "Make a mirror", "It begins with the empty snapshot 0.")
            .Takes<CreateMirrorRequest>(JsonExchange.Json)
            .Produces<MirrorDocument>(StatusCodes.Status201Created)
            .Refuses(400, 409, 501);
        routes.MapPatch("/v1/mirrors/{mirror}", (HttpContext context, string mirror) => UpdateAsync(service, context, mirror))
            .Needs(Permission.MirrorsManage)
            .Describe("UpdateMirror", "Change a mirror's description, its retention or who may read it", "What is left out stays as it is.")
            .Takes<UpdateMirrorRequest>(JsonExchange.Json)
            .Produces<MirrorDocument>()
            .Refuses(400, 404, 409);
        routes.MapDelete("/v1/mirrors/{mirror}", (HttpContext context, string mirror) => DeleteAsync(service, context, mirror))
            .Needs(Permission.MirrorsManage)
            .Describe("DeleteMirror", "Remove a mirror", "With all its snapshots. Its blobs go with garbage collection after the grace period.")
            .Produces(StatusCodes.Status204NoContent)
            .Refuses(400, 404, 409);
        routes.MapPost("/v1/mirrors/{mirror}/rollback", (HttpContext context, string mirror) => RollbackAsync(service, context, mirror))
            .Needs(Permission.MirrorsManage)
            .Describe("Rollback", "Make an older snapshot current again", "Publishes its content as a new snapshot; history only grows.")
            .Takes<RollbackRequest>(JsonExchange.Json)
            .Produces<SnapshotDocument>(StatusCodes.Status201Created)
            .Produces<SnapshotDocument>()
            .Refuses(400, 404);
    }

    private static async Task CreateAsync(AdminService service, HttpContext context)
    {
        var request = await JsonExchange.ReadAsync(context, ApiJson.Default.CreateMirrorRequest, JsonExchange.SmallDocument);
        Requester.RequireMirror(context, MirrorName.Parse(request.Name));
        var mirror = await service.CreateAsync(request, Requester.ActorOf(context), context.RequestAborted);
        context.Response.Headers.Location = $"/v1/mirrors/{mirror.Name}";
        await JsonExchange.WriteAsync(context, mirror, ApiJson.Default.MirrorDocument, StatusCodes.Status201Created);
    }

    private static async Task UpdateAsync(AdminService service, HttpContext context, string mirror)
    {
        Requester.RequireMirror(context, MirrorName.Parse(mirror));
        var request = await JsonExchange.ReadAsync(context, ApiJson.Default.UpdateMirrorRequest, JsonExchange.SmallDocument);
        var updated = await service.UpdateAsync(mirror, request, Requester.ActorOf(context), context.RequestAborted);
        await JsonExchange.WriteAsync(context, updated, ApiJson.Default.MirrorDocument);
    }

    private static async Task DeleteAsync(AdminService service, HttpContext context, string mirror)
    {
        Requester.RequireMirror(context, MirrorName.Parse(mirror));
        await service.DeleteAsync(mirror, Requester.ActorOf(context), context.RequestAborted);
        context.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    private static async Task RollbackAsync(AdminService service, HttpContext context, string mirror)
    {
        Requester.RequireMirror(context, MirrorName.Parse(mirror));
        var request = await JsonExchange.ReadAsync(context, ApiJson.Default.RollbackRequest, JsonExchange.SmallDocument);
        var publication = await service.RollbackAsync(mirror, request, Requester.ActorOf(context), context.RequestAborted);
        await JsonExchange.WriteAsync(
            context, Documents.Snapshot(publication.Snapshot.Info, isCurrent: true), ApiJson.Default.SnapshotDocument,
            publication.IsNew ? StatusCodes.Status201Created : StatusCodes.Status200OK);
    }

    private static async Task CollectAsync(AdminService service, HttpContext context)
    {
        var request = await JsonExchange.ReadAsync(context, ApiJson.Default.GarbageCollectionRequest, JsonExchange.SmallDocument);
        var document = await service.CollectAsync(request, Requester.ActorOf(context), context.RequestAborted);
        await JsonExchange.WriteAsync(context, document, ApiJson.Default.GarbageCollectionDocument);
    }

    private static async Task VerifyAsync(AdminService service, HttpContext context)
    {
        var request = await JsonExchange.ReadAsync(context, ApiJson.Default.VerifyRequest, JsonExchange.SmallDocument);
        var response = context.Response;
        await foreach (var progress in service.VerifyAsync(request, Requester.ActorOf(context), context.RequestAborted))
        {
            if (!response.HasStarted)
                response.ContentType = Ndjson;
            await JsonSerializer.SerializeAsync(response.Body, progress, ApiJson.Default.VerifyProgress, context.RequestAborted);
            await response.Body.WriteAsync("\n"u8.ToArray(), context.RequestAborted);
            await response.Body.FlushAsync(context.RequestAborted);
        }
    }
}
