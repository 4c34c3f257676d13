using Entrepot.Core.Documents;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Server.Api;
using Entrepot.Server.Http;
using Entrepot.Server.Metadata;
using Entrepot.Trust.Access;
using Entrepot.Trust.Tokens;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Entrepot.Server.Access;

/// <summary>Tokens on the admin surface, and the keys that verify them on the metadata surface.</summary>
internal static class TokenEndpoints
{
    /// <summary>Longest overlap of keys.</summary>
    private static readonly TimeSpan MaxOverlap = TimeSpan.FromDays(3650);

    /// <summary>Adds what admins do with tokens.</summary>
    public static void MapTokens(this IEndpointRouteBuilder routes, TokenAuthority tokens, TimeProvider time)
    {
        routes.MapPost("/v1/tokens", (Delegate)((HttpContext context) => CreateAsync(tokens, time, context)))
            .Describe("CreateToken", "Make a token", "The answer has its text, which is told this once and kept nowhere.")
            .Needs(Permission.TokensManage)
            .Takes<CreateTokenRequest>(JsonExchange.Json)
            .Produces<TokenDocument>(StatusCodes.Status201Created)
            .Refuses(400, 409, 503);
        routes.MapGet("/v1/tokens", (Delegate)((HttpContext context) => ListAsync(tokens, time, context)))
            .Describe("ListTokens", "List the tokens", "Live ones, revoked ones, and expired ones for a while; never their text.")
            .Needs(Permission.TokensManage)
            .Produces<IReadOnlyList<TokenDocument>>();
        routes.MapDelete("/v1/tokens/{token}", (HttpContext context, string token) => RevokeAsync(tokens, time, context, token))
            .Describe("RevokeToken", "Revoke a token", "By its identifier, or by its name for the newest of that name. It is refused from now on.")
            .Needs(Permission.TokensManage)
            .Produces<TokenDocument>()
            .Refuses(404);
        routes.MapPost("/v1/tokens/keys", (Delegate)((HttpContext context) => RotateAsync(tokens, context)))
            .Describe("RotateTokenKeys", "Sign tokens by a new key", "The keys before go on verifying for the overlap.")
            .Needs(Permission.TokensManage)
            .Takes<RotateKeysRequest>(JsonExchange.Json)
            .Produces<KeyRotationDocument>(StatusCodes.Status201Created)
            .Refuses(400);
    }

    /// <summary>Adds the public keys (RFC 7517).</summary>
    public static void MapKeySet(this IEndpointRouteBuilder routes, TokenAuthority tokens)
        => routes.MapRead("/.well-known/jwks.json", (HttpContext context) =>
            {
                var keys = tokens.KeySet;
                context.Response.ContentType = "application/jwk-set+json";
                context.Response.ContentLength = keys.Length;
                // Long enough to spare the surface, short enough for a dropped key.
                context.Response.Headers.CacheControl = "max-age=60";
                return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask : context.Response.Body.WriteAsync(keys, context.RequestAborted).AsTask();
            })
            .Describe("GetTokenKeys", "Get the keys that verify tokens", "A JSON Web Key Set (RFC 7517), for whoever wants to judge tokens of this network elsewhere.")
            .Needs(Permission.Public)
            .Produces<Stream>(StatusCodes.Status200OK, "application/jwk-set+json");

    private static async Task CreateAsync(TokenAuthority tokens, TimeProvider time, HttpContext context)
    {
        var request = await JsonExchange.ReadAsync(context, ApiJson.Default.CreateTokenRequest, JsonExchange.SmallDocument);
        if (!Roles.TryParse(request.Roles, out var roles, out var fault))
            throw fault.ToException();
        var order = new TokenOrder(request.Name, roles, [.. (request.Mirrors ?? []).Select(MirrorName.Parse)], Span(request.LifetimeSeconds, "lifetimeSeconds"));
        var issued = await tokens.IssueAsync(order, Requester.ActorOf(context), context.RequestAborted);
        context.Response.Headers.CacheControl = "no-store";
        await JsonExchange.WriteAsync(
            context, Document(issued.Record, time) with { Token = issued.Text }, ApiJson.Default.TokenDocument, StatusCodes.Status201Created);
    }

    private static Task ListAsync(TokenAuthority tokens, TimeProvider time, HttpContext context)
    {
        IReadOnlyList<TokenDocument> documents = [.. tokens.List().Select(token => Document(token, time))];
        return JsonExchange.WriteAsync(context, documents, ApiJson.Default.IReadOnlyListTokenDocument);
    }

    private static async Task RevokeAsync(TokenAuthority tokens, TimeProvider time, HttpContext context, string token)
    {
        var revoked = await tokens.RevokeAsync(token, Requester.ActorOf(context), context.RequestAborted);
        await JsonExchange.WriteAsync(context, Document(revoked, time), ApiJson.Default.TokenDocument);
    }

    private static async Task RotateAsync(TokenAuthority tokens, HttpContext context)
    {
        var request = await JsonExchange.ReadAsync(context, ApiJson.Default.RotateKeysRequest, JsonExchange.SmallDocument);
        var rotation = await tokens.RotateAsync(
            request.OverlapSeconds is { } seconds ? Span(seconds, "overlapSeconds") : null, Requester.ActorOf(context), context.RequestAborted);
        await JsonExchange.WriteAsync(
            context, new KeyRotationDocument(rotation.KeyId, rotation.OldKeysEnd), ApiJson.Default.KeyRotationDocument, StatusCodes.Status201Created);
    }

    private static TimeSpan Span(long seconds, string member) => seconds >= 0 && seconds <= MaxOverlap.TotalSeconds
        ? TimeSpan.FromSeconds(seconds)
        : throw Fault.Of(
            HttpFault.Body, FaultKind.Invalid, $"{member} is {seconds}.", $"Use 0–{MaxOverlap.TotalSeconds:0}, which is {Duration.Format(MaxOverlap)}.").ToException();

    private static TokenDocument Document(TokenRecord token, TimeProvider time) => new(
        token.Grant.Id, token.Grant.Name, Roles.WordsOf(token.Grant.Roles), [.. token.Grant.Mirrors.Order(StringComparer.Ordinal)], token.Grant.IssuedAt,
        token.IssuedBy, token.Grant.ExpiresAt, token.RevokedAt is not null ? "revoked" : token.IsLive(time.GetUtcNow()) ? "live" : "expired",
        token.RevokedAt, token.RevokedBy);
}
