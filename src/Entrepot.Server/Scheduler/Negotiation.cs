using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Entrepot.Server.Scheduler;

/// <summary>Page or document? <c>?format=json</c> or <c>?format=html</c> decides, else <c>Accept</c> (RFC 9110 §12.5.1); a client that
/// says nothing gets the page.</summary>
internal static class Negotiation
{
    /// <summary>True for a client that names HTML among what it accepts, as browsers do and tools do not.</summary>
    public static bool IsBrowser(HttpRequest request)
        => !WantsJson(request) && request.Headers.Accept.ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase);

    public static bool WantsJson(HttpRequest request)
    {
        if (request.QueryString.HasValue && request.Query["format"] is { Count: > 0 } format)
            return format == "json";
        var accept = request.Headers.Accept;
        if (accept.Count == 0 || accept == "*/*" || !MediaTypeHeaderValue.TryParseList(accept, out var types))
            return false;
        double json = 0, html = 0;
        foreach (var type in types)
        {
            var quality = type.Quality ?? 1;
            if (type.MediaType.Equals("application/json", StringComparison.OrdinalIgnoreCase))
                json = Math.Max(json, quality);
            else if (type.MediaType.Equals("text/html", StringComparison.OrdinalIgnoreCase) || type.MatchesAllTypes)
                html = Math.Max(html, quality);
        }

        // "application/json, */*" is what command-line clients send that want JSON.
        return json > 0 && json >= html;
    }
}
