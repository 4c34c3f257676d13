using Entrepot.Core.Documents;
using Entrepot.Core.Identities;

namespace Entrepot.Server.Scheduler.Pages;

/// <summary>What the pages about one file share.</summary>
internal static class FilePages
{
    /// <summary>The way to the file.</summary>
    public static List<(string Text, string Address)> Crumbs(ServedFile file)
    {
        var path = file.Entry.Path.Value;
        var slash = path.LastIndexOf('/');
        var crumbs = FolderPage.Crumbs(file.Snapshot.Mirror, slash < 0 ? default : ContentPath.Parse(path[..slash]));
        crumbs.Add((file.Entry.Path.FileName, file.Address));
        return crumbs;
    }

    /// <summary>Size, digest and further facts.</summary>
    public static void Facts(HtmlWriter html, ServedFile file, params ReadOnlySpan<(string Name, string Value)> further)
    {
        html.Raw("<dl>\n<dt>Size</dt><dd>"u8).Text($"{ByteSize.Humanize(file.Entry.Size)} ({FolderPage.Grouped(file.Entry.Size)} bytes)")
            .Raw("</dd>\n<dt>SHA-256</dt><dd><code>"u8).Text(file.Entry.Digest.Hex).Raw("</code></dd>\n<dt>Snapshot</dt><dd>"u8)
            .Text(FolderPage.Grouped(file.Snapshot.Number)).Raw("</dd>\n"u8);
        foreach (var (name, value) in further)
            html.Raw("<dt>"u8).Text(name).Raw("</dt><dd>"u8).Text(value).Raw("</dd>\n"u8);
        html.Raw("</dl>\n"u8);
    }
}
