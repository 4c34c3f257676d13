using System.Globalization;
using Entrepot.Core.Faults;
using Entrepot.Server.Access;
using Entrepot.Server.Http;
using Entrepot.Trust.Access;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;

namespace Entrepot.Server.Tls;

/// <summary>Sends what comes in clear text on to the same place by TLS. Reads alone: what would carry content or change something was already sent.</summary>
internal static class HttpsRedirect
{
    private const int Https = 443;

    /// <summary>Makes it all that a surface does.</summary>
    /// <param name="routes">Of the surface.</param>
    /// <param name="port">The port that speaks TLS; null while there is none.</param>
    public static void MapHttpsRedirect(this IEndpointRouteBuilder routes, Func<int?> port)
    {
        RequestDelegate answer = context => port() is { } target
            ? AnswerAsync(context, target)
            : FaultResponses.WriteAsync(context, Fault.Of(TlsFault.Required, FaultKind.Unavailable, "There is nothing to be sent on to yet.", "Try again in a moment."));
        routes.Map("/{**path}", answer).Needs(Permission.Public);
    }

    /// <summary>Answers one request.</summary>
    /// <param name="context">The request.</param>
    /// <param name="port">The port that speaks TLS on this host.</param>
    public static Task AnswerAsync(HttpContext context, int port)
    {
        var request = context.Request;
        if ((HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method)) && request.Host.HasValue)
        {
            var host = port == Https ? request.Host.Host : string.Create(CultureInfo.InvariantCulture, $"{request.Host.Host}:{port}");
            context.Response.StatusCode = StatusCodes.Status308PermanentRedirect;
            context.Response.Headers.Location = $"https://{host}{Target(context)}";
            context.Response.ContentLength = 0;
            return Task.CompletedTask;
        }

        return FaultResponses.WriteAsync(
            context,
            Fault.Of(
                TlsFault.Required, FaultKind.Forbidden, "This surface takes nothing in clear text.",
                string.Create(CultureInfo.InvariantCulture, $"Use https:// at port {port}. Replace a credential that was sent.")));
    }

    private static string Target(HttpContext context)
        => context.Features.Get<IHttpRequestFeature>()?.RawTarget is ['/', ..] target ? target : RequestTarget.RawPath(context).ToString();
}
