using Entrepot.Core.Faults;
using Entrepot.Server.Access;
using Entrepot.Server.Accounts;
using Entrepot.Server.Api;
using Entrepot.Server.Http;
using Entrepot.Trust.Access;
using Entrepot.Trust.OpenIdConnect;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;

namespace Entrepot.Server.OpenIdConnect;

/// <summary>Signing in through the organisation's provider, on the metadata surface: for the browser itself, and for a command that waits elsewhere.</summary>
internal static class OidcEndpoints
{
    /// <summary>Where a browser begins.</summary>
    public const string StartPath = "/v1/session/oidc";

    /// <summary>Where the provider sends it back to; registered there.</summary>
    public const string CallbackPath = "/v1/session/oidc/callback";

    /// <summary>Where a person says that a command may be signed in.</summary>
    public const string AllowPath = "/v1/session/oidc/allow";

    /// <summary>Where a browser's session ends.</summary>
    public const string SignOutPath = "/v1/session/sign-out";

    /// <summary>Seconds between two questions of a command.</summary>
    private const int Interval = 2;

    private const long SmallForm = 4 << 10;

    // Lax: the provider's site sends the browser back, and the cookie has to come along.
    private const string SecureBrowser = "__Host-entrepot-sign-in";
    private const string LocalBrowser = "entrepot-sign-in";

    /// <summary>Adds the endpoints.</summary>
    /// <param name="routes">Of the metadata surface.</param>
    /// <param name="service">Accounts, people, sessions.</param>
    /// <param name="url">Base URL of a surface, or null.</param>
    public static void MapProviderSignIn(this IEndpointRouteBuilder routes, AccountService service, Func<string, string?> url)
    {
        routes.MapGet("/v1/session/methods", (Delegate)((HttpContext context) => JsonExchange.WriteAsync(
                context,
                new SignInMethodsDocument(true, service.Provider is { } provider
                    ? new SignInProviderDocument(provider.Options.Label, provider.Options.Issuer, Base(service, url) + StartPath)
                    : null),
                ApiJson.Default.SignInMethodsDocument)))
            .Describe("SignInMethods", "Ask how people sign in here", "By an account of this network, and through the organisation's provider where one is configured.")
            .Needs(Permission.Public)
            .Produces<SignInMethodsDocument>();
        routes.MapGet(StartPath, (Delegate)((HttpContext context) => PageAsync(context, () => StartAsync(service, url, context))))
            .Describe("SignInByProvider", "Begin to sign in through the provider", "Sends a browser there. '?for=CODE' signs in the command that shows that code.")
            .Needs(Permission.Public)
            .Produces(StatusCodes.Status302Found)
            .Refuses(400, 403, 404, 503);
        routes.MapGet(CallbackPath, (Delegate)((HttpContext context) => PageAsync(context, () => CompleteAsync(service, url, context))))
            .Describe("CompleteSignIn", "Come back from the provider", "A page that says who is signed in, with the session as a cookie; or asks whether a command may be.")
            .Needs(Permission.Public)
            .Produces<string>(StatusCodes.Status200OK, "text/html")
            .Refuses(400, 403, 404, 503);
        routes.MapPost(AllowPath, (Delegate)((HttpContext context) => PageAsync(context, () => AllowAsync(service, context))))
            .Describe("AllowCommand", "Let a command be signed in", "By the form of the page before, from the browser that it was shown to.")
            .Needs(Permission.Public)
            .Takes<string>("application/x-www-form-urlencoded")
            .Produces<string>(StatusCodes.Status200OK, "text/html")
            .Refuses(400, 403, 404);
        routes.MapPost("/v1/session/oidc/commands", (Delegate)((HttpContext context) => OpenAsync(service, url, context)))
            .Describe("BeginCommandSignIn", "Have a command signed in by a browser", "The answer has an address for a person to open anywhere, and a code to compare there.")
            .Needs(Permission.Public)
            .Produces<CommandSignInDocument>(StatusCodes.Status201Created)
            .Refuses(403, 404, 503);
        routes.MapPost("/v1/session/oidc/commands/collect", (Delegate)((HttpContext context) => CollectAsync(service, context)))
            .Describe("CollectSession", "Ask whether a command is signed in", "202 while nobody has answered; then its session, once.")
            .Needs(Permission.Public)
            .Takes<CollectSessionRequest>(JsonExchange.Json)
            .Produces<SessionDocument>(StatusCodes.Status201Created)
            .Produces(StatusCodes.Status202Accepted)
            .Refuses(400, 403, 404);
        routes.MapPost(SignOutPath, (Delegate)((HttpContext context) => PageAsync(context, () => SignOutAsync(service, context))))
            .Describe("SignOutBrowser", "End a browser's session", "By the form of a page of this surface.")
            .Needs(Permission.Public)
            .Produces<string>(StatusCodes.Status200OK, "text/html");
    }

