using System.Globalization;
using System.Net;
using Entrepot.Core.Faults;
using Entrepot.Core.Journal;
using Entrepot.Core.State;
using Entrepot.Server.Hosting;
using Entrepot.Server.Http;
using Entrepot.Server.Registry;
using Entrepot.Server.Tls;
using Entrepot.Trust.Access;
using Entrepot.Trust.Accounts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Entrepot.Server.Access;

/// <summary>The gate of a surface: who is it, then may it. It stands behind routing, so that it knows which endpoint is asked for, and before
/// every endpoint.</summary>
internal sealed class AccessGate(SurfaceAccess access, StateDatabase state, TimeProvider time, ILogger logger)
{
    private const string Scheme = "Bearer";

    /// <summary>Adds the gate.</summary>
    public static void Use(IApplicationBuilder app, SurfaceAccess access, StateDatabase state, TimeProvider time, ILogger logger)
    {
        var gate = new AccessGate(access, state, time, logger);
        app.Use(gate.PassAsync);
    }

    private Task PassAsync(HttpContext context, RequestDelegate next)
    {
        // Without an endpoint there is nothing to guard: what follows is 404 or 405.
        if (context.GetEndpoint() is not { } endpoint || EndpointPermissions.PermissionOf(endpoint) is not { } needed)
            return next(context);
        var client = ClientConnection.Of(context);
        // What is sent with the request itself counts before what a client's connection began with; a node's certificate is all that a node has.
        if (client is { Fault: { } gone, IsRequired: true })
            return FailAsync(context, gone);  // where both are asked for, a token does not stand for a certificate
        var isNode = Requester.Of(context).Proof != Proof.None && client is null;
        if (!isNode && TokenOf(context) is { } token)
        {
            if (Judge(context, token, out var bearer) is { } refusal)
                return FailAsync(context, refusal);
            context.Features.Set(bearer);
        }
        else if (!isNode && access is { TakesCookies: true, Sessions: { } sessions } && SessionCookie.Of(context) is { } cookie && sessions.Find(cookie) is { } visitor)
        {
            if (!SessionCookie.IsOwnRequest(context))
                return RefuseAsync(context, OtherSite(), StatusCodes.Status403Forbidden, null, null);
            context.Features.Set(visitor);
            context.Response.OnStarting(() =>
            {
                // Unlike Authorization (RFC 9111 §3.5), a cookie keeps no shared cache from keeping the answer.
                if (!context.Response.Headers.CacheControl.ToString().Contains("no-store", StringComparison.Ordinal))
                    context.Response.Headers.CacheControl = "private, no-cache";
                return Task.CompletedTask;
            });
        }
        else if (client?.Fault is { } fault && needed != Permission.Public)
        {
            return FailAsync(context, fault);
        }
        else if (client?.Identity is not null && SessionCookie.IsOrderOfOthers(context))
        {
            // A browser shows a certificate unasked, as it sends a cookie.
            return RefuseAsync(context, OtherSite(), StatusCodes.Status403Forbidden, null, null);
        }

        var principal = Requester.Of(context);
        if (principal.Proof == Proof.None && needed is (Permission.ContentRead or Permission.NetworkRead) && IsSigned(context))
            return next(context);
        return AccessPolicy.Decide(needed, principal, access.OpenReading) switch
        {
            AccessVerdict.Allowed => next(context),
            AccessVerdict.NeedsCredential => RefuseAsync(context, Anonymous(needed), StatusCodes.Status401Unauthorized, null, null),
            _ => RefuseAsync(context, Forbidden(principal, needed), StatusCodes.Status403Forbidden, "insufficient_scope", Words(needed)),
        };
    }

    /// <summary>True when the address is signed by a key that only nodes of the network have.</summary>
    private bool IsSigned(HttpContext context)
        => access.Urls is { } urls && SignedAddress.IsGood(context, urls.Keys, RequestTarget.RawPath(context).ToString(), digest: "", time.GetUtcNow());

    /// <summary>The token of the request; null when none was sent, or this surface does not judge tokens.</summary>
    private string? TokenOf(HttpContext context)
    {
        if (access.Tokens is null)
            return null;
        var token = BearerOf(context) ?? (RegistryErrors.IsRegistry(context) ? RegistryChallenge.PasswordOf(context) : null);
        return token == RegistryChallenge.Anonymous && RegistryErrors.IsRegistry(context) ? null : token;
    }

