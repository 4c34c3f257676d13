using System.Net;
using Entrepot.Mirror.Routing;
using Entrepot.Server.Http;
using Entrepot.Server.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Yarp.ReverseProxy.Forwarder;

namespace Entrepot.Server.Scheduler;

/// <summary>Fetches the bytes from the best edge for clients that can't reach edges themselves. While no byte has been sent, an edge that
/// fails is replaced by the next; after that the connection is cut, and the client resumes with a range.</summary>
internal static class ProxyAnswer
{
    /// <summary>Most edges tried for one request.</summary>
    public const int MaxAttempts = 5;

    public static async Task WriteAsync(HttpContext context, SchedulerService scheduler, ServedFile file, IPAddress client, Selection selection)
    {
        var content = new ContentHeaders(file.Entry.Digest, null, file.Entry.Modified, ContentHeaders.Revalidate);
        void Describe(HttpResponse response) => RedirectAnswer.Describe(response, scheduler, file, selection, content);
        var forwarder = context.RequestServices.GetRequiredService<IHttpForwarder>();
        var config = EdgeForwarder.ConfigOf(scheduler.Options);
        var failures = new List<EdgeErrorDocument>();
        foreach (var (edge, _) in selection.Chosen.Take(MaxAttempts))
        {
            scheduler.Nodes.View.Assign(edge.Name);
            var transformer = new EdgeForwarder(edge, file, content.ETag.ToString(), Describe);
            var error = await forwarder.SendAsync(context, edge.Url, scheduler.EdgeClient, config, transformer, context.RequestAborted);
            if (error == ForwarderError.None && transformer.Refused is null)
            {
                scheduler.Metrics.Answered("proxy", edge.Name, selection);
                return;
            }

            // Not by RequestAborted: the forwarder aborts the client itself when an edge cuts an answer short.
            if (error is ForwarderError.RequestCanceled or ForwarderError.ResponseBodyCanceled or ForwarderError.ResponseBodyClient)
                return;
            var failure = transformer.Refused ?? ReasonOf(context, error);
            scheduler.Metrics.Failed(edge.Name);
            scheduler.Nodes.ReportError(edge.Name, KindOf(context, error, transformer), $"{file.Address}: {failure}");
            if (context.Response.HasStarted)
            {
                Log.EdgeCut(scheduler.Logger, edge.Name, file.Address, failure);
                context.Abort();
                return;
            }

            Log.EdgeSkipped(scheduler.Logger, edge.Name, file.Address, failure);
            failures.Add(new EdgeErrorDocument(edge.Name.Value, "failed", $"{failure}."));
            context.Response.Clear();
        }

        Describe(context.Response);
        await NoEdgeAnswer.WriteAsync(context, scheduler, file, client, selection, failures);
    }

    private static EdgeError KindOf(HttpContext context, ForwarderError error, EdgeForwarder forwarder)
    {
        if (forwarder.Refused is not null)
            return EdgeError.Failed;
        return context.Response.HasStarted ? EdgeError.Cut : error == ForwarderError.Request ? EdgeError.Unreachable : EdgeError.Failed;
    }

    private static string ReasonOf(HttpContext context, ForwarderError error)
        => context.GetForwarderErrorFeature()?.Exception is { } exception ? exception.GetBaseException().Message : error.ToString();
}
