using Entrepot.Server.Access;
using Entrepot.Server.Api;
using Entrepot.Server.Http;
using Entrepot.Trust.Access;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Entrepot.Server.Enrolment;

/// <summary>The part of the admin surface that is about who belongs to the network.</summary>
internal static class EnrolmentEndpoints
{
    /// <summary>Where everybody may read the authority's certificates.</summary>
    public const string AuthorityPath = "/v1/authority";

    /// <summary>Where a machine joins.</summary>
    public const string JoinPath = "/v1/nodes/join";

    /// <summary>True for what a machine asks that has not joined yet.</summary>
    public static bool IsForNewcomers(HttpContext context) => context.Request.Path.Value is JoinPath or AuthorityPath;

    /// <summary>Adds the endpoints.</summary>
    public static void MapEnrolment(this IEndpointRouteBuilder routes, EnrolmentService service)
    {
        MapAuthority(routes, service);
        MapNodes(routes, service);
        routes.MapPost("/v1/nodes/tokens", (Delegate)((HttpContext context) => CreateTokenAsync(service, context)))
            .Needs(Permission.NodesAdmit)
            .Describe("CreateJoinToken", "Make a one-time join token", "It carries the fingerprint of the authority and is told once; only its hash is kept.")
            .Takes<JoinTokenRequest>(JsonExchange.Json)
            .Produces<JoinTokenDocument>(StatusCodes.Status201Created)
            .Refuses(400, 503);
        routes.MapPost(JoinPath, (Delegate)((HttpContext context) => JoinAsync(service, context)))
            .Needs(Permission.Public)
            .Describe("JoinNode", "Join the network", "Takes a join token and a signing request. Only over TLS.")
            .Takes<JoinRequest>(JsonExchange.Json)
            .Produces<CertificateDocument>(StatusCodes.Status201Created)
            .Refuses(400, 403, 409);
        routes.MapPost("/v1/nodes/{node}/certificate", (HttpContext context, string node) => RenewAsync(service, context, node))
            .Needs(Permission.NodeReport)
            .Describe("RenewCertificate", "Get another certificate", "For the node itself, by the certificate that it has.")
            .Takes<RenewalRequest>(JsonExchange.Json)
            .Produces<CertificateDocument>()
            .Refuses(400, 403, 404);
        routes.MapPost("/v1/nodes/{node}/heartbeat", (HttpContext context, string node) => HeartbeatAsync(service, context, node))
            .Needs(Permission.NodeReport)
            .Describe("Heartbeat", "Tell that a node is well", "Sent by edges every few seconds, by their certificate. The answer says whom to believe.")
            .Takes<HeartbeatRequest>(JsonExchange.Json)
            .Produces<HeartbeatAnswer>()
            .Refuses(400, 403, 409, 503);
    }

    private static void MapAuthority(IEndpointRouteBuilder routes, EnrolmentService service)
    {
        routes.MapGet(AuthorityPath, (Delegate)((HttpContext context) => JsonExchange.WriteAsync(context, service.Authority, ApiJson.Default.AuthorityDocument)))
            .Needs(Permission.Public)
            .Describe("GetAuthority", "See the network's certificate authority", "Its certificates are public; compare the fingerprint with what 'entrepot ca show' prints at the origin.")
            .Produces<AuthorityDocument>();
        routes.MapPost(AuthorityPath + "/rotate", (Delegate)((HttpContext context) => RotateAsync(service, context)))
            .Needs(Permission.NodesAdmit)
            .Describe("RotateAuthority", "Change the network's certificate authority", "The new one is believed at once and signs when every node has heard of it; the old one is believed until the overlap ends.")
            .Takes<RotateAuthorityRequest>(JsonExchange.Json)
            .Produces<AuthorityDocument>()
            .Refuses(400, 409);
    }

