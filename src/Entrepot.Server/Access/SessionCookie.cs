using Entrepot.Server.Http;
using Microsoft.AspNetCore.Http;

namespace Entrepot.Server.Access;

/// <summary>The session of a browser: a cookie that scripts can't read and other sites' pages don't send. A browser tells surfaces of one host apart by nothing in
/// its cookies, so what changes something must come from a page of the very surface that it is sent to.</summary>
internal static class SessionCookie
{
    // RFC 6265bis §4.1.3.2: only the host itself can have set it, over TLS. On this machine's clear text no browser would keep that name.
    private const string SecureName = "__Host-entrepot-session";
    private const string LocalName = "entrepot-session";

    /// <summary>The session's text; null where none was sent, or it came over clear text.</summary>
    public static string? Of(HttpContext context)
        => Requester.IsConfidential(context) && context.Request.Cookies.TryGetValue(NameOf(context), out var text) && text.Length > 0 ? text : null;

    /// <summary>Has the browser keep a session until it ends, or is closed.</summary>
    public static void Set(HttpContext context, string session) => Set(context, NameOf(context), session, SameSiteMode.Strict, null);

    /// <summary>Has the browser forget it.</summary>
    public static void Clear(HttpContext context)
    {
        if (context.Request.Cookies.ContainsKey(NameOf(context)))
            Set(context, NameOf(context), "", SameSiteMode.Strict, TimeSpan.Zero);
    }

    /// <summary>Sets a cookie of this host alone.</summary>
    public static void Set(HttpContext context, string name, string value, SameSiteMode site, TimeSpan? age) => context.Response.Cookies.Append(
        name, value, new CookieOptions { HttpOnly = true, Secure = context.Request.IsHttps, SameSite = site, Path = "/", MaxAge = age });

    /// <summary>The name of a cookie, by how it is carried.</summary>
    public static string NameOf(HttpContext context, string secure = SecureName, string local = LocalName) => context.Request.IsHttps ? secure : local;

    /// <summary>True for a request that only looks, and for one that a page of this very surface made.</summary>
    public static bool IsOwnRequest(HttpContext context)
    {
        var request = context.Request;
        if (HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method) || HttpMethods.IsOptions(request.Method))
            return true;
        return IsFromOwnPage(context);
    }

    /// <summary>True for an order that a browser says comes from a page of another surface or site. What is no browser says nothing of the kind.</summary>
    public static bool IsOrderOfOthers(HttpContext context)
        => !IsOwnRequest(context) && (context.Request.Headers.Origin.Count > 0 || context.Request.Headers["Sec-Fetch-Site"].Any(static site => site is not ("same-origin" or "none")));

    /// <summary>True when the browser says that a page of this very surface made the request (RFC 6454 §7).</summary>
    public static bool IsFromOwnPage(HttpContext context)
        => context.Request.Headers.Origin is [{ } origin] && string.Equals(origin, $"{context.Request.Scheme}://{context.Request.Host.Value}", StringComparison.OrdinalIgnoreCase);
}
