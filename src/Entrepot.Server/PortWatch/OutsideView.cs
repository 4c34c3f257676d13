using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Ports.Reachability;
using Entrepot.Server.Access;
using Entrepot.Server.Api;
using Entrepot.Trust.Access;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Entrepot.Server.PortWatch;

/// <summary>Tries from the origin, by connections made for it, whether another node's ports can be reached now. Only ports that the network
/// tries anyway: nobody can name a target.</summary>
/// <param name="node">The origin.</param>
/// <param name="targets">The ports that nodes try.</param>
/// <param name="prober">Probes.</param>
/// <param name="time">The clock.</param>
internal sealed class OutsideView(NodeName node, Func<IReadOnlyList<ProbeTargetDocument>> targets, PortProber prober, TimeProvider time)
{
    // Whatever has a loopback address is on the origin's own machine.
    private readonly SurfaceProber _prober = new(node, new Uri("http://localhost"), prober, time);

    /// <summary>Tries every known port of a node once.</summary>
    /// <exception cref="FaultException"><see cref="PortWatchFault.NothingToTry"/>.</exception>
    public async Task<IReadOnlyList<ReachDocument>> TryAsync(string wanted, CancellationToken cancellation)
    {
        List<ProbeTargetDocument> known = [.. targets().Where(target => target.Node == wanted && target.Node != node.Value)];
        if (known.Count == 0)
            throw Fault.Of(
                PortWatchFault.NothingToTry, FaultKind.NotFound, $"The origin knows no port of a node '{wanted}' that it could try from outside.",
                "Name a node that has a surface on another machine; 'entrepot nodes' lists those that report.").ToException();
        var reports = await _prober.RoundAsync(known, cancellation);
        var now = time.GetUtcNow();
        return [.. reports.Select(report => new ReachDocument(
            report.Node, report.Protocol, report.Port, node.Value, report.Reach, report.Confidence, report.SameMachine, now))];
    }
}

/// <summary>Why ports could not be looked at.</summary>
public enum PortWatchFault
{
    /// <summary>No port of the node is known.</summary>
    NothingToTry,
}

/// <summary>The order to look.</summary>
internal static class OutsideViewEndpoints
{
    /// <summary>Adds it to the admin surface.</summary>
    public static void MapOutsideView(this IEndpointRouteBuilder routes, OutsideView view)
        => routes.MapPost("/v1/nodes/{node}/probe", (HttpContext context, string node) => TryAsync(view, context, node))
            .Needs(Permission.NodesProbe)
            .Describe("ProbeNode", "Try from the origin whether a node's ports can be reached now", "By connections made for it, so that the answer tells of the packet filter as it is. Only ports that the network tries anyway.")
            .Produces<IReadOnlyList<ReachDocument>>()
            .Refuses(404);

    private static async Task TryAsync(OutsideView view, HttpContext context, string node)
        => await JsonExchange.WriteAsync(context, await view.TryAsync(node, context.RequestAborted), ApiJson.Default.IReadOnlyListReachDocument);
}
