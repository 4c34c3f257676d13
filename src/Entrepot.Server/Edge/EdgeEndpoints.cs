using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Mirror.Caching;
using Entrepot.Mirror.Catalog;
using Entrepot.Server.Access;
using Entrepot.Server.Api;
using Entrepot.Server.Http;
using Entrepot.Trust.Access;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Net.Http.Headers;

namespace Entrepot.Server.Edge;

/// <summary>An edge's data port: verified bytes by path or digest.</summary>
public static class EdgeEndpoints
{
    private static readonly string[] Reading = [HttpMethods.Get, HttpMethods.Head];

    /// <summary>Adds the endpoints.</summary>
    public static void MapEdge(this IEndpointRouteBuilder routes, EdgeService edge)
    {
        routes.MapAlive();
        routes.MapMethods("/v1/cache", Reading, context => JsonExchange.WriteAsync(context, edge.Look(), ApiJson.Default.CacheDocument)).Needs(Permission.NetworkRead);
        routes.Map("/v1/blobs/{digest}", (HttpContext context, string digest) => BlobAsync(edge, context, digest)).Needs(Permission.ContentRead);
        // Everything else, whatever the method: the target decides.
        routes.MapFallback("/{**path}", context => FileAsync(edge, context)).Needs(Permission.ContentRead);
    }

    private static Task BlobAsync(EdgeService edge, HttpContext context, string text)
    {
        if (!Sha256Digest.TryParse(text, out var digest))
            return FaultResponses.WriteAsync(context, NoDigest(text));
        if (!edge.Keys.Current.IsGuarded)
            return SendAsync(edge, context, digest, new ContentHeaders(digest, null, null, ContentHeaders.Immutable));
        return edge.Keys.IsSigned(context, $"/v1/blobs/{digest}", "")
            ? SendAsync(edge, context, digest, new ContentHeaders(digest, null, null, ContentHeaders.Private))
            : FaultResponses.WriteAsync(context, EdgeKeys.Refusal(context, digest));
    }

    private static async Task FileAsync(EdgeService edge, HttpContext context)
    {
        if (!RequestTarget.TryParse(context, out var target, out var fault))
        {
            await FaultResponses.WriteAsync(context, fault);
            return;
        }

        if (target is not { Mirror: { } mirror, Path: { } path, IsFolder: false })
        {
            await FaultResponses.WriteAsync(
                context, Fault.Of(EdgeFault.Folder, FaultKind.NotFound, "The address names a folder.", "Ask the scheduler, which shows folders."));
            return;
        }

        // With the digest the blob is named already, whatever the path names by now.
        if (context.Request.Query.TryGetValue("digest", out var stated))
        {
            if (Sha256Digest.TryParse(stated.ToString(), out var digest))
                await PinnedAsync(edge, context, mirror, path, digest);
            else
                await FaultResponses.WriteAsync(context, NoDigest(stated.ToString()));
            return;
        }

        var entry = await PublicAsync(edge, context, mirror, path);
        await SendAsync(edge, context, entry.File.Digest, entry.Headers);
    }

    private static async Task PinnedAsync(EdgeService edge, HttpContext context, MirrorName mirror, ContentPath path, Sha256Digest digest)
    {
        if (edge.Keys.Current.IsGuarded)
        {
            var isSigned = edge.Keys.IsSigned(context, $"/{mirror}/{path.ToUrl()}", digest.ToString());
            if (isSigned)
            {
                var headers = await edge.Trees.PinnedAsync(mirror, path, digest, context.RequestAborted);
                await SendAsync(edge, context, digest, new ContentHeaders(digest, path.FileName, headers.Modified, ContentHeaders.Private));
                return;
            }

            // What a public path names now everybody may have; by its digest as well.
            if (SignedAddress.IsStated(context.Request) || (await PublicAsync(edge, context, mirror, path)).File.Digest != digest)
            {
                await FaultResponses.WriteAsync(context, EdgeKeys.Refusal(context, digest));
                return;
            }
        }

        await SendAsync(edge, context, digest, await edge.Trees.PinnedAsync(mirror, path, digest, context.RequestAborted));
    }

    /// <summary>What a path of a public mirror names; a private one looks as though it were not there.</summary>
    private static async ValueTask<PathEntry> PublicAsync(EdgeService edge, HttpContext context, MirrorName mirror, ContentPath path)
    {
        var entry = await edge.Trees.ResolveAsync(mirror, path, context.RequestAborted);
        return !edge.Trees.IsPrivate(mirror)
            ? entry
            : throw Fault.Of(
                CatalogFault.MirrorNotFound, FaultKind.NotFound, $"There is no mirror '{mirror}'.", "Ask the scheduler, with a credential if the mirror is private.").ToException();
    }

    private static async Task SendAsync(EdgeService edge, HttpContext context, Sha256Digest digest, ContentHeaders headers)
    {
        try
        {
            using var reader = await edge.OpenAsync(digest, OnlyHeld(context.Request), context.RequestAborted);
            await ContentResponder.RespondAsync(context, headers, new CachedBody(reader));
        }
        catch (FaultException error) when (error.Fault.Is(CachingFault.NotHeld))
        {
            // RFC 9111 §5.2.1.7
            await FaultResponses.WriteAsync(context, error.Fault, status: StatusCodes.Status504GatewayTimeout);
        }
    }

    private static bool OnlyHeld(HttpRequest request)
        => request.Headers.CacheControl is { Count: > 0 } control
            && CacheControlHeaderValue.TryParse(control.ToString(), out var parsed) && parsed.OnlyIfCached;

    private static Fault NoDigest(string text)
        => Fault.Of(EdgeFault.Digest, FaultKind.Invalid, $"'{text}' is not a digest.", "Use sha256: and 64 hex digits.");
}
