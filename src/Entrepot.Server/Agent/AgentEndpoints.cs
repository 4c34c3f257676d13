using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Entrepot.Core.Faults;
using Entrepot.Ports.Enforcement;
using Entrepot.Ports.Firewalls;
using Entrepot.Server.Api;
using Entrepot.Server.Audit;
using Entrepot.Server.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Entrepot.Server.Agent;

/// <summary>The orders that the agent takes: all there are.</summary>
internal static class AgentEndpoints
{
    public static void Map(IEndpointRouteBuilder app, Enforcer enforcer, AuditService audit)
    {
        var json = EnforcementJson.Default;
        Order("GET", "/v1/agent", async (context, _, limit) => await WriteAsync(context, await enforcer.StatusAsync(Node.Version, limit), json.AgentStatus));
        Order("GET", "/v1/agent/ruleset", async (context, _, limit) => await WriteAsync(context, await enforcer.ReadAsync(limit), json.LiveRuleset));
        Order("GET", "/v1/agent/reserved", async (context, _, limit) => await WriteAsync(context, await enforcer.ReservedAsync(limit), json.ReservedReport));
        Order("POST", "/v1/agent/apply", async (context, peer, limit) => await WriteAsync(
            context, await enforcer.ApplyAsync(await ReadAsync(context, json.ApplyOrder), peer.Actor, limit), json.ApplyReport));
        Order("POST", "/v1/agent/confirm", async (context, peer, limit) => await WriteAsync(
            context, new ChangeOrder(await enforcer.ConfirmAsync((await ReadAsync(context, json.ChangeOrder)).Change, peer.Actor, limit)), json.ChangeOrder));
        Order("POST", "/v1/agent/revert", async (context, peer, limit) => await WriteAsync(
            context, new ChangeOrder(await enforcer.RevertAsync((await ReadAsync(context, json.ChangeOrder)).Change, peer.Actor, limit)), json.ChangeOrder));
        Order("GET", "/v1/agent/openings", (context, _, _) => WriteAsync(context, enforcer.Openings(), json.IReadOnlyListOpenDoor));
        Order("POST", "/v1/agent/openings", async (context, peer, limit) => await WriteAsync(
            context, await enforcer.OpenAsync(await ReadAsync(context, json.OpenOrder), peer.Actor, limit), json.Opening));
        Order("DELETE", "/v1/agent/openings/{id:long}", async (context, peer, limit) => await WriteAsync(
            context, await enforcer.CloseAsync(long.Parse((string)context.Request.RouteValues["id"]!, System.Globalization.CultureInfo.InvariantCulture), peer.Actor, limit), json.Opening));
        Order("POST", "/v1/agent/follow", async (context, peer, limit) => await WriteAsync(
            context, new FollowReport(await enforcer.FollowAsync(await ReadAsync(context, json.FollowOrder), peer.Actor, limit)), json.FollowReport));
        Order("POST", "/v1/agent/block", async (context, peer, limit) =>
        {
            await enforcer.BlockAsync(await ReadAsync(context, json.BlockOrder), peer.Actor, limit);
            context.Response.StatusCode = StatusCodes.Status204NoContent;
        });

        Order("POST", "/v1/agent/drills", async (context, peer, _) =>
        {
            await enforcer.NoteDrillAsync(await ReadAsync(context, json.DrillNote), peer.Actor);
            context.Response.StatusCode = StatusCodes.Status204NoContent;
        });

        Order("GET", "/v1/agent/journal", (context, peer, _) => AuditEndpoints.ReadAsync(audit, context, peer.Actor));
        Order("POST", "/v1/agent/journal/verify", (context, peer, _) => AuditEndpoints.VerifyAsync(audit, context, peer.Actor));

        void Order(string method, string path, Func<HttpContext, PeerCredentials, CancellationToken, Task> work)
            => app.MapMethods(path, [method], async context =>
            {
                var socket = context.Features.Get<IConnectionSocketFeature>()?.Socket ?? throw Fault.Of(
                    FirewallFault.PeerForbidden, FaultKind.Forbidden, "The caller can't be told.").ToException();
                var peer = PeerCredentials.Require(socket);
                using var limit = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
                limit.CancelAfter(AgentHost.OrderLimit);
                await work(context, peer, limit.Token);
            });
    }

    private static Task<T> ReadAsync<T>(HttpContext context, JsonTypeInfo<T> type)
        where T : class => JsonExchange.ReadAsync(context, type, AgentHost.MaxOrder);

    private static Task WriteAsync<T>(HttpContext context, T document, JsonTypeInfo<T> type)
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(document, type);
        context.Response.ContentType = JsonExchange.Json;
        context.Response.ContentLength = body.Length;
        return context.Response.Body.WriteAsync(body, context.RequestAborted).AsTask();
    }
}
