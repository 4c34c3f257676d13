using System.Globalization;
using System.Text.Json;
using Entrepot.Mirror.Routing;
using Entrepot.Server.Scheduler.Pages;
using Microsoft.AspNetCore.Http;

namespace Entrepot.Server.Scheduler;

/// <summary><c>?mirrorlist</c>: everywhere this client can get the file, best first.</summary>
internal static class MirrorListAnswer
{
    public static Task WriteAsync(HttpContext context, SchedulerService scheduler, ServedFile file, Selection selection)
    {
        var document = ToDocument(file, selection, scheduler.BaseUrl(context.Request));
        var response = context.Response;
        if (Negotiation.WantsJson(context.Request))
        {
            response.ContentType = "application/json; charset=utf-8";
            response.Headers.CacheControl = "no-store";
            response.Headers.Vary = "Accept";
            return HttpMethods.IsHead(context.Request.Method)
                ? Task.CompletedTask
                : JsonSerializer.SerializeAsync(response.Body, document, SchedulerJson.Default.MirrorListDocument, context.RequestAborted);
        }

        PageShell.Prepare(response, "no-store");
        if (!HttpMethods.IsHead(context.Request.Method))
            WritePage(new HtmlWriter(response.BodyWriter), file, document);
        return Task.CompletedTask;
    }

    private static MirrorListDocument ToDocument(ServedFile file, Selection selection, string schedulerUrl)
    {
        var sources = new List<SourceDocument>(selection.Chosen.Length + 1);
        foreach (var (edge, _) in selection.Chosen)
            sources.Add(new SourceDocument(edge.Url + file.PinnedAddress, sources.Count + 1, edge.Name.Value, edge.Sites));
        sources.Add(new SourceDocument(schedulerUrl + file.PinnedAddress, sources.Count + 1, null, []));
        var entry = file.Entry;
        return new MirrorListDocument(
            file.Snapshot.Mirror.Value, entry.Path, file.Snapshot.Number, entry.Digest, entry.Size, entry.Modified, sources);
    }

    private static void WritePage(HtmlWriter html, ServedFile file, MirrorListDocument document)
    {
        PageShell.Begin(html, $"Where {file.Address} is · Entrepot", [.. FilePages.Crumbs(file), ("edges", "?mirrorlist")]);
        FilePages.Facts(html, file);
        html.Raw("<div class=\"scroll\"><table>\n<thead><tr><th scope=\"col\" class=\"r\">Priority</th><th scope=\"col\">Edge</th>"u8)
            .Raw("<th scope=\"col\">Site</th><th scope=\"col\">Address</th></tr></thead>\n<tbody>\n"u8);
        foreach (var source in document.Sources)
        {
            html.Raw("<tr><td class=\"r\">"u8).Text(source.Priority.ToString(CultureInfo.InvariantCulture)).Raw("</td><td class=\"one\">"u8)
                .Text(source.Edge ?? "scheduler").Raw("</td><td>"u8).Text(string.Join(", ", source.Sites)).Raw("</td><td><a href=\""u8).Text(source.Url)
                .Raw("\">"u8).Text(source.Url[..source.Url.IndexOf('?', StringComparison.Ordinal)]).Raw("</a></td></tr>\n"u8);
        }

        html.Raw("</tbody>\n</table></div>\n"u8);
        PageShell.BeginFooter(html);
        html.Raw("<p>As a metalink: <a href=\""u8).Text(file.Address).Raw(".meta4\"><bdi>"u8).Text(file.Entry.Path.FileName)
            .Raw(".meta4</bdi></a></p>\n<p><a href=\"?mirrorlist&amp;format=json\">This as JSON</a></p>\n"u8);
        PageShell.End(html);
    }
}