    private static void MapNodes(IEndpointRouteBuilder routes, EnrolmentService service)
    {
        routes.MapGet("/v1/enrolments", (Delegate)((HttpContext context) => JsonExchange.WriteAsync(context, service.Nodes, ApiJson.Default.IReadOnlyListEnrolledNodeDocument)))
            .Needs(Permission.NetworkRead)
            .Describe("ListEnrolments", "List the machines that belong to the network", "The revoked ones included. Edges in the origin's own process are not among them.")
            .Produces<IReadOnlyList<EnrolledNodeDocument>>();
        routes.MapGet("/v1/enrolments/{node}", (HttpContext context, string node) => JsonExchange.WriteAsync(context, service.Get(node), ApiJson.Default.EnrolledNodeDocument))
            .Needs(Permission.NetworkRead)
            .Describe("GetEnrolment", "See a machine that belongs to the network", "Since when, with which names, and why it was revoked.")
            .Produces<EnrolledNodeDocument>()
            .Refuses(400, 404);
        routes.MapPost("/v1/nodes/{node}/drain", (HttpContext context, string node) => DrainAsync(service, context, node))
            .Needs(Permission.NodesManage)
            .Describe("DrainNode", "Give a node no new clients", "Takes effect with its next heart-beat. With draining false it gets clients again.")
            .Takes<DrainRequest>(JsonExchange.Json)
            .Produces<EnrolledNodeDocument>()
            .Refuses(400, 404);
        routes.MapPost("/v1/nodes/{node}/revoke", (HttpContext context, string node) => RevokeAsync(service, context, node))
            .Needs(Permission.NodesAdmit)
            .Describe("RevokeNode", "Believe a node no more", "The origin refuses it at once, the other nodes after their next heart-beat.")
            .Takes<RevokeRequest>(JsonExchange.Json)
            .Produces<EnrolledNodeDocument>()
            .Refuses(400, 403, 404);
        routes.MapDelete("/v1/nodes/{node}", (HttpContext context, string node) => RemoveAsync(service, context, node))
            .Needs(Permission.NodesAdmit)
            .Describe("RemoveNode", "Forget a node", "Its certificates are believed no more; with a new token the machine can join again.")
            .Produces(StatusCodes.Status204NoContent)
            .Refuses(400, 404);
    }

    private static async Task RotateAsync(EnrolmentService service, HttpContext context)
    {
        var request = await JsonExchange.ReadAsync(context, ApiJson.Default.RotateAuthorityRequest, JsonExchange.SmallDocument);
        await JsonExchange.WriteAsync(context, await service.RotateAsync(request, Requester.ActorOf(context)), ApiJson.Default.AuthorityDocument);
    }

    private static async Task CreateTokenAsync(EnrolmentService service, HttpContext context)
    {
        var request = await JsonExchange.ReadAsync(context, ApiJson.Default.JoinTokenRequest, JsonExchange.SmallDocument);
        context.Response.Headers.CacheControl = "no-store";
        await JsonExchange.WriteAsync(
            context, await service.CreateTokenAsync(request, Requester.ActorOf(context)), ApiJson.Default.JoinTokenDocument, StatusCodes.Status201Created);
    }

    private static async Task JoinAsync(EnrolmentService service, HttpContext context)
    {
        if (!Requester.IsConfidential(context))
            throw Core.Faults.Fault.Of(
                Tls.TlsFault.Required, Core.Faults.FaultKind.Forbidden, "A join token is not taken in clear text over a network.", "Use https://, and have another token made: this one was sent in clear text.").ToException();
        var request = await JsonExchange.ReadAsync(context, ApiJson.Default.JoinRequest, JsonExchange.SmallDocument);
        var from = context.Connection.RemoteIpAddress;
        await JsonExchange.WriteAsync(
            context, await service.JoinAsync(request, $"{(from is { IsIPv4MappedToIPv6: true } ? from.MapToIPv4() : from)}"), ApiJson.Default.CertificateDocument,
            StatusCodes.Status201Created);
    }

    private static async Task RenewAsync(EnrolmentService service, HttpContext context, string node)
    {
        var sender = Requester.NodeOf(context);
        var request = await JsonExchange.ReadAsync(context, ApiJson.Default.RenewalRequest, JsonExchange.SmallDocument);
        await JsonExchange.WriteAsync(context, await service.RenewAsync(node, request, sender), ApiJson.Default.CertificateDocument);
    }

    private static async Task HeartbeatAsync(EnrolmentService service, HttpContext context, string node)
    {
        var sender = Requester.NodeOf(context);
        var beat = await JsonExchange.ReadAsync(context, ApiJson.Default.HeartbeatRequest, JsonExchange.SmallDocument);
        context.Response.Headers.CacheControl = "no-store";
        await JsonExchange.WriteAsync(context, service.Accept(node, beat, sender), ApiJson.Default.HeartbeatAnswer);
    }

    private static async Task DrainAsync(EnrolmentService service, HttpContext context, string node)
    {
        var request = await JsonExchange.ReadAsync(context, ApiJson.Default.DrainRequest, JsonExchange.SmallDocument);
        await JsonExchange.WriteAsync(context, await service.DrainAsync(node, request, Requester.ActorOf(context)), ApiJson.Default.EnrolledNodeDocument);
    }

    private static async Task RevokeAsync(EnrolmentService service, HttpContext context, string node)
    {
        var request = await JsonExchange.ReadAsync(context, ApiJson.Default.RevokeRequest, JsonExchange.SmallDocument);
        await JsonExchange.WriteAsync(context, await service.RevokeAsync(node, request, Requester.ActorOf(context)), ApiJson.Default.EnrolledNodeDocument);
    }

    private static async Task RemoveAsync(EnrolmentService service, HttpContext context, string node)
    {
        await service.RemoveAsync(node, Requester.ActorOf(context));
        context.Response.StatusCode = StatusCodes.Status204NoContent;
    }
}
