using Entrepot.Core.Documents;
using System.Globalization;
using System.IO.Hashing;
using System.Text;
using System.Text.Json;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Mirror.Catalog;
using Entrepot.Server.Api;
using Entrepot.Server.Http;
using Microsoft.AspNetCore.Http;

namespace Entrepot.Server.Scheduler.Pages;

/// <summary>A folder as a page or as a <see cref="FolderDocument"/>.</summary>
internal static class FolderPage
{
    private static readonly (SortKey Key, string Title)[] Columns = [(SortKey.Name, "Name"), (SortKey.Size, "Size"), (SortKey.Date, "Modified (UTC)")];

    public static Task WriteAsync(HttpContext context, SchedulerService scheduler, MirrorView mirror, ContentPath folder)
    {
        if (!FolderSort.TryRead(context.Request, out var sort, out var fault))
            return FaultResponses.WriteAsync(context, fault);
        var json = Negotiation.WantsJson(context.Request);
        var tag = EntityTag(mirror, folder, sort, json, scheduler.Options.PageSize);
        context.Response.Headers.ETag = tag;
        if (EntityTags.Matches(context.Request, tag))
        {
            context.Response.StatusCode = StatusCodes.Status304NotModified;
            context.Response.Headers.CacheControl = ContentHeaders.Revalidate;
            context.Response.Headers.Vary = "Accept";
            return Task.CompletedTask;
        }

        var entries = scheduler.Folders.List(mirror.Current, folder, sort)!;
        if (json)
            return JsonAsync(context, mirror.Current, folder, entries);
        var pages = Math.Max(1, (entries.Count + scheduler.Options.PageSize - 1) / scheduler.Options.PageSize);
        if (sort.Page > pages)
            return FaultResponses.WriteAsync(
                context,
                Fault.Of(SchedulerFault.Query, FaultKind.NotFound, $"The folder has {pages} pages, not {sort.Page}.", "Ask for a page that there is."));
        PageShell.Prepare(context.Response, ContentHeaders.Revalidate);
        if (HttpMethods.IsHead(context.Request.Method))
            return Task.CompletedTask;
        return HtmlAsync(context, mirror, folder, entries, sort, pages, scheduler.Options.PageSize);
    }

    private static Task JsonAsync(HttpContext context, TreeSnapshot snapshot, ContentPath folder, IReadOnlyList<FolderEntry> entries)
    {
        var response = context.Response;
        response.ContentType = "application/json; charset=utf-8";
        response.Headers.CacheControl = ContentHeaders.Revalidate;
        response.Headers.Vary = "Accept";
        response.Headers.XContentTypeOptions = "nosniff";
        if (HttpMethods.IsHead(context.Request.Method))
            return Task.CompletedTask;
        var items = new FolderItem[entries.Count];
        for (var i = 0; i < items.Length; i++)
        {
            var entry = entries[i];
            items[i] = new FolderItem(entry.Name, entry.IsFolder ? "folder" : "file", entry.Size, entry.Modified, entry.Digest, entry.Files);
        }

        var document = new FolderDocument(snapshot.Mirror.Value, folder.Value, snapshot.Number, snapshot.Root, items);
        return JsonSerializer.SerializeAsync(response.Body, document, ApiJson.Default.FolderDocument, context.RequestAborted);
    }

