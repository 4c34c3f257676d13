using Entrepot.Core.Identities;
using Entrepot.Server.Access;
using Entrepot.Server.Api;
using Entrepot.Server.Http;
using Entrepot.Trust.Access;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;

namespace Entrepot.Server.Push;

/// <summary>The push surface: bytes in.</summary>
public static class PushEndpoints
{
    /// <summary>Adds the endpoints.</summary>
    public static void MapPush(this IEndpointRouteBuilder routes, PushService service, ILogger logger)
    {
        var uploads = new UploadHandler(service, logger);
        var push = new PushHandler(service, uploads);
        MapFiles(routes, push);
        MapBlobs(routes, service, push);
        MapUploads(routes, uploads);
        routes.MapPost("/v1/mirrors/{mirror}/snapshots", (HttpContext context, string mirror) => PublishAsync(service, context, mirror))
            .Needs(Permission.ContentPush)
            .Describe("Publish", "Publish many files as one snapshot", "Every blob must have been pushed before. Clients see the mirror before it or after it, never a mixture.")
            .Takes<PublishRequest>(JsonExchange.Json)
            .Produces<SnapshotDocument>(StatusCodes.Status201Created)
            .Produces<SnapshotDocument>()
            .Refuses(400, 404, 409, 412, 413);
    }

    private static void MapFiles(IEndpointRouteBuilder routes, PushHandler push)
    {
        const string pattern = "/{mirror}/{**path}";
        routes.MapPut(pattern, (Delegate)push.PutFileAsync)
            .Needs(Permission.ContentPush)
            .Describe("PutFile", "Put a file", "The body is verified against every checksum that the request states, then published as a new snapshot of the mirror.")
            .Takes<Stream>("application/octet-stream")
            .Produces<PushResult>(StatusCodes.Status201Created)
            .Produces<PushResult>()
            .Refuses(400, 404, 409, 412, 413, 415, 422, 503, 507);
        routes.MapPost(pattern, (Delegate)push.PutFileAsync).Needs(Permission.ContentPush).ExcludeFromDescription();
        routes.MapMethods(pattern, [HttpMethods.Options], (HttpContext context) => push.OptionsAsync(context, isBlob: false)).Needs(Permission.ContentPush).ExcludeFromDescription();
        routes.MapDelete(pattern, (Delegate)push.DeleteFileAsync)
            .Needs(Permission.ContentPush)
            .Describe("DeleteFile", "Remove a file", "Publishes a new snapshot without the file; older snapshots keep it. ?note= says why, for whoever reads the snapshots.")
            .Produces<PushResult>()
            .Refuses(400, 404, 412);
    }

    private static void MapBlobs(IEndpointRouteBuilder routes, PushService service, PushHandler push)
    {
        const string pattern = "/v1/blobs/{digest}";
        routes.MapPut(pattern, push.PutBlobAsync)
            .Needs(Permission.ContentPush)
            .Describe("PutBlob", "Put a blob", "For publishing many files at once: push each blob, then publish the snapshot. The bytes must have the digest in the address.")
            .Takes<Stream>("application/octet-stream")
            .Produces<PushResult>(StatusCodes.Status201Created)
            .Produces<PushResult>()
            .Refuses(400, 413, 415, 422, 503, 507);
        routes.MapPost(pattern, push.PutBlobAsync).Needs(Permission.ContentPush).ExcludeFromDescription();
        routes.MapMethods(pattern, [HttpMethods.Options], (HttpContext context) => push.OptionsAsync(context, isBlob: true)).Needs(Permission.ContentPush).ExcludeFromDescription();
        routes.MapMethods(pattern, [HttpMethods.Head], push.HeadBlobAsync)
            .Needs(Permission.ContentPush)
            .Describe("HeadBlob", "Ask whether a blob is stored", "Content-Length is its size.")
            .Produces(StatusCodes.Status200OK)
            .Refuses(400, 404);
        routes.MapPost("/v1/blobs/missing", (Delegate)((HttpContext context) => MissingAsync(service, context)))
            .Needs(Permission.ContentPush)
            .Describe("MissingBlobs", "Ask which blobs must be sent", "Those that need not be sent are kept for the grace period of garbage collection.")
            .Takes<MissingBlobsRequest>(JsonExchange.Json)
            .Produces<MissingBlobsDocument>()
            .Refuses(400, 413);
    }

    private static void MapUploads(IEndpointRouteBuilder routes, UploadHandler uploads)
    {
        const string pattern = "/v1/uploads/{id}";
        routes.MapMethods(pattern, [HttpMethods.Head], uploads.HeadAsync)
            .Needs(Permission.ContentPush)
            .Describe("HeadUpload", "Ask how far a resumable upload is", "Upload-Offset is durable: what is before it need not be sent again.")
            .Produces(StatusCodes.Status204NoContent)
            .Refuses(404, 503);
        routes.MapPatch(pattern, uploads.AppendAsync)
            .Needs(Permission.ContentPush)
            .Describe("AppendUpload", "Continue a resumable upload", "With Upload-Complete: ?1 it ends the upload and answers as the target would.")
            .Takes<Stream>(UploadHeaders.PartialUpload)
            .Produces<PushResult>(StatusCodes.Status201Created)
            .Produces<PushResult>()
            .Produces(StatusCodes.Status204NoContent)
            .Refuses(400, 404, 409, 412, 413, 415, 422, 503, 507);
        routes.MapDelete(pattern, uploads.CancelAsync)
            .Needs(Permission.ContentPush)
            .Describe("CancelUpload", "Give a resumable upload up", "What was received is deleted.")
            .Produces(StatusCodes.Status204NoContent)
            .Refuses(404, 503);
    }

    private static async Task MissingAsync(PushService service, HttpContext context)
    {
        var request = await JsonExchange.ReadAsync(context, ApiJson.Default.MissingBlobsRequest, service.Options.MaxDocumentBytes);
        await JsonExchange.WriteAsync(context, new MissingBlobsDocument(service.Missing(request.Digests, digest => service.Possession.Has(context, digest))), ApiJson.Default.MissingBlobsDocument);
    }

    private static async Task PublishAsync(PushService service, HttpContext context, string mirror)
    {
        var name = MirrorName.Parse(mirror);
        Requester.RequireMirror(context, name);
        var request = await JsonExchange.ReadAsync(context, ApiJson.Default.PublishRequest, service.Options.MaxDocumentBytes);
        var publication = await service.PublishAsync(name, request, Requester.ActorOf(context), digest => service.Possession.Has(context, digest));
        await JsonExchange.WriteAsync(
            context, Documents.Snapshot(publication.Snapshot.Info, isCurrent: true), ApiJson.Default.SnapshotDocument,
            publication.IsNew ? StatusCodes.Status201Created : StatusCodes.Status200OK);
    }
}
