using Microsoft.AspNetCore.Http;

namespace Entrepot.Server.Metadata;

/// <summary>Entity tags of documents that are made on request.</summary>
internal static class Validators
{
    /// <summary>Sets the tag, and answers 304 when the client has the document already (RFC 9110 §13.1.2).</summary>
    /// <param name="context">The request.</param>
    /// <param name="tag">The strong tag, quotes included.</param>
    /// <returns>True when it has been answered.</returns>
    public static bool IsCurrent(HttpContext context, string tag)
    {
        context.Response.Headers.ETag = tag;
        context.Response.Headers.CacheControl = "no-cache";
        if (!Names(context.Request, tag))
            return false;
        context.Response.StatusCode = StatusCodes.Status304NotModified;
        return true;
    }

    private static bool Names(HttpRequest request, string tag)
    {
        foreach (var line in request.Headers.IfNoneMatch)
        {
            foreach (var part in line.AsSpan().Split(','))
            {
                var candidate = line.AsSpan()[part].Trim();
                if (candidate.StartsWith("W/", StringComparison.Ordinal))
                    candidate = candidate[2..];
                if (candidate is "*" || candidate.SequenceEqual(tag))
                    return true;
            }
        }

        return false;
    }
}
