using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Entrepot.Server.Scheduler.Pages;

/// <summary>What all pages share: head, style, header and the rules a browser has to hold. No scripts, nothing from elsewhere.</summary>
internal static class PageShell
{
    private static readonly byte[] Style = Encoding.UTF8.GetBytes(PageStyle.Css);

    /// <summary>Only the style below, known by its digest, and images that are part of it (CSP level 3).</summary>
    private static readonly string Policy = PolicyWith("'none'"), FormPolicy = PolicyWith("'self'");

    private static string PolicyWith(string forms) =>
        $"default-src 'none'; style-src 'sha256-{Convert.ToBase64String(SHA256.HashData(Style))}'; img-src data:; "
        + $"base-uri 'none'; form-action {forms}; frame-ancestors 'none'";

    /// <summary>Sets the headers of a page.</summary>
    /// <param name="response">The answer.</param>
    /// <param name="cacheControl">How it may be kept.</param>
    /// <param name="forms">True for a page whose forms are sent to its own surface. It is told then where they come from (Fetch §3.2: without a referrer
    /// a browser says that the origin is null).</param>
    public static void Prepare(HttpResponse response, string cacheControl, bool forms = false)
    {
        response.ContentType = "text/html; charset=utf-8";
        response.Headers.CacheControl = cacheControl;
        response.Headers.Vary = "Accept";
        response.Headers.ContentSecurityPolicy = forms ? FormPolicy : Policy;
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers["Referrer-Policy"] = forms ? "same-origin" : "no-referrer";
    }

    /// <summary>Writes everything up to the content.</summary>
    /// <param name="html">The page.</param>
    /// <param name="title">Goes into the title bar.</param>
    /// <param name="crumbs">The way from the root to here: text and address; the last is the page itself.</param>
    public static void Begin(HtmlWriter html, string title, IReadOnlyList<(string Text, string Address)> crumbs)
    {
        html.Raw("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"u8)
            .Raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>"u8).Text(title).Raw("</title>\n"u8)
            .Raw("<link rel=\"icon\" href=\"data:,\">\n<style>"u8).Raw(Style).Raw("</style>\n</head>\n<body>\n<header>\n<nav aria-label=\"Breadcrumb\"><ol>"u8);
        for (var i = 0; i < crumbs.Count; i++)
        {
            var (text, address) = crumbs[i];
            html.Raw("<li><a href=\""u8).Text(address).Raw(i == crumbs.Count - 1 ? "\" aria-current=\"page\">"u8 : "\">"u8)
                .Raw("<bdi>"u8).Text(text).Raw("</bdi></a></li>"u8);
        }

        html.Raw("</ol></nav>\n</header>\n<main>\n"u8);
    }

    /// <summary>Ends the content and begins the footer.</summary>
    public static void BeginFooter(HtmlWriter html) => html.Raw("</main>\n<footer>\n"u8);

    /// <summary>Ends the page.</summary>
    public static void End(HtmlWriter html)
        => html.Raw("<p class=\"dim\">"u8).Text(Product.NameAndVersion).Raw("</p>\n</footer>\n</body>\n</html>\n"u8);
}
