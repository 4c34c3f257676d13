using Entrepot.Core.Faults;
using Entrepot.Server.Access;
using Entrepot.Server.Api;
using Entrepot.Server.Http;
using Entrepot.Trust.Access;
using Entrepot.Trust.Accounts;
using Entrepot.Trust.OpenIdConnect;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Entrepot.Server.Accounts;

/// <summary>Accounts on the admin surface; signing in on the metadata surface, as who signs in has no credential yet.</summary>
internal static class AccountEndpoints
{
    /// <summary>Adds what admins do with accounts.</summary>
    public static void MapUsers(this IEndpointRouteBuilder routes, AccountService service)
    {
        routes.MapPost("/v1/users", (Delegate)((HttpContext context) => InviteAsync(service, context)))
            .Describe("InviteUser", "Invite somebody", "Makes an account, or gives the one that is there a way to new secrets. The answer has the invitation's text, which is told this once.")
            .Needs(Permission.AccountsManage)
            .Takes<InviteUserRequest>(JsonExchange.Json)
            .Produces<InvitationDocument>(StatusCodes.Status201Created)
            .Refuses(400, 503);
        routes.MapGet("/v1/users", (Delegate)((HttpContext context) => JsonExchange.WriteAsync(
                context, (IReadOnlyList<UserDocument>)[.. service.Accounts.List().Select(service.Show), .. service.People.List().Select(AccountService.Show)], ApiJson.Default.IReadOnlyListUserDocument)))
            .Describe("ListUsers", "List the accounts", "By name, with roles and state; never a secret. Last those who signed in through the provider, as oidc:NAME.")
            .Needs(Permission.AccountsManage)
            .Produces<IReadOnlyList<UserDocument>>();
        routes.MapPatch("/v1/users/{user}", (HttpContext context, string user) => UpdateAsync(service, context, user))
            .Describe("UpdateUser", "Change an account", "Roles, whether it is kept out, whether wrong attempts are forgotten: all of it or nothing. What is left out stays as it is. Of oidc:NAME only whether it is kept out can be changed.")
            .Needs(Permission.AccountsManage)
            .Takes<UpdateUserRequest>(JsonExchange.Json)
            .Produces<UserDocument>()
            .Refuses(400, 404);
        routes.MapDelete("/v1/users/{user}", (HttpContext context, string user) => RemoveAsync(service, context, user))
            .Describe("RemoveUser", "Remove an account", "Its sessions end; the journal keeps its name.")
            .Needs(Permission.AccountsManage)
            .Produces(StatusCodes.Status204NoContent)
            .Refuses(404);
    }

    /// <summary>Adds signing in and out.</summary>
    public static void MapSessions(this IEndpointRouteBuilder routes, AccountService service)
    {
        routes.MapPost("/v1/invitations", (Delegate)((HttpContext context) => AcceptAsync(service, context)))
            .Describe("AcceptInvitation", "Accept an invitation", "Sets password and second factor. The answer has the recovery codes, which are told this once.")
            .Needs(Permission.Public)
            .Takes<AcceptInvitationRequest>(JsonExchange.Json)
            .Produces<AcceptedDocument>(StatusCodes.Status201Created)
            .Refuses(400, 403, 429, 503);
        routes.MapPost("/v1/session", (Delegate)((HttpContext context) => SignInAsync(service, context)))
            .Describe("SignIn", "Sign in", "By password and second factor. The answer has what to send as a bearer token: it ends after 15 minutes without use, or after 12 hours.")
            .Needs(Permission.Public)
            .Takes<SignInRequest>(JsonExchange.Json)
            .Produces<SessionDocument>(StatusCodes.Status201Created)
            .Refuses(400, 403, 429, 503);
        routes.MapGet("/v1/session", (Delegate)((HttpContext context) => JsonExchange.WriteAsync(context, Of(Requester.Of(context)), ApiJson.Default.SessionDocument)))
            .Describe("WhoAmI", "Ask who one is here", "By the credential that is sent with it.")
            .Needs(Permission.Public)
            .Produces<SessionDocument>();
        routes.MapDelete("/v1/session", (Delegate)((HttpContext context) => SignOut(service, context)))
            .Describe("SignOut", "Sign out", "Ends the session that is sent with it.")
            .Needs(Permission.Public)
            .Produces(StatusCodes.Status204NoContent);
    }

    private static async Task InviteAsync(AccountService service, HttpContext context)
    {
        var request = await JsonExchange.ReadAsync(context, ApiJson.Default.InviteUserRequest, JsonExchange.SmallDocument);
        var invitation = await service.Accounts.InviteAsync(request.Name, RolesOf(request.Roles), Requester.ActorOf(context), context.RequestAborted);
        context.Response.Headers.CacheControl = "no-store";
        await JsonExchange.WriteAsync(
            context, new InvitationDocument(invitation.Text, service.Show(invitation.Account)), ApiJson.Default.InvitationDocument, StatusCodes.Status201Created);
    }

