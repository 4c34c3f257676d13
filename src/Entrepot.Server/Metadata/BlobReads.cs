using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Mirror.Blobs;
using Entrepot.Mirror.Integrity;
using Entrepot.Server.Access;
using Entrepot.Server.Api;
using Entrepot.Server.Http;
using Entrepot.Trust.Access;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Entrepot.Server.Metadata;

/// <summary>Blobs by their digest: bytes and fingerprints. What edges fill themselves from.</summary>
internal static class BlobReads
{
    /// <summary>Adds the endpoints.</summary>
    public static void MapBlobReads(this IEndpointRouteBuilder routes, MetadataService service)
    {
        routes.MapRead("/v1/blobs/{digest}", (HttpContext context, string digest) => BytesAsync(service, context, digest))
            .Needs(Permission.ContentRead)
            .Describe("GetBlob", "Get a blob", "The bytes of that digest, with ranges and conditions (RFC 9110).")
            .Produces<Stream>(StatusCodes.Status200OK, "application/octet-stream")
            .Produces<Stream>(StatusCodes.Status206PartialContent, "application/octet-stream")
            .Refuses(400, 404, 416);
        routes.MapRead("/v1/blobs/{digest}/fingerprint", (HttpContext context, string digest) => FingerprintAsync(service, context, digest))
            .Needs(Permission.ContentRead)
            .Describe("GetFingerprint", "Get a blob's fingerprint", "Size, digests, and the proof of each piece.")
            .Produces<FingerprintDocument>()
            .Refuses(400, 404);
    }

    private static async Task BytesAsync(MetadataService service, HttpContext context, string digest)
    {
        var fingerprint = Find(service, context, digest);
        using var file = service.Blobs.Store.OpenRead(fingerprint.Digest);
        await ContentResponder.RespondAsync(
            context, new ContentHeaders(fingerprint.Digest, null, null, service.Content.IsGuarded ? ContentHeaders.Private : ContentHeaders.Immutable),
            new BlobBody(service.Blobs, fingerprint.Digest, file, fingerprint.Size));
    }

    private static Task FingerprintAsync(MetadataService service, HttpContext context, string digest)
    {
        var fingerprint = Find(service, context, digest);
        if (service.Content.IsGuarded)
        {
            var grant = service.Content.Sign($"/v1/blobs/{fingerprint.Digest}", "");
            context.Response.Headers.CacheControl = "no-store";
            return JsonExchange.WriteAsync(context, Documents.Fingerprint(fingerprint) with { Grant = grant }, ApiJson.Default.FingerprintDocument);
        }

        // Only the MD5 may still come.
        if (Validators.IsCurrent(context, $"\"{fingerprint.Digest.Hex}-{fingerprint.Md5}\""))
            return Task.CompletedTask;
        return JsonExchange.WriteAsync(context, Documents.Fingerprint(fingerprint), ApiJson.Default.FingerprintDocument);
    }

    private static Fingerprint Find(MetadataService service, HttpContext context, string text)
    {
        if (!Sha256Digest.TryParse(text, out var digest))
            throw Fault.Of(HttpFault.Target, FaultKind.Invalid, $"'{text}' is not a blob's name.", "Use sha256: and 64 hex digits.").ToException();
        service.Content.Require(context, digest);
        return service.Catalog.FindFingerprint(digest)
            ?? throw Fault.Of(
                BlobFault.NotFound, FaultKind.NotFound, $"{digest} is not stored here.", "Check the digest, or push the blob.").ToException();
    }
}