    private static async Task HtmlAsync(
        HttpContext context, MirrorView mirror, ContentPath folder, IReadOnlyList<FolderEntry> entries, FolderSort sort, int pages, int pageSize)
    {
        var html = new HtmlWriter(context.Response.BodyWriter);
        var crumbs = Crumbs(mirror.Info.Name, folder);
        PageShell.Begin(html, $"{crumbs[^1].Address} · Entrepot", crumbs);
        if (folder == default && mirror.Info.Description.Length > 0)
            html.Raw("<p class=\"lead\">"u8).Text(mirror.Info.Description).Raw("</p>\n"u8);
        Summary(html, entries);
        if (entries.Count == 0)
        {
            html.Raw("<p class=\"empty\">Nothing is published here yet.</p>\n"u8);
        }
        else
        {
            Head(html, sort);
            if (folder != default)
                html.Raw("<tr><td class=\"n up\"><a href=\"../\">Parent folder</a></td><td></td><td></td><td class=\"wide\"></td><td class=\"wide\"></td></tr>\n"u8);
            var end = Math.Min(entries.Count, sort.Page * pageSize);
            for (var i = (sort.Page - 1) * pageSize; i < end; i++)
            {
                Row(html, entries[i]);
                await html.FlushIfFullAsync(context.RequestAborted);
            }

            html.Raw("</tbody>\n</table></div>\n"u8);
            if (pages > 1)
                Pager(html, sort, pages);
        }

        PageShell.BeginFooter(html);
        Snapshot(html, mirror.Current);
        PageShell.End(html);
    }

    private static void Head(HtmlWriter html, FolderSort sort)
    {
        html.Raw("<div class=\"scroll\"><table>\n<thead><tr>"u8);
        foreach (var (key, title) in Columns)
        {
            var current = key == sort.Key;
            // Sizes and dates are looked at from the top first; a second click turns the order round.
            var next = new FolderSort(key, current ? !sort.Descending : key != SortKey.Name, 1);
            html.Raw(key == SortKey.Size ? "<th scope=\"col\" class=\"r\""u8 : "<th scope=\"col\""u8);
            if (current)
                html.Raw(sort.Descending ? " aria-sort=\"descending\""u8 : " aria-sort=\"ascending\""u8);
            html.Raw("><a href=\""u8).Text(next.ToQuery()).Raw("\">"u8).Text(title).Raw("</a></th>"u8);
        }

        html.Raw("<th scope=\"col\" class=\"wide\">SHA-256</th><th scope=\"col\" class=\"wide\">Proofs and sources</th></tr></thead>\n<tbody>\n"u8);
    }

    private static void Row(HtmlWriter html, FolderEntry entry)
    {
        // EscapeDataString leaves only unreserved characters (RFC 3986 §2.3), which are safe in an attribute too.
        var address = Uri.EscapeDataString(entry.Name);
        html.Raw(entry.IsFolder ? "<tr><td class=\"n folder\"><a href=\""u8 : "<tr><td class=\"n file\"><a href=\""u8).Text(address);
        html.Raw(entry.IsFolder ? "/\"><bdi>"u8 : "\"><bdi>"u8).Text(entry.Name).Raw(entry.IsFolder ? "</bdi>/</a></td>"u8 : "</bdi></a></td>"u8);
        html.Raw("<td class=\"r\"><data value=\""u8).Text(entry.Size.ToString(CultureInfo.InvariantCulture)).Raw("\" title=\""u8)
            .Text(Grouped(entry.Size)).Raw(" bytes\">"u8).Text(ByteSize.Humanize(entry.Size)).Raw("</data></td><td class=\"t\">"u8);
        Time(html, entry.Modified);
        html.Raw("</td><td class=\"wide\">"u8);
        if (entry.Digest is { } digest)
        {
            html.Raw("<code class=\"d\" title=\"Click to select all of it\">"u8).Text(digest.Hex).Raw("</code></td><td class=\"wide m\"><a href=\""u8)
                .Text(address).Raw(".meta4\">metalink</a><a href=\""u8).Text(address).Raw(".sha256\">sha256</a><a href=\""u8).Text(address)
                .Raw("?mirrorlist\">edges</a><a href=\""u8).Text(address).Raw("?explain\">explain</a></td></tr>\n"u8);
        }
        else
        {
            html.Raw("<span class=\"dim\">"u8).Text(Count(entry.Files)).Raw("</span></td><td class=\"wide\"></td></tr>\n"u8);
        }
    }