    private static async Task UpdateAsync(AccountService service, HttpContext context, string user)
    {
        var request = await JsonExchange.ReadAsync(context, ApiJson.Default.UpdateUserRequest, JsonExchange.SmallDocument);
        var (roles, actor) = (RolesOf(request.Roles), Requester.ActorOf(context));
        if (roles is null && request.Disabled is null && request.Unlock is not true)
            throw Fault.Of(HttpFault.Body, FaultKind.Invalid, "Nothing is to be changed.", "Say roles, disabled or unlock.").ToException();
        if (Person.NameIn(user) is { } name)
        {
            await JsonExchange.WriteAsync(context, AccountService.Show(await UpdateAsync(service, name, request, actor, context.RequestAborted)), ApiJson.Default.UserDocument);
            return;
        }

        var account = await service.Accounts.ChangeAsync(user, new AccountChange(roles, request.Disabled, request.Unlock is true), actor, context.RequestAborted);
        if (account.IsDisabled)
            service.Sessions.EndAll(user);
        await JsonExchange.WriteAsync(context, service.Show(account), ApiJson.Default.UserDocument);
    }

    private static async Task<Person> UpdateAsync(AccountService service, string name, UpdateUserRequest request, string actor, CancellationToken cancellation)
    {
        if (request is not { Roles: null, Unlock: not true, Disabled: { } disabled })
            throw Fault.Of(
                OidcFault.Person, FaultKind.Invalid, $"'{name}' signs in through the provider: its roles follow from what is told there, and nothing of it is locked here.",
                "Change its groups at the provider, or openIdConnect.roles; keep it out with 'entrepot user disable'.").ToException();
        var person = await service.People.SetDisabledAsync(name, disabled, actor, cancellation);
        if (disabled)
            service.Sessions.EndAll(person.Principal);
        return person;
    }

    private static async Task RemoveAsync(AccountService service, HttpContext context, string user)
    {
        if (Person.NameIn(user) is { } name)
            await service.People.RemoveAsync(name, Requester.ActorOf(context), context.RequestAborted);
        else
            await service.Accounts.RemoveAsync(user, Requester.ActorOf(context), context.RequestAborted);
        service.Sessions.EndAll(user);
        context.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    private static async Task AcceptAsync(AccountService service, HttpContext context)
    {
        RequireConfidential(context);
        var request = await JsonExchange.ReadAsync(context, ApiJson.Default.AcceptInvitationRequest, JsonExchange.SmallDocument);
        await GuardedAsync(service, context, async () =>
        {
            var (account, codes) = await service.Accounts.AcceptAsync(
                request.Invitation, request.Password, request.SecondFactor, request.Code, Requester.AddressOf(context).ToString(), context.RequestAborted);
            service.Sessions.EndAll(account.Name);
            context.Response.Headers.CacheControl = "no-store";
            await JsonExchange.WriteAsync(context, new AcceptedDocument(service.Show(account), codes), ApiJson.Default.AcceptedDocument, StatusCodes.Status201Created);
        });
    }

    private static async Task SignInAsync(AccountService service, HttpContext context)
    {
        RequireConfidential(context);
        var request = await JsonExchange.ReadAsync(context, ApiJson.Default.SignInRequest, JsonExchange.SmallDocument);
        await GuardedAsync(service, context, async () =>
        {
            var account = await service.Accounts.SignInAsync(request.User, request.Password, request.Code, Requester.AddressOf(context).ToString(), context.RequestAborted);
            var session = service.Sessions.Start(account.Name);
            context.Response.Headers.CacheControl = "no-store";
            await JsonExchange.WriteAsync(
                context, new SessionDocument($"user:{account.Name}", Roles.WordsOf(account.Roles)) { Session = session.Text, Ends = session.Ends },
                ApiJson.Default.SessionDocument, StatusCodes.Status201Created);
        });
    }

    private static Task SignOut(AccountService service, HttpContext context)
    {
        if (Requester.Of(context).Proof == Proof.Session && (AccessGate.BearerOf(context) ?? SessionCookie.Of(context)) is { } session)
            service.Sessions.End(session);
        SessionCookie.Clear(context);
        context.Response.StatusCode = StatusCodes.Status204NoContent;
        return Task.CompletedTask;
    }

    /// <summary>Counts what is refused by source. Who was refused too often waits, and is not even tried: a right guess among many must not be told.</summary>
    internal static async Task GuardedAsync(AccountService service, HttpContext context, Func<Task> attempt)
    {
        var source = SourceRate.SubjectOf(Requester.AddressOf(context));
        if (service.Failures.WaitOf(source) is { } wait)
        {
            await AccessGate.WriteTooManyAsync(
                context, wait, Fault.Of(AccessFault.TooManyFailures, FaultKind.Exhausted, $"{source} sent too many credentials that are not good.", $"Wait {AccessGate.SecondsOf(wait)} s."));
            return;
        }

        try
        {
            await attempt();
        }
        catch (FaultException error) when (error.Fault.Kind == FaultKind.Forbidden)
        {
            service.Failures.Note(source);
            throw;
        }
    }

    internal static void RequireConfidential(HttpContext context)
    {
        if (!Requester.IsConfidential(context))
            throw Fault.Of(
                AccessFault.ClearText, FaultKind.Forbidden, "Nobody signs in over clear text on a network: whoever listens has the secrets now.",
                "Change a password that was sent, and sign in over https or on the node's own machine.").ToException();
    }

    private static Role? RolesOf(IReadOnlyList<string>? words)
        => words is null ? null : Roles.TryParse(words, out var roles, out var fault) ? roles : throw fault.ToException();

    private static SessionDocument Of(Principal principal) => new(principal.Name, Roles.WordsOf(principal.Roles));
}
