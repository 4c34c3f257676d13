using System.Text.Json.Serialization.Metadata;
using Entrepot.Core.Faults;
using Entrepot.Server.Access;
using Entrepot.Server.Accounts;
using Entrepot.Server.Api;
using Entrepot.Server.Http;
using Entrepot.Trust.Access;
using Entrepot.Trust.Changes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Entrepot.Server.Changes;

/// <summary>Changes on the admin surface.</summary>
internal static class ChangeEndpoints
{
    /// <summary>Longest proposal: a document of 1 MiB as base64 and what is around it.</summary>
    private const long MaxProposal = (2 << 20) - (256 << 10);

    /// <summary>Most changes of one list.</summary>
    private const int MaxListed = 200;

    private const string Session = "user:";

    /// <summary>Adds the endpoints.</summary>
    public static void MapChanges(this IEndpointRouteBuilder routes, ChangeService service, AccountService accounts)
    {
        routes.MapGet("/v1/documents/{document}", (HttpContext context, string document) => ReadAsync(context, () => service.Current(document), ApiJson.Default.CurrentDocument))
            .Needs(Permission.ChangesRead)
            .Describe("GetCurrentDocument", "Read a document as it is in force", "The portfile of the origin, or the settings of all mirrors: what the next change is made from.")
            .Produces<CurrentDocument>()
            .Refuses(400, 409, 503);
        routes.MapGet("/v1/changes", (Delegate)((HttpContext context) => ReadAsync(context, () => service.List(MaxListed), ApiJson.Default.ChangeListDocument)))
            .Needs(Permission.ChangesRead)
            .Describe("ListChanges", "List changes", $"The newest {MaxListed}, newest first, without their documents; and what somebody should look at.")
            .Produces<ChangeListDocument>();
        routes.MapGet("/v1/changes/{change:long}", (HttpContext context, long change) => ReadAsync(context, () => service.Show(change), ApiJson.Default.ChangeDocument))
            .Needs(Permission.ChangesRead)
            .Describe("GetChange", "Look at a change", "With its diff and its effect, computed now while it is open; approval and review come with what was signed.")
            .Produces<ChangeDocument>()
            .Refuses(404);
        routes.MapPost("/v1/changes", (Delegate)((HttpContext context) => ProposeAsync(service, context)))
            .Needs(Permission.ChangesPropose)
            .Describe("ProposeChange", "Propose a change of a document", "With dryRun it only says what would change and what that would do.")
            .Takes<ProposeChangeRequest>(JsonExchange.Json)
            .Produces<ChangeDocument>(StatusCodes.Status201Created)
            .Produces<ChangeDocument>()
            .Refuses(400, 409, 413, 503);
        routes.MapPost("/v1/changes/{change:long}/approve", (HttpContext context, long change) => ProveAsync(service, accounts, context, change, ChangeVerb.Approve))
            .Needs(Permission.ChangesApprove)
            .Describe("ApproveChange", "Approve a change of somebody else", "By a person who is signed in, with a code of the app that was not used before. Signs the hash of exactly what will be applied.")
            .Takes<ProveChangeRequest>(JsonExchange.Json)
            .Produces<ChangeDocument>()
            .Refuses(400, 404, 409, 429);
        routes.MapPost("/v1/changes/{change:long}/reject", (HttpContext context, long change) => RejectAsync(service, context, change))
            .Needs(Permission.ChangesApprove)
            .Describe("RejectChange", "Reject a change of somebody else", "By a person who is signed in; it can't be applied any more, approved or not.")
            .Takes<RejectChangeRequest>(JsonExchange.Json)
            .Produces<ChangeDocument>()
            .Refuses(400, 404, 409);
        routes.MapPost("/v1/changes/{change:long}/apply", (HttpContext context, long change) => ApplyAsync(service, context, change))
            .Needs(Permission.ChangesPropose)
            .Describe("ApplyChange", "Apply a change", "An approved one, or any one whose document needs no approval. With breakGlass it is applied at once, loudly, and another person has to review it.")
            .Takes<ApplyChangeRequest>(JsonExchange.Json)
            .Produces<ChangeDocument>()
            .Refuses(400, 404, 409, 503);
        routes.MapPost("/v1/changes/{change:long}/review", (HttpContext context, long change) => ProveAsync(service, accounts, context, change, ChangeVerb.Review))
            .Needs(Permission.ChangesApprove)
            .Describe("ReviewChange", "Review a change that was applied without approval", "By a person who did not do it, with a code of the app that was not used before.")
            .Takes<ProveChangeRequest>(JsonExchange.Json)
            .Produces<ChangeDocument>()
            .Refuses(400, 404, 409, 429);
    }