    /// <summary>What was sent as a bearer token, or null.</summary>
    public static string? BearerOf(HttpContext context)
    {
        var header = context.Request.Headers.Authorization.ToString();
        return header.Length > Scheme.Length && header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) && header[Scheme.Length] == ' '
            ? header[(Scheme.Length + 1)..].Trim(' ')
            : null;
    }

    private Fault? Judge(HttpContext context, string token, out Principal? principal)
    {
        principal = null;
        // Before it is looked at: it is spent whether it is good or not.
        if (!Requester.IsConfidential(context))
            return Fault.Of(
                AccessFault.ClearText, FaultKind.Forbidden, $"The {access.Surface} surface takes no credential in clear text over a network: whoever listens has it now.",
                "Revoke that token, and send the next one over https, or from the machine itself.");
        if (token.StartsWith(SessionBook.Prefix, StringComparison.Ordinal))
        {
            if (access.Sessions is not { } sessions)
                return Fault.Of(
                    AccessFault.Elsewhere, FaultKind.Forbidden, "Sessions of people are known to the origin's own surfaces only.", "Ask the scheduler beside the origin, or send a token: entrepot token create.");
            principal = sessions.Find(token);
            return principal is null
                ? Fault.Of(AccessFault.Session, FaultKind.Forbidden, "This session has ended, or never was one.", "Sign in again: entrepot sign-in NAME, or without a name through the provider.")
                : null;
        }

        if (!access.Tokens!.TryVerify(token, out var grant, out var fault))
            return fault;
        if (grant.IsOperator && !Requester.IsThisMachine(context))
            return Fault.Of(
                AccessFault.Elsewhere, FaultKind.Forbidden, "The node's own credential is good on its own machine only.",
                "Make a token for other machines: entrepot token create.");
        principal = grant.ToPrincipal();
        return null;
    }

    /// <summary>A credential that is not good: 401, or 429 when the source has sent too many.</summary>
    private Task FailAsync(HttpContext context, Fault fault)
    {
        if (access.Failures is not { } failures)
            return RefuseAsync(context, fault, StatusCodes.Status401Unauthorized, "invalid_token", null);
        var source = SourceRate.SubjectOf(context.Connection.RemoteIpAddress ?? IPAddress.None);
        var answer = failures.Note(source);
        if (answer.Told > 0)
            _ = JournalAsync(source, fault, answer.Told);
        if (answer.RetryAfter is not { } wait)
            return RefuseAsync(context, fault, StatusCodes.Status401Unauthorized, "invalid_token", null);
        return WriteTooManyAsync(
            context, wait,
            Fault.Of(
                AccessFault.TooManyFailures, FaultKind.Exhausted, $"{source} sent too many credentials that are not good, the last because: {fault.Message}",
                $"Wait {SecondsOf(wait)} s, and send one that is good."));
    }

    /// <summary>429 with the time to wait (RFC 6585 §4).</summary>
    public static Task WriteTooManyAsync(HttpContext context, TimeSpan wait, Fault fault)
    {
        context.Response.OnStarting(() =>
        {
            context.Response.Headers.RetryAfter = SecondsOf(wait);
            return Task.CompletedTask;
        });
        return FaultResponses.WriteAsync(context, fault, status: StatusCodes.Status429TooManyRequests);
    }

    /// <summary>Whole seconds to wait, as <c>Retry-After</c> has them.</summary>
    public static string SecondsOf(TimeSpan wait) => Math.Max(1, (long)Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);

    /// <summary>Refuses with the challenge of RFC 6750 §3.</summary>
    private Task RefuseAsync(HttpContext context, Fault fault, int status, string? error, string? scope)
    {
        context.Response.OnStarting(() =>
        {
            if (RegistryErrors.IsRegistry(context))
                return Task.CompletedTask;  // its clients are told another way
            var challenge = $"{Scheme} realm=\"{access.Tokens?.Network ?? access.Surface}\"";
            if (error is not null)
                challenge += $", error=\"{error}\"";
            if (scope is not null)
                challenge += $", scope=\"{scope}\"";
            context.Response.Headers.WWWAuthenticate = challenge;
            return Task.CompletedTask;
        });
        return FaultResponses.WriteAsync(context, fault, status: status);
    }

    private Fault OtherSite() => Fault.Of(
        AccessFault.OtherSite, FaultKind.Forbidden, $"The {access.Surface} surface takes orders by a browser's session or certificate from its own pages only.",
        "Use the pages of this surface, or send a token as 'Authorization: Bearer'.");

    private Fault Anonymous(Permission needed) => Fault.Of(
        AccessFault.Anonymous, FaultKind.Forbidden, $"The {access.Surface} surface does this for {Or(needed)} only, and no credential was sent.",
        "Send 'Authorization: Bearer TOKEN' with what 'entrepot token create' printed; commands take it by --token-file, or 'entrepot sign-in NAME' before them.");

    private static Fault Forbidden(Principal principal, Permission needed) => Fault.Of(
        AccessFault.Forbidden, FaultKind.Forbidden, $"'{principal.Name}' may not do this: it is for {Or(needed)}.",
        needed == Permission.ChangesApprove
            ? "No token or certificate may: sign in as a person with that role by 'entrepot sign-in NAME'."
            : $"Ask an admin for a token, certificate or account with the role {Or(needed)}.");

    private static string Or(Permission needed) => string.Join(" or ", Roles.WordsOf(AccessPolicy.HoldersOf(needed)));

    private static string Words(Permission needed) => string.Join(' ', Roles.WordsOf(AccessPolicy.HoldersOf(needed)));

    private async Task JournalAsync(IPAddress source, Fault fault, int count)
    {
        try
        {
            await state.WriteAsync(transaction => JournalTable.Append(
                transaction,
                new JournalEntry(
                    time.GetUtcNow(), $"anonymous@{source}", "access.refuse", access.Surface,
                    JournalDetails.Of(("reason", fault.Code), ("failures", count.ToString(CultureInfo.InvariantCulture))))
                {
                    Result = JournalResult.Refused,
                }));
        }
        catch (Exception error)
        {
            Log.RefusalNotJournalled(logger, access.Surface, error);
        }
    }
}
