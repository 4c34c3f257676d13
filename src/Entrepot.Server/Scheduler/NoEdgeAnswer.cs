using System.Net;
using System.Text.Json;
using Entrepot.Core.Faults;
using Entrepot.Mirror.Routing;
using Entrepot.Server.Http;
using Microsoft.AspNetCore.Http;

namespace Entrepot.Server.Scheduler;

/// <summary>No edge serves the client: the origin does when it is in this process; else the client learns the reason of every edge.</summary>
internal static class NoEdgeAnswer
{
    /// <summary>Sends the answer; headers that describe the file are set already.</summary>
    /// <param name="context">The request.</param>
    /// <param name="scheduler">The scheduler.</param>
    /// <param name="file">What was asked for.</param>
    /// <param name="client">Who asked.</param>
    /// <param name="selection">The choice.</param>
    /// <param name="failures">Chosen edges that were tried and failed.</param>
    public static Task WriteAsync(
        HttpContext context, SchedulerService scheduler, ServedFile file, IPAddress client, Selection selection, IReadOnlyList<EdgeErrorDocument> failures)
    {
        IReadOnlyList<EdgeErrorDocument> errors =
        [
            .. failures,
            .. selection.Excluded.Select(static excluded => new EdgeErrorDocument(
                excluded.Edge.Name.Value, ExplainDocument.TextOf(excluded.Reason), excluded.Describe())),
        ];
        var reasons = errors.Count == 0 ? "No edge is known." : string.Join(" ", errors.Select(static error => $"{error.Edge}: {error.Detail}"));
        if (scheduler.Fallback is { } fallback)
        {
            if (scheduler.WithoutEdge.Allows(out var held))
                Log.ServedByOrigin(scheduler.Logger, file.Address, client.ToString(), reasons, held);
            scheduler.Metrics.Answered("origin", null, selection);
            return fallback(context, file);
        }

        if (scheduler.WithoutEdge.Allows(out var alike))
            Log.NoEdge(scheduler.Logger, file.Address, client.ToString(), reasons, alike);
        scheduler.Metrics.Answered(failures.Count == 0 ? "refused" : "failed", null, selection);
        var fault = failures.Count == 0
            ? Fault.Of(SchedulerFault.NoEdge, FaultKind.Unavailable, $"No edge can serve {file.Address} now. {reasons}", "Try again in a few seconds.")
            : Fault.Of(
                SchedulerFault.EdgesFailed, FaultKind.Unavailable, $"Every edge that was asked for {file.Address} failed. {reasons}",
                "Try again in a few seconds.");
        var extensions = new Dictionary<string, JsonElement>
        {
            ["errors"] = JsonSerializer.SerializeToElement(errors, SchedulerJson.Default.IReadOnlyListEdgeErrorDocument),
        };
        return FaultResponses.WriteAsync(context, fault, extensions, failures.Count == 0 ? null : StatusCodes.Status502BadGateway);
    }
}