    private static Task ReadAsync<T>(HttpContext context, Func<T> read, JsonTypeInfo<T> type)
    {
        RequireAllMirrors(context);
        return JsonExchange.WriteAsync(context, read(), type);
    }

    private static async Task ProposeAsync(ChangeService service, HttpContext context)
    {
        RequireAllMirrors(context);
        var by = ActorOf(service, context);
        var request = await JsonExchange.ReadAsync(context, ApiJson.Default.ProposeChangeRequest, MaxProposal);
        var change = await service.ProposeAsync(request, by, context.RequestAborted);
        if (change.Id != 0)
            context.Response.Headers.Location = FormattableString.Invariant($"/v1/changes/{change.Id}");
        await JsonExchange.WriteAsync(context, change, ApiJson.Default.ChangeDocument, change.Id == 0 ? StatusCodes.Status200OK : StatusCodes.Status201Created);
    }

    private static async Task ProveAsync(ChangeService service, AccountService accounts, HttpContext context, long change, ChangeVerb verb)
    {
        var request = await JsonExchange.ReadAsync(context, ApiJson.Default.ProveChangeRequest, JsonExchange.SmallDocument);
        var (by, person) = PersonOf(service, context);
        // Who may not do it is told so before a code is used up.
        await service.Book.RequireAsync(change, by, person, verb, context.RequestAborted);
        await AccountEndpoints.GuardedAsync(accounts, context, async () =>
        {
            await accounts.Accounts.ProveAsync(person, request.Code, Requester.AddressOf(context).ToString(), context.RequestAborted);
            var decided = await service.Book.DecideAsync(change, by, person, verb, cancellation: context.RequestAborted);
            await JsonExchange.WriteAsync(context, service.Summary(decided), ApiJson.Default.ChangeDocument);
        });
    }

    private static async Task RejectAsync(ChangeService service, HttpContext context, long change)
    {
        var request = await JsonExchange.ReadAsync(context, ApiJson.Default.RejectChangeRequest, JsonExchange.SmallDocument);
        var (by, person) = PersonOf(service, context);
        var rejected = await service.Book.DecideAsync(change, by, person, ChangeVerb.Reject, request.Reason, context.RequestAborted);
        await JsonExchange.WriteAsync(context, service.Summary(rejected), ApiJson.Default.ChangeDocument);
    }

    private static async Task ApplyAsync(ChangeService service, HttpContext context, long change)
    {
        RequireAllMirrors(context);
        var by = ActorOf(service, context);
        var request = await JsonExchange.ReadAsync(context, ApiJson.Default.ApplyChangeRequest, JsonExchange.SmallDocument);
        await JsonExchange.WriteAsync(context, await service.ApplyAsync(change, request, by, context.RequestAborted), ApiJson.Default.ChangeDocument);
    }

    /// <summary>Documents are of all mirrors: whoever is for certain ones neither changes them nor learns of the others.</summary>
    private static void RequireAllMirrors(HttpContext context)
    {
        var principal = Requester.Of(context);
        if (principal.Mirrors.Count > 0)
            throw Fault.Of(
                AccessFault.Mirror, FaultKind.Forbidden, $"'{principal.Name}' is for certain mirrors only, and documents are of all.", "Use a token that names no mirror.").ToException();
    }

    private static ChangeActor ActorOf(ChangeService service, HttpContext context) => service.ActorOf(Requester.Of(context), Requester.ActorOf(context));

    private static (ChangeActor By, string Person) PersonOf(ChangeService service, HttpContext context)
    {
        var principal = Requester.Of(context);
        return principal.Proof == Proof.Session && principal.Name.StartsWith(Session, StringComparison.Ordinal)
            ? (service.ActorOf(principal, Requester.ActorOf(context)), principal.Name[Session.Length..])
            : throw Fault.Of(
                ChangeFault.NoPerson, FaultKind.Forbidden, $"'{principal.Name}' is nobody who signed in by an account of this network, and only such people approve, reject and review.",
                "Sign in by an account: entrepot sign-in NAME.").ToException();
    }
}
