using System.Globalization;
using System.Net;
using System.Text.Json;
using Entrepot.Mirror.Routing;
using Entrepot.Server.Configuration;
using Entrepot.Server.Scheduler.Pages;
using Microsoft.AspNetCore.Http;

namespace Entrepot.Server.Scheduler;

/// <summary><c>?explain</c>: the choice for this client, shown instead of acted on.</summary>
internal static class ExplainAnswer
{
    public static Task WriteAsync(HttpContext context, SchedulerService scheduler, ServedFile file, IPAddress client, Selection selection)
    {
        var document = ToDocument(scheduler, file, client, selection);
        var response = context.Response;
        if (Negotiation.WantsJson(context.Request))
        {
            response.ContentType = "application/json; charset=utf-8";
            response.Headers.CacheControl = "no-store";
            response.Headers.Vary = "Accept";
            return HttpMethods.IsHead(context.Request.Method)
                ? Task.CompletedTask
                : JsonSerializer.SerializeAsync(response.Body, document, SchedulerJson.Default.ExplainDocument, context.RequestAborted);
        }

        PageShell.Prepare(response, "no-store");
        if (!HttpMethods.IsHead(context.Request.Method))
            ExplainPage.Write(new HtmlWriter(response.BodyWriter), file, document);
        return Task.CompletedTask;
    }

    private static ExplainDocument ToDocument(SchedulerService scheduler, ServedFile file, IPAddress client, Selection selection)
    {
        var entry = file.Entry;
        return new ExplainDocument(
            file.Snapshot.Mirror.Value, entry.Path, file.Snapshot.Number, entry.Digest, entry.Size, client.ToString(), selection.Site?.Site,
            selection.Site?.Network.ToString(), scheduler.Options.Mode == RoutingMode.Proxy ? "proxy" : "redirect", Outcome(scheduler, selection),
            [.. selection.Chosen.Select((chosen, i) => ToDocument(chosen, i + 1, file))],
            [.. selection.Excluded.Select(static excluded => new ExcludedEdgeDocument(
                excluded.Edge.Name.Value, ExplainDocument.TextOf(excluded.Reason), excluded.Describe(), excluded.Edge.Sites))]);
    }

    private static string Outcome(SchedulerService scheduler, Selection selection)
    {
        if (selection.Chosen.IsEmpty)
            return scheduler.Fallback is null ? "The client is refused: no edge can serve it." : "The origin serves the client, as no edge can.";
        var name = selection.Chosen[0].Edge.Name;
        return scheduler.Options.Mode == RoutingMode.Proxy ? $"The bytes come from {name} through the scheduler." : $"The client is sent to {name}.";
    }

    private static ChosenEdgeDocument ToDocument(ChosenEdge chosen, int priority, ServedFile file)
    {
        var (edge, score) = chosen;
        return new ChosenEdgeDocument(
            edge.Name.Value, priority, edge.Url + file.PinnedAddress, edge.Sites, score.Distance, Rounded(score.Score), Rounded(score.Hash),
            Rounded(score.Load), Rounded(score.Errors), Rounded(score.Fit), edge.ActiveTransfers, Rounded(edge.RecentErrors));
    }

    private static double Rounded(double value) => Math.Round(value, 4);

    /// <summary>A figure for a table.</summary>
    internal static string Figure(double value) => value.ToString("0.0###", CultureInfo.InvariantCulture);
}
