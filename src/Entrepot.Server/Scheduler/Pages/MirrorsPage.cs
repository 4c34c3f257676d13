using Entrepot.Core.Documents;
using System.Text.Json;
using Entrepot.Mirror.Catalog;
using Entrepot.Server.Api;
using Entrepot.Server.Http;
using Microsoft.AspNetCore.Http;

namespace Entrepot.Server.Scheduler.Pages;

/// <summary>The mirrors: the front page.</summary>
internal static class MirrorsPage
{
    public static Task WriteAsync(HttpContext context, SchedulerService scheduler)
    {
        var mirrors = scheduler.Content.Mirrors(context).ToArray();
        var response = context.Response;
        if (Negotiation.WantsJson(context.Request))
        {
            response.ContentType = "application/json; charset=utf-8";
            response.Headers.CacheControl = ContentHeaders.Revalidate;
            response.Headers.Vary = "Accept";
            return HttpMethods.IsHead(context.Request.Method)
                ? Task.CompletedTask
                : JsonSerializer.SerializeAsync(
                    response.Body, [.. mirrors.Select(Documents.Mirror)], ApiJson.Default.IReadOnlyListMirrorDocument, context.RequestAborted);
        }

        PageShell.Prepare(response, ContentHeaders.Revalidate);
        return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask : HtmlAsync(context, mirrors);
    }

    private static async Task HtmlAsync(HttpContext context, MirrorView[] mirrors)
    {
        var html = new HtmlWriter(context.Response.BodyWriter);
        PageShell.Begin(html, "Mirrors · Entrepot", [("Mirrors", "/")]);
        html.Raw("<p class=\"sum\">"u8)
            .Text(mirrors.Length == 1 ? "1 mirror" : FolderPage.Grouped(mirrors.Length) + " mirrors").Raw(", "u8)
            .Text(FolderPage.Count(mirrors.Sum(static mirror => (long)mirror.Current.Info.Files))).Raw(", "u8)
            .Text(ByteSize.Humanize(mirrors.Sum(static mirror => mirror.Current.Info.Bytes))).Raw("</p>\n"u8);
        if (mirrors.Length == 0)
        {
            html.Raw("<p class=\"empty\">There is no mirror yet. Make one with <code>entrepot mirror create NAME</code>.</p>\n"u8);
        }
        else
        {
            html.Raw("<div class=\"scroll\"><table>\n<thead><tr><th scope=\"col\">Name</th><th scope=\"col\" class=\"wide\">Description</th>"u8)
                .Raw("<th scope=\"col\" class=\"r\">Files</th><th scope=\"col\" class=\"r\">Size</th>"u8)
                .Raw("<th scope=\"col\">Published (UTC)</th><th scope=\"col\" class=\"r wide\">Snapshot</th></tr></thead>\n<tbody>\n"u8);
            foreach (var mirror in mirrors)
            {
                Row(html, mirror);
                await html.FlushIfFullAsync(context.RequestAborted);
            }

            html.Raw("</tbody>\n</table></div>\n"u8);
        }

        PageShell.BeginFooter(html);
        html.Raw("<p><a href=\"?format=json\">This list as JSON</a></p>\n"u8);
        PageShell.End(html);
    }

    private static void Row(HtmlWriter html, MirrorView mirror)
    {
        var info = mirror.Current.Info;
        html.Raw("<tr><td class=\"n folder\"><a href=\"/"u8).Text(mirror.Info.Name.Value).Raw("/\">"u8).Text(mirror.Info.Name.Value)
            .Raw("/</a></td><td class=\"wide\"><bdi>"u8).Text(mirror.Info.Description).Raw("</bdi></td><td class=\"r\">"u8).Text(FolderPage.Grouped(info.Files))
            .Raw("</td><td class=\"r\">"u8).Text(ByteSize.Humanize(info.Bytes)).Raw("</td><td class=\"t\">"u8);
        if (info.Number == 0)
            html.Raw("nothing yet"u8);
        else
            FolderPage.Time(html, info.PublishedAt);
        html.Raw("</td><td class=\"r wide\">"u8).Text(FolderPage.Grouped(info.Number)).Raw("</td></tr>\n"u8);
    }
}