    private static async Task StartAsync(AccountService service, Func<string, string?> url, HttpContext context)
    {
        var provider = Provider(service);
        var home = Base(service, url);
        var query = context.Request.Query;
        string? code = query["for"] is [{ Length: > 0 and <= 32 } wanted] ? wanted.ToUpperInvariant() : null;
        // The provider sends the browser to this address alone, and there its cookie has to be. Once: behind a proxy the names may never agree.
        if (!query.ContainsKey("here") && $"{context.Request.Scheme}://{context.Request.Host.Value}" != home)
        {
            context.Response.Redirect($"{home}{StartPath}?here{(code is null ? "" : $"&for={Uri.EscapeDataString(code)}")}");
            return;
        }

        AccountEndpoints.RequireConfidential(context);
        var begun = await provider.BeginAsync(home + CallbackPath, Source(context), code, context.RequestAborted);
        SessionCookie.Set(context, SessionCookie.NameOf(context, SecureBrowser, LocalBrowser), begun.Browser, SameSiteMode.Lax, TimeSpan.FromMinutes(10));
        context.Response.Headers.CacheControl = "no-store";
        context.Response.Headers["Referrer-Policy"] = "no-referrer";
        context.Response.Redirect(begun.Location.AbsoluteUri);
    }

    private static async Task CompleteAsync(AccountService service, Func<string, string?> url, HttpContext context)
    {
        var provider = Provider(service);
        AccountEndpoints.RequireConfidential(context);
        var query = context.Request.Query;
        var reply = new ProviderReply(One(query, "state") ?? "", One(query, "code"), One(query, "error"), One(query, "iss"), BrowserOf(context));
        var completed = await provider.CompleteAsync(reply, Base(service, url) + CallbackPath, Requester.AddressOf(context).ToString(), context.RequestAborted);
        if (completed.Person is not { } person)
        {
            await SignInPages.AskAsync(context, completed);
            return;
        }

        ClearBrowser(context);
        var session = service.Sessions.Start(person.Principal);
        SessionCookie.Set(context, session.Text);
        await SignInPages.WelcomeAsync(context, person, session, url("scheduler"));
    }

    private static async Task AllowAsync(AccountService service, HttpContext context)
    {
        var provider = Provider(service);
        AccountEndpoints.RequireConfidential(context);
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
            limit.MaxRequestBodySize = SmallForm;
        var ticket = context.Request.HasFormContentType ? (await context.Request.ReadFormAsync(context.RequestAborted))["ticket"].ToString() : "";
        if (ticket.Length > 0 && !SessionCookie.IsFromOwnPage(context))
            throw Fault.Of(AccessFault.OtherSite, FaultKind.Forbidden, "This has to come from the page that asked.", "Run 'entrepot sign-in' again.").ToException();
        var person = await provider.AllowAsync(ticket, BrowserOf(context), Requester.AddressOf(context).ToString(), context.RequestAborted);
        ClearBrowser(context);
        await SignInPages.SayAsync(context, "The command is signed in", $"The command goes on as {person.Principal}. You can close this page.");
    }

