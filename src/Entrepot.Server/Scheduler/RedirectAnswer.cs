using System.Globalization;
using System.Net;
using Entrepot.Mirror.Routing;
using Entrepot.Server.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Entrepot.Server.Scheduler;

/// <summary>Sends a client to the best edge, with proof of what it will get there: 307 with size, <c>Repr-Digest</c> and the other edges.</summary>
internal static class RedirectAnswer
{
    /// <summary>Size of the file in bytes. The content of a 307 is its own, so <c>Content-Length</c> can't say it, to HEAD neither.</summary>
    public const string SizeHeader = "X-Entrepot-Size";

    public static Task WriteAsync(HttpContext context, SchedulerService scheduler, ServedFile file, IPAddress client, Selection selection)
    {
        var response = context.Response;
        var content = new ContentHeaders(file.Entry.Digest, null, file.Entry.Modified, ContentHeaders.Revalidate);
        Describe(response, scheduler, file, selection, content);
        if (Preconditions.Evaluate(context.Request.Headers, content) == PreconditionOutcome.NotModified)
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            response.Headers.CacheControl = content.CacheControl;
            return Task.CompletedTask;
        }

        if (selection.Chosen.IsEmpty)
            return NoEdgeAnswer.WriteAsync(context, scheduler, file, client, selection, []);

        var edge = selection.Chosen[0].Edge;
        scheduler.Nodes.View.Assign(edge.Name);
        scheduler.Metrics.Answered("redirect", edge.Name, selection);
        if (scheduler.Logger.IsEnabled(LogLevel.Debug))
            Log.Redirected(scheduler.Logger, file.Address, edge.Name, client.ToString());
        response.StatusCode = StatusCodes.Status307TemporaryRedirect;
        response.Headers.CacheControl = "no-store";
        response.Headers.Location = edge.Url + file.PinnedAddress;
        response.ContentLength = 0;
        return Task.CompletedTask;
    }

    /// <summary>Adds what is true of the file whoever serves it: validators, digest, size, and where else it is (RFC 6249).</summary>
    public static void Describe(HttpResponse response, SchedulerService scheduler, ServedFile file, Selection selection, ContentHeaders content)
    {
        var headers = response.Headers;
        headers.ETag = content.ETag;
        headers.LastModified = content.LastModified;
        headers["Repr-Digest"] = content.ReprDigest;
        headers[SizeHeader] = file.Entry.Size.ToString(CultureInfo.InvariantCulture);
        var count = Math.Min(selection.Chosen.Length, scheduler.Options.MaxLinks);
        var links = new string[count + 1];
        for (var i = 0; i < count; i++)
            links[i] = string.Create(CultureInfo.InvariantCulture, $"<{selection.Chosen[i].Edge.Url}{file.PinnedAddress}>; rel=duplicate; pri={i + 1}");
        links[count] = $"<{file.Address}.meta4>; rel=describedby; type=\"{Companion.MetalinkType}\"";
        headers.Link = links;
    }
}
