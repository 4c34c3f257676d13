using System.Globalization;
using Entrepot.Core.Faults;
using Entrepot.Server.Http;
using Entrepot.Server.Scheduler;
using Entrepot.Server.Scheduler.Pages;
using Entrepot.Trust.Access;
using Entrepot.Trust.Accounts;
using Entrepot.Trust.OpenIdConnect;
using Microsoft.AspNetCore.Http;

namespace Entrepot.Server.OpenIdConnect;

/// <summary>What a browser shows of a sign-in. No scripts; a word that changes something is given by a form.</summary>
internal static class SignInPages
{
    /// <summary>Who is signed in now.</summary>
    public static Task WelcomeAsync(HttpContext context, Person person, StartedSession session, string? downloads) => WriteAsync(context, StatusCodes.Status200OK, "Signed in", html =>
    {
        html.Raw("<p class=\"lead\">Signed in as <code>"u8).Text(person.Principal).Raw("</code>.</p>\n<dl>"u8);
        Row(html, "Roles", string.Join(", ", Roles.WordsOf(person.Roles)));
        Row(html, "Ends", $"after {SessionBook.Idle.TotalMinutes:0} minutes without use, at {Time(session.Ends)} at the latest");
        html.Raw("</dl>\n<p>This browser now reads what you may read: "u8);
        if (downloads is not null)
            html.Raw("<a href=\""u8).Text(downloads).Raw("\">the mirrors</a>, "u8);
        html.Raw("<a href=\"/reference\">the API</a>, <a href=\"/v1/session\">who you are here</a>.</p>\n<form method=\"post\" action=\""u8)
            .Text(OidcEndpoints.SignOutPath).Raw("\"><button>Sign out</button></form>\n"u8);
    });

    /// <summary>Asks whether a command may be signed in.</summary>
    public static Task AskAsync(HttpContext context, CompletedSignIn completed) => WriteAsync(context, StatusCodes.Status200OK, "Sign in a command", html =>
    {
        var request = completed.Request!;
        html.Raw("<p class=\"lead\">A command asks to be signed in as <code>"u8).Text(Person.Prefix + completed.Identity.Name).Raw("</code>.</p>\n<dl>"u8);
        Row(html, "It shows", request.Code);
        Row(html, "It runs at", request.Address);
        Row(html, "It asked at", Time(request.Began));
        Row(html, "It may then act as", string.Join(", ", Roles.WordsOf(completed.Identity.Roles)));
        html.Raw("</dl>\n<p>Go on only if you ran <code>entrepot sign-in</code> just now, and it shows this very code. Else close this page: somebody may want to act as you.</p>\n<form method=\"post\" action=\""u8)
            .Text(OidcEndpoints.AllowPath).Raw("\"><input type=\"hidden\" name=\"ticket\" value=\""u8).Text(completed.Ticket!).Raw("\"><button>Sign the command in</button></form>\n"u8);
    });

    /// <summary>One sentence at the end.</summary>
    public static Task SayAsync(HttpContext context, string title, string sentence)
        => WriteAsync(context, StatusCodes.Status200OK, title, html => html.Raw("<p class=\"lead\">"u8).Text(sentence).Raw("</p>\n"u8));

    /// <summary>Why not. Programs get the problem document.</summary>
    public static Task RefuseAsync(HttpContext context, Fault fault)
        => Negotiation.IsBrowser(context.Request)
            ? WriteAsync(context, FaultResponses.StatusOf(fault), "Not signed in", html =>
            {
                html.Raw("<p class=\"empty\">"u8).Text(fault.Message).Raw("</p>\n"u8);
                if (fault.Cure is { } cure)
                    html.Raw("<p>"u8).Text(cure).Raw("</p>\n"u8);
                html.Raw("<p><code>"u8).Text(fault.Code).Raw("</code></p>\n"u8);
            })
            : FaultResponses.WriteAsync(context, fault);

    private static async Task WriteAsync(HttpContext context, int status, string title, Action<HtmlWriter> content)
    {
        PageShell.Prepare(context.Response, "no-store", forms: true);
        context.Response.StatusCode = status;
        var html = new HtmlWriter(context.Response.BodyWriter);
        PageShell.Begin(html, $"{title} · Entrepot", [(title, OidcEndpoints.StartPath)]);
        content(html);
        PageShell.BeginFooter(html);
        PageShell.End(html);
        await context.Response.BodyWriter.FlushAsync(context.RequestAborted);
    }

    private static void Row(HtmlWriter html, string name, string value) => html.Raw("<dt>"u8).Text(name).Raw("</dt><dd>"u8).Text(value).Raw("</dd>"u8);

    private static string Time(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);
}
