using Entrepot.Ports.Findings;
using Entrepot.Ports.Truth;
using Entrepot.Server.Access;
using Entrepot.Server.Api;
using Entrepot.Server.Http;
using Entrepot.Server.Metadata;
using Entrepot.Trust.Access;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Entrepot.Server.PortWatch;

/// <summary>What is known of ports, and of their differences.</summary>
internal static class PortWatchEndpoints
{
    /// <summary>Adds what can be read.</summary>
    public static void MapPortReads(this IEndpointRouteBuilder routes, ObservedPorts ports)
    {
        routes.MapRead("/v1/ports/status", (HttpContext context) => StatusAsync(ports, context))
            .Needs(Permission.NetworkRead)
            .Describe(
                "GetPortStatus", "Show the four truths of every port",
                "Declared, bound, permitted and reachable, with one verdict each. Ports that nobody declared are told only to this machine itself, and to whoever may read findings.")
            .Produces<StatusDocument>();
        routes.MapRead("/v1/ports/reach", ((HttpContext context) => JsonExchange.WriteAsync(context, ports.Reports.Documents, ApiJson.Default.IReadOnlyListReachDocument)))
            .Needs(Permission.NetworkRead)
            .Describe("GetPortReach", "Show from where which port can be reached", "As the nodes found out by probing each other's surfaces.")
            .Produces<IReadOnlyList<ReachDocument>>();
        routes.MapRead("/v1/ports/targets", ((HttpContext context) => JsonExchange.WriteAsync(context, ports.Targets(), ApiJson.Default.IReadOnlyListProbeTargetDocument)))
            .Needs(Permission.NetworkRead)
            .Describe("GetProbeTargets", "Show which ports the nodes try to reach", "The surfaces of the network and what the origin declares for others to reach; nobody can add to them by a request.")
            .Produces<IReadOnlyList<ProbeTargetDocument>>();
        routes.MapRead("/v1/ports/findings", (HttpContext context, bool? resolved) => FindingsAsync(ports, context, resolved ?? false))
            .Needs(Permission.FindingsRead)
            .Describe("ListFindings", "List the findings", "Differences between the truths of ports, the open ones first. resolved=true shows resolved ones as well.")
            .Produces<IReadOnlyList<FindingDocument>>();
    }

    /// <summary>Adds what people say of findings.</summary>
    public static void MapFindingOrders(this IEndpointRouteBuilder routes, ObservedPorts ports)
    {
        foreach (var (verb, state, summary) in new[] { ("acknowledge", FindingState.Acknowledged, "Say that a finding is known"), ("fix", FindingState.Fixing, "Say that a finding is worked on") })
        {
            routes.MapPost($"/v1/ports/findings/{{id:long}}/{verb}", (HttpContext context, long id) => MarkAsync(ports, context, id, state))
                .Needs(Permission.FindingsMark)
                .Describe($"{char.ToUpperInvariant(verb[0])}{verb[1..]}Finding", summary, "Only a fresh observation resolves it; nobody can.")
                .Takes<MarkFindingRequest>(JsonExchange.Json)
                .Produces<FindingDocument>()
                .Refuses(400, 404, 409, 413);
        }
    }

    private static async Task StatusAsync(ObservedPorts ports, HttpContext context)
    {
        var status = await ports.Watcher.StatusAsync(context.RequestAborted);
        context.Response.Headers.CacheControl = "no-store";
        await JsonExchange.WriteAsync(context, MaySeeHost(context) ? status : Declared(status), ApiJson.Default.StatusDocument);
    }

    private static Task FindingsAsync(ObservedPorts ports, HttpContext context, bool resolved)
    {
        var now = ports.Time.GetUtcNow();
        IReadOnlyList<FindingDocument> findings = [.. ports.Findings.List(resolved).Select(finding => FindingDocument.Of(finding, now))];
        return JsonExchange.WriteAsync(context, findings, ApiJson.Default.IReadOnlyListFindingDocument);
    }

    private static async Task MarkAsync(ObservedPorts ports, HttpContext context, long id, FindingState state)
    {
        var request = await JsonExchange.ReadAsync(context, ApiJson.Default.MarkFindingRequest, JsonExchange.SmallDocument);
        var finding = await ports.Findings.MarkAsync(id, state, Requester.ActorOf(context), request.Note, context.RequestAborted);
        await JsonExchange.WriteAsync(context, FindingDocument.Of(finding, ports.Time.GetUtcNow()), ApiJson.Default.FindingDocument);
    }

    /// <summary>What other machines may know: the ports that the network tells everybody of, without the programs behind them.</summary>
    private static StatusDocument Declared(StatusDocument status) => status with
    {
        Ports = [.. status.Ports.Where(static row => row.Declared != Entrepot.Ports.Truth.Declared.No)
            .Select(static row => row with { Listeners = [.. row.Listeners.Select(static listener => listener with { Executable = null, User = null, Unit = null })] })],
    };

    private static bool MaySeeHost(HttpContext context)
        => Requester.IsThisMachine(context) || AccessPolicy.Decide(Permission.FindingsRead, Requester.Of(context), openReading: false) == AccessVerdict.Allowed;
}
