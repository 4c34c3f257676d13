using Entrepot.Core.Identities;
using Entrepot.Server.Access;
using Entrepot.Server.Api;
using Entrepot.Server.Http;
using Entrepot.Trust.Access;
using Entrepot.Trust.Authority;
using Entrepot.Trust.ClientCertificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Entrepot.Server.ClientCertificates;

/// <summary>Certificates of clients on the admin surface.</summary>
/// <param name="book">Which there are.</param>
/// <param name="authorities">The network's authority, PEM.</param>
/// <param name="time">The clock.</param>
internal sealed class ClientCertificateEndpoints(ClientCertificateBook book, Func<string> authorities, TimeProvider time)
{
    /// <summary>Adds the endpoints.</summary>
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/v1/certificates", (Delegate)CreateAsync)
            .Describe("CreateClientCertificate", "Make a client's certificate", "For programs that show one instead of a token. The key stays with the client: it sends a signing request.")
            .Needs(Permission.TokensManage)
            .Takes<CreateClientCertificateRequest>(JsonExchange.Json)
            .Produces<ClientCertificateDocument>(StatusCodes.Status201Created)
            .Refuses(400, 409, 503);
        routes.MapGet("/v1/certificates", (Delegate)ListAsync)
            .Describe("ListClientCertificates", "List the clients' certificates", "Those that have not ended, the revoked ones among them.")
            .Needs(Permission.TokensManage)
            .Produces<IReadOnlyList<ClientCertificateDocument>>();
        routes.MapDelete("/v1/certificates/{name}", (HttpContext context, string name) => RevokeAsync(context, name))
            .Describe("RevokeClientCertificate", "Revoke a client's certificate", "The origin refuses it at once, other nodes after their next heart-beat.")
            .Needs(Permission.TokensManage)
            .Produces<ClientCertificateDocument>()
            .Refuses(400, 404);
    }

    private async Task CreateAsync(HttpContext context)
    {
        var request = await JsonExchange.ReadAsync(context, ApiJson.Default.CreateClientCertificateRequest, JsonExchange.SmallDocument);
        if (!Roles.TryParse(request.Roles, out var roles, out var fault))
            throw fault.ToException();
        var mirrors = (request.Mirrors ?? []).Select(MirrorName.Parse).DistinctBy(static mirror => mirror.Value).OrderBy(static mirror => mirror.Value, StringComparer.Ordinal).ToList();
        var bytes = new byte[request.Request.Length];
        var key = Certificates.ReadSigningRequest(Convert.TryFromBase64String(request.Request, bytes, out var written) ? bytes[..written] : []);
        var order = new ClientCertificateOrder(
            new ClientIdentity(book.Network, NodeName.Parse(request.Name), roles, mirrors), key, TimeSpan.FromSeconds(Math.Clamp(request.LifetimeSeconds, 0, int.MaxValue)));
        var (signed, kept) = await book.IssueAsync(order, Requester.ActorOf(context), context.RequestAborted);
        using (signed)
        {
            await JsonExchange.WriteAsync(
                context, Describe(kept) with { Certificate = signed.ExportCertificatePem() + "\n", Authorities = authorities() }, ApiJson.Default.ClientCertificateDocument,
                StatusCodes.Status201Created);
        }
    }

    private Task ListAsync(HttpContext context)
        => JsonExchange.WriteAsync(
            context, (IReadOnlyList<ClientCertificateDocument>)[.. book.List().Where(one => one.ExpiresAt > time.GetUtcNow()).Select(Describe)],
            ApiJson.Default.IReadOnlyListClientCertificateDocument);

    private async Task RevokeAsync(HttpContext context, string name)
        => await JsonExchange.WriteAsync(
            context, Describe(await book.RevokeAsync(NodeName.Parse(name), Requester.ActorOf(context), context.RequestAborted)), ApiJson.Default.ClientCertificateDocument);

    private ClientCertificateDocument Describe(ClientCertificate certificate) => new(
        certificate.Identity.Name.Value, certificate.Serial, Roles.WordsOf(certificate.Identity.Roles), [.. certificate.Identity.Mirrors.Select(static mirror => mirror.Value)],
        certificate.IssuedAt, certificate.IssuedBy, certificate.ExpiresAt, certificate.IsLive(time.GetUtcNow()) ? "live" : "revoked", certificate.RevokedAt, certificate.RevokedBy);
}
