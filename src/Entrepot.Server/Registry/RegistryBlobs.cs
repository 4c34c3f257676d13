using Entrepot.Mirror.Oci;
using Entrepot.Server.Http;
using Microsoft.AspNetCore.Http;

namespace Entrepot.Server.Registry;

/// <summary>Blobs (OCI Distribution Specification 1.1, "Pulling blobs", "Deleting Blobs").</summary>
internal sealed class RegistryBlobs(RegistryService service)
{
    /// <summary>GET and HEAD, with ranges.</summary>
    public async Task GetAsync(HttpContext context, RegistryTarget target)
    {
        var name = service.Readable(context, target);
        var digest = OciDigest.Parse(target.Reference);
        var stored = (await service.Catalog.FindBlobAsync(name, digest, service.TakesPushes))?.Fingerprint ?? throw OciCatalog.BlobUnknown(name, digest);
        context.Response.Headers["Docker-Content-Digest"] = digest.ToString();
        using var file = service.Blobs.Store.OpenRead(stored.Digest);
        await ContentResponder.RespondAsync(
            context, new ContentHeaders(stored.Digest, null, null, service.Content.IsGuarded ? ContentHeaders.Private : ContentHeaders.Immutable),
            new BlobBody(service.Blobs, stored.Digest, file, stored.Size));
    }

    /// <summary>DELETE.</summary>
    public async Task DeleteAsync(HttpContext context, RegistryTarget target)
    {
        var name = service.Writable(context, target);
        await service.Catalog.DeleteBlobAsync(name, OciDigest.Parse(target.Reference), Requester.ActorOf(context), context.RequestAborted);
        context.Response.StatusCode = StatusCodes.Status202Accepted;
        context.Response.ContentLength = 0;
    }
}