    private static void Pager(HtmlWriter html, FolderSort sort, int pages)
    {
        html.Raw("<nav class=\"pages\" aria-label=\"Pages\">"u8);
        if (sort.Page > 1)
            html.Raw("<a rel=\"prev\" href=\""u8).Text((sort with { Page = sort.Page - 1 }).ToQuery()).Raw("\">Previous</a>"u8);
        html.Raw("<span>Page "u8).Text(Grouped(sort.Page)).Raw(" of "u8).Text(Grouped(pages)).Raw("</span>"u8);
        if (sort.Page < pages)
            html.Raw("<a rel=\"next\" href=\""u8).Text((sort with { Page = sort.Page + 1 }).ToQuery()).Raw("\">Next</a>"u8);
        html.Raw("</nav>\n"u8);
    }

    private static void Summary(HtmlWriter html, IReadOnlyList<FolderEntry> entries)
    {
        long bytes = 0, files = 0, folders = 0;
        foreach (var entry in entries)
        {
            bytes += entry.Size;
            files += entry.Files;
            folders += entry.IsFolder ? 1 : 0;
        }

        html.Raw("<p class=\"sum\">"u8).Text(Count(files)).Raw(", "u8).Text(ByteSize.Humanize(bytes));
        if (folders > 0)
            html.Raw(", "u8).Text(folders == 1 ? "1 folder" : Grouped(folders) + " folders");
        html.Raw("</p>\n"u8);
    }

    private static void Snapshot(HtmlWriter html, TreeSnapshot snapshot)
    {
        html.Raw("<p>Snapshot "u8).Text(Grouped(snapshot.Number)).Raw(", published "u8);
        Time(html, snapshot.Info.PublishedAt);
        html.Raw(" UTC. Root digest <code>"u8).Text(snapshot.Root.ToString()).Raw("</code></p>\n<p><a href=\"?format=json\">This folder as JSON</a></p>\n"u8);
    }

    /// <summary>A time in UTC that machines can read too.</summary>
    internal static void Time(HtmlWriter html, DateTimeOffset at)
    {
        var utc = at.UtcDateTime;
        html.Raw("<time datetime=\""u8).Text(utc.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture)).Raw("\">"u8)
            .Text(utc.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)).Raw("<span class=\"tod\"> "u8)
            .Text(utc.ToString("HH:mm:ss", CultureInfo.InvariantCulture)).Raw("</span></time>"u8);
    }

    /// <summary>A whole number with separators.</summary>
    internal static string Grouped(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary><c>1 file</c>, <c>2 files</c>.</summary>
    internal static string Count(long files) => files == 1 ? "1 file" : Grouped(files) + " files";

    /// <summary>The way from the list of mirrors to a folder.</summary>
    internal static List<(string Text, string Address)> Crumbs(MirrorName mirror, ContentPath folder)
    {
        var crumbs = new List<(string Text, string Address)> { ("Mirrors", "/"), (mirror.Value, $"/{mirror}/") };
        if (folder == default)
            return crumbs;
        foreach (var segment in folder.Value.Split('/'))
            crumbs.Add((segment, $"{crumbs[^1].Address}{Uri.EscapeDataString(segment)}/"));
        return crumbs;
    }

    /// <summary>Weak: it names what the page says, not its bytes. A rollback has an old root but a new number.</summary>
    private static string EntityTag(MirrorView mirror, ContentPath folder, FolderSort sort, bool json, int pageSize)
    {
        var described = folder == default ? XxHash32.HashToUInt32(Encoding.UTF8.GetBytes(mirror.Info.Description)) : 0;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"W/\"{mirror.Current.Root.Hex.AsSpan(0, 16)}-{mirror.Current.Number}-{FolderSort.TextOf(sort.Key)}{(sort.Descending ? "-" : "+")}{sort.Page}-{pageSize}-{described:x}-{(json ? "json" : Product.NameAndVersion)}\"");
    }
}