    private static async Task OpenAsync(AccountService service, Func<string, string?> url, HttpContext context)
    {
        var provider = Provider(service);
        AccountEndpoints.RequireConfidential(context);
        var (handle, code, ends) = provider.Open(Requester.AddressOf(context).ToString(), Source(context));
        context.Response.Headers.CacheControl = "no-store";
        await JsonExchange.WriteAsync(
            context, new CommandSignInDocument(handle, code, $"{Base(service, url)}{StartPath}?for={code}", ends, Interval), ApiJson.Default.CommandSignInDocument,
            StatusCodes.Status201Created);
    }

    private static async Task CollectAsync(AccountService service, HttpContext context)
    {
        var provider = Provider(service);
        AccountEndpoints.RequireConfidential(context);
        var request = await JsonExchange.ReadAsync(context, ApiJson.Default.CollectSessionRequest, JsonExchange.SmallDocument);
        context.Response.Headers.CacheControl = "no-store";
        if (provider.Collect(request.Handle) is not { } person)
        {
            context.Response.StatusCode = StatusCodes.Status202Accepted;
            return;
        }

        var session = service.Sessions.Start(person.Principal);
        await JsonExchange.WriteAsync(
            context, new SessionDocument(person.Principal, Roles.WordsOf(person.Roles)) { Session = session.Text, Ends = session.Ends }, ApiJson.Default.SessionDocument,
            StatusCodes.Status201Created);
    }

    private static Task SignOutAsync(AccountService service, HttpContext context)
    {
        if (SessionCookie.Of(context) is { } session)
        {
            // Beside the gate, which asks this of sessions that are still good.
            if (!SessionCookie.IsFromOwnPage(context))
                throw Fault.Of(AccessFault.OtherSite, FaultKind.Forbidden, "This has to come from a page of this surface.", "Close the browser, or wait: a session ends when it is idle.").ToException();
            service.Sessions.End(session);
        }

        SessionCookie.Clear(context);
        return SignInPages.SayAsync(context, "Signed out", "Nobody is signed in by this browser.");
    }

    /// <summary>Answers a browser with a page, whatever comes of it.</summary>
    private static async Task PageAsync(HttpContext context, Func<Task> work)
    {
        try
        {
            await work();
        }
        catch (FaultException error)
        {
            await SignInPages.RefuseAsync(context, error.Fault);
        }
    }

    private static ProviderSignIn Provider(AccountService service) => service.Provider ?? throw Fault.Of(
        OidcFault.NotConfigured, FaultKind.NotFound, "People sign in here by accounts of this network only.", "Use 'entrepot sign-in NAME'; an admin can configure a provider by openIdConnect.issuer.").ToException();

    /// <summary>Base URL by which browsers reach this surface. Off this machine it is https, which every surface speaks unless it was turned off.</summary>
    private static string Base(AccountService service, Func<string, string?> url)
    {
        var address = service.Address ?? new Uri(url("metadata") ?? throw Fault.Of(OidcFault.Provider, FaultKind.Unavailable, "The surface does not listen yet.", "Try again.").ToException());
        return (address.IsLoopback || address.Scheme == Uri.UriSchemeHttps ? address : new UriBuilder(address) { Scheme = Uri.UriSchemeHttps }.Uri).GetLeftPart(UriPartial.Authority);
    }

    private static string Source(HttpContext context) => SourceRate.SubjectOf(Requester.AddressOf(context)).ToString();

    private static string? One(IQueryCollection query, string name) => query[name] is [{ } one] ? one : null;

    private static string? BrowserOf(HttpContext context) => context.Request.Cookies[SessionCookie.NameOf(context, SecureBrowser, LocalBrowser)];

    private static void ClearBrowser(HttpContext context) => SessionCookie.Set(context, SessionCookie.NameOf(context, SecureBrowser, LocalBrowser), "", SameSiteMode.Lax, TimeSpan.Zero);
}
