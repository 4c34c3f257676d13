using System.Globalization;
using System.Net;
using Entrepot.Core.Faults;
using Entrepot.Server.Configuration;
using Entrepot.Server.Enrolment;
using Entrepot.Server.Http;
using Entrepot.Trust.Access;
using Entrepot.Trust.Authority;
using Microsoft.AspNetCore.Builder;

namespace Entrepot.Server.Tls;

/// <summary>What a surface makes of how a request came: who a node is, whether clear text is served, and what browsers are told.</summary>
internal static class TransportRules
{
    /// <summary>Adds the rules; before anything that asks who sends a request.</summary>
    public static IApplicationBuilder UseTransportRules(this IApplicationBuilder app, SurfaceTls tls)
    {
        var required = tls.Settings.IsRequired;
        var asksAll = tls.Settings.ClientCertificates == ClientCertificateMode.Required;
        var strict = required && tls.Settings.Hsts == true ? Hsts(tls.Settings) : null;
        return app.Use((context, next) =>
        {
            if (NodeConnection.Of(context) is { Identity: { } identity } connection)
            {
                // A connection may outlive what it was believed by.
                if (tls.Trust.Recheck(connection) is { } fault)
                {
                    context.Response.Headers.Connection = "close";
                    return FaultResponses.WriteAsync(context, fault);
                }

                context.Features.Set(Principal.Node(identity.Name.Value, audits: identity.Role == NodeRole.Audit));
                return next(context);
            }

            if (asksAll && NodeConnection.Of(context) is not null && !EnrolmentEndpoints.IsForNewcomers(context))
                return FaultResponses.WriteAsync(context, NoCertificate());
            if (ClientConnection.Of(context) is { Identity: { } client } shown)
            {
                if (tls.Trust.Recheck(shown) is { } fault)
                    context.Features.Set(new ClientConnection(null, null, fault) { IsRequired = asksAll });
                else
                    context.Features.Set(client.ToPrincipal());
            }

            if (!context.Request.IsHttps && required)
                return HttpsRedirect.AnswerAsync(context, context.Request.Host.Port ?? 80);  // the same port speaks both
            if (context.Request.IsHttps && strict is not null && !IPAddress.TryParse(context.Request.Host.Host.Trim('[', ']'), out _))
                context.Response.Headers.StrictTransportSecurity = strict;  // RFC 6797 §8.1.1: not for addresses
            return next(context);
        });
    }

    /// <summary>The greeting of a machine that wants to join is good for that alone.</summary>
    private static Fault NoCertificate() => Fault.Of(
        AuthorityFault.NoIdentity, FaultKind.Forbidden, "This surface asks everybody for a certificate of the network, and none was shown.", "Ask an admin for one: entrepot certificate create.");

    /// <summary>The header's value (RFC 6797 §6.1).</summary>
    internal static string Hsts(TlsSettings settings)
        => string.Create(CultureInfo.InvariantCulture, $"max-age={(long)settings.HstsMaxAge!.Value.TotalSeconds}")
            + (settings.HstsSubdomains == true ? "; includeSubDomains" : "") + (settings.HstsPreload == true ? "; preload" : "");
}
