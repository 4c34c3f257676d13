using Entrepot.Core.Faults;
using Entrepot.Server.Http;
using Microsoft.AspNetCore.Http;

namespace Entrepot.Server.Scheduler.Pages;

/// <summary>Why there is nothing to show, for people. Programs get the problem document (RFC 9457).</summary>
internal static class RefusalPage
{
    /// <summary>Answers with the page when the client is a browser, else with the problem document.</summary>
    public static Task WriteAsync(HttpContext context, Fault fault)
    {
        if (!Negotiation.IsBrowser(context.Request))
            return FaultResponses.WriteAsync(context, fault);
        PageShell.Prepare(context.Response, "no-store");
        context.Response.StatusCode = FaultResponses.StatusOf(fault);
        return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask : HtmlAsync(context, fault);
    }

    private static async Task HtmlAsync(HttpContext context, Fault fault)
    {
        var html = new HtmlWriter(context.Response.BodyWriter);
        PageShell.Begin(html, $"{FaultResponses.StatusOf(fault)} · Entrepot", [("Mirrors", "/")]);
        html.Raw("<p class=\"empty\">"u8).Text(fault.Message).Raw("</p>\n"u8);
        if (fault.Cure is { } cure)
            html.Raw("<p>"u8).Text(cure).Raw("</p>\n"u8);
        PageShell.BeginFooter(html);
        html.Raw("<p><code>"u8).Text(fault.Code).Raw("</code></p>\n"u8);
        PageShell.End(html);
        await context.Response.BodyWriter.FlushAsync(context.RequestAborted);
    }
}
