using System.Text.Json;
using Entrepot.Core.Faults;
using Entrepot.Core.Journal;
using Entrepot.Server.Access;
using Entrepot.Server.Api;
using Entrepot.Server.Http;
using Entrepot.Server.Metadata;
using Entrepot.Trust.Access;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Entrepot.Server.Audit;

/// <summary>The journal over HTTP. Every one of these reads is journalled itself.</summary>
internal static class AuditEndpoints
{
    private const int MaxFilter = 256;
    private const int DefaultPage = 100;

    /// <summary>Adds the endpoints that read.</summary>
    public static void MapAuditReads(this IEndpointRouteBuilder routes, IAuditedJournal journal)
    {
        // The parameters are named for the API's description; the agent's surface reads them from the address too.
        routes.MapRead("/v1/journal", (HttpContext context, long? after, int? count, string? action, string? who, DateTimeOffset? since, DateTimeOffset? until)
                => ReadAsync(journal, context, Requester.ActorOf(context)))
            .Needs(Permission.JournalRead)
            .Describe(
                "ReadJournal", "Read the journal",
                "Oldest first; after=SEQUENCE gives what came later, without it the newest are given. action=PREFIX picks kinds of change, who=NAME an actor or address, since=TIME and until=TIME a span; count is at most 1,000.")
            .Produces<IReadOnlyList<JournalEntryDocument>>()
            .Refuses(400);
        routes.MapGet("/v1/journal/export", (HttpContext context, DateTimeOffset? since, long? after) => ExportAsync(journal, context, Requester.ActorOf(context)))
            .Needs(Permission.JournalRead)
            .Describe("ExportJournal", "Export the journal with its proof", "JSON lines in ECS fields with hashes and signed checkpoints; since=TIME leaves out what is older, after=SEQUENCE what comes up to an entry at which a checkpoint was signed.")
            .Produces<string>(StatusCodes.Status200OK, JournalExport.MediaType)
            .Refuses(400, 404, 500);
    }

    /// <summary>Adds the endpoints that make the node work.</summary>
    public static void MapAuditOrders(this IEndpointRouteBuilder routes, IAuditedJournal journal)
    {
        routes.MapPost("/v1/journal/verify", (Delegate)((HttpContext context) => VerifyAsync(journal, context, Requester.ActorOf(context))))
            .Needs(Permission.JournalRead)
            .Describe("VerifyJournal", "Prove the journal", "Answers with one JSON document a line while it goes on; the last has the result: all is proven, or the first entry that is not.")
            .Takes<AuditRequest>(JsonExchange.Json)
            .Produces<AuditProgress>(StatusCodes.Status200OK, JournalExport.MediaType)
            .Refuses(400, 413);
        routes.MapPost("/v1/journal/checkpoint", (Delegate)((HttpContext context) => CheckpointAsync(journal, context)))
            .Needs(Permission.JournalRead)
            .Describe("SignJournal", "Sign a checkpoint now", "Proves and signs what has no checkpoint yet, and answers with the newest. Keep it elsewhere: it proves that nothing was cut off.")
            .Produces<CheckpointDocument>()
            .Refuses(404, 500);
    }

    /// <summary>Answers with a page.</summary>
    public static async Task ReadAsync(IAuditedJournal journal, HttpContext context, string actor)
        => await JsonExchange.WriteAsync(
            context, await journal.ReadAsync(QueryOf(context.Request.Query), actor, context.RequestAborted), ApiJson.Default.IReadOnlyListJournalEntryDocument);

    /// <summary>Answers with the export.</summary>
    public static Task ExportAsync(IAuditedJournal journal, HttpContext context, string actor)
    {
        var start = new JournalExportStart(Time(context.Request.Query, "since"), Number(context.Request.Query, "after"));
        context.Response.ContentType = JournalExport.MediaType;
        return journal.ExportAsync(start, actor, context.Response.Body, context.RequestAborted);
    }

    /// <summary>Answers with the steps of a proof.</summary>
    public static async Task VerifyAsync(IAuditedJournal journal, HttpContext context, string actor)
    {
        var request = await JsonExchange.ReadAsync(context, ApiJson.Default.AuditRequest, JsonExchange.SmallDocument);
        var response = context.Response;
        await foreach (var step in journal.VerifyAsync(request, actor, context.RequestAborted))
        {
            if (!response.HasStarted)
                response.ContentType = JournalExport.MediaType;
            await JsonSerializer.SerializeAsync(response.Body, step, ApiJson.Default.AuditProgress, context.RequestAborted);
            await response.Body.WriteAsync("\n"u8.ToArray(), context.RequestAborted);
            await response.Body.FlushAsync(context.RequestAborted);
        }
    }

    /// <summary>Answers with the newest checkpoint.</summary>
    public static async Task CheckpointAsync(IAuditedJournal journal, HttpContext context)
        => await JsonExchange.WriteAsync(
            context,
            await journal.CheckpointAsync(context.RequestAborted) ?? throw Fault.Of(JournalFault.Missing, FaultKind.NotFound, "The journal is empty.").ToException(),
            ApiJson.Default.CheckpointDocument);

    private static JournalQuery QueryOf(IQueryCollection query)
    {
        var (after, count) = (Number(query, "after"), Number(query, "count") ?? DefaultPage);
        var (action, who) = ((string?)query["action"] ?? "", (string?)query["who"]);
        return action.Length > MaxFilter || who?.Length > MaxFilter || after < 0 || count is < 1 or > JournalTable.MaxPage
            ? throw Invalid($"after={after}, count={count} is not a page.", $"Use after=0 or more, count=1–{JournalTable.MaxPage}, and at most {MaxFilter} characters for action and who.")
            : new JournalQuery(after, (int)count) { Action = action, Who = who is { Length: > 0 } ? who : null, Since = Time(query, "since"), Until = Time(query, "until") };
    }

    private static long? Number(IQueryCollection query, string name)
        => (string?)query[name] is not { Length: > 0 } text ? null
            : long.TryParse(text, System.Globalization.NumberStyles.AllowLeadingSign, System.Globalization.CultureInfo.InvariantCulture, out var number) ? number
            : throw Invalid($"{name}={text} is not a number.", null);

    private static DateTimeOffset? Time(IQueryCollection query, string name)
        => (string?)query[name] is not { Length: > 0 } text ? null
            : DateTimeOffset.TryParse(text, System.Globalization.CultureInfo.InvariantCulture, System.Globalization.DateTimeStyles.AssumeUniversal, out var time) ? time
            : throw Invalid($"{name}={text} is not a time.", "Write it as 2026-03-01T12:00:00Z.");

    private static FaultException Invalid(string message, string? cure) => Fault.Of(HttpFault.Body, FaultKind.Invalid, message, cure).ToException();
}
