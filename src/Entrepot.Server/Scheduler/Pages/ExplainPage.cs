using System.Globalization;

namespace Entrepot.Server.Scheduler.Pages;

/// <summary>An <see cref="ExplainDocument"/> for people.</summary>
internal static class ExplainPage
{
    public static void Write(HtmlWriter html, ServedFile file, ExplainDocument document)
    {
        PageShell.Begin(html, $"Why {file.Address} goes where it goes · Entrepot", [.. FilePages.Crumbs(file), ("explain", "?explain")]);
        html.Raw("<p class=\"lead "u8).Raw(document.Chosen.Count > 0 ? "good"u8 : "bad"u8).Raw("\">"u8).Text(document.Outcome).Raw("</p>\n"u8);
        FilePages.Facts(
            html, file, ("Client", document.Client),
            ("Site", document.Site is null ? "unknown: no rule matches the address, so every edge is equally near" : $"{document.Site} (by {document.Network})"),
            ("Mode", document.Mode));
        html.Raw("<h2>Edges that may serve, best first</h2>\n"u8);
        if (document.Chosen.Count == 0)
            html.Raw("<p class=\"dim\">None.</p>\n"u8);
        else
            Chosen(html, document);
        html.Raw("<h2>Edges left out</h2>\n"u8);
        if (document.Excluded.Count == 0)
            html.Raw("<p class=\"dim\">None.</p>\n"u8);
        else
            Excluded(html, document);
        PageShell.BeginFooter(html);
        html.Raw("<p>Nearer edges come first. Among equally near ones the score decides: load × errors × fit / −ln(hash). "u8)
            .Raw("The hash belongs to file and edge and never changes, so a file stays where it is cached.</p>\n"u8)
            .Raw("<p><a href=\"?explain&amp;format=json\">This as JSON</a></p>\n"u8);
        PageShell.End(html);
    }

    private static void Chosen(HtmlWriter html, ExplainDocument document)
    {
        html.Raw("<div class=\"scroll\"><table>\n<thead><tr><th scope=\"col\" class=\"r\">Priority</th><th scope=\"col\">Edge</th><th scope=\"col\">Site</th>"u8);
        foreach (var title in (ReadOnlySpan<string>)["Distance", "Score", "Hash", "Load", "Errors", "Fit", "Transfers"])
            html.Raw("<th scope=\"col\" class=\"r\">"u8).Text(title).Raw("</th>"u8);
        html.Raw("</tr></thead>\n<tbody>\n"u8);
        foreach (var edge in document.Chosen)
        {
            html.Raw("<tr><td class=\"r\">"u8).Text(edge.Priority.ToString(CultureInfo.InvariantCulture)).Raw("</td><td class=\"one\"><a href=\""u8).Text(edge.Url).Raw("\">"u8)
                .Text(edge.Edge).Raw("</a></td><td>"u8).Text(string.Join(", ", edge.Sites)).Raw("</td><td class=\"r\">"u8)
                .Text(edge.Distance.ToString(CultureInfo.InvariantCulture)).Raw("</td>"u8);
            foreach (var value in (ReadOnlySpan<double>)[edge.Score, edge.Hash, edge.LoadWeight, edge.ErrorWeight, edge.FitWeight])
                html.Raw("<td class=\"r\">"u8).Text(ExplainAnswer.Figure(value)).Raw("</td>"u8);
            html.Raw("<td class=\"r\">"u8).Text(FolderPage.Grouped(edge.ActiveTransfers)).Raw("</td></tr>\n"u8);
        }

        html.Raw("</tbody>\n</table></div>\n"u8);
    }

    private static void Excluded(HtmlWriter html, ExplainDocument document)
    {
        html.Raw("<div class=\"scroll\"><table>\n<thead><tr><th scope=\"col\">Edge</th><th scope=\"col\">Site</th><th scope=\"col\">Reason</th><th scope=\"col\">Detail</th></tr></thead>\n<tbody>\n"u8);
        foreach (var edge in document.Excluded)
        {
            html.Raw("<tr><td class=\"one\">"u8).Text(edge.Edge).Raw("</td><td>"u8).Text(string.Join(", ", edge.Sites)).Raw("</td><td class=\"one bad\">"u8).Text(edge.Reason)
                .Raw("</td><td>"u8).Text(edge.Detail).Raw("</td></tr>\n"u8);
        }

        html.Raw("</tbody>\n</table></div>\n"u8);
    }
}
