using Entrepot.Core.Identities;
using Entrepot.Server.Api;
using Entrepot.Server.Enrolment;

namespace Entrepot.Server.Client;

/// <content>Who belongs to the network, and its certificate authority.</content>
public sealed partial class EntrepotClient
{
    /// <summary>The network's authority.</summary>
    public Task<AuthorityDocument> GetAuthorityAsync(CancellationToken cancellation = default)
        => GetAsync("admin", EnrolmentEndpoints.AuthorityPath, ApiJson.Default.AuthorityDocument, cancellation);

    /// <summary>Begins a change of the authority, or says what it would be.</summary>
    public async Task<AuthorityDocument> RotateAuthorityAsync(RotateAuthorityRequest request, CancellationToken cancellation = default)
    {
        using var response = await SendAsync(
            "admin", HttpMethod.Post, EnrolmentEndpoints.AuthorityPath + "/rotate", Json(request, ApiJson.Default.RotateAuthorityRequest), cancellation);
        return await ReadAsync(response, "admin", ApiJson.Default.AuthorityDocument, cancellation);
    }

    /// <summary>Has a one-time join token made.</summary>
    public async Task<JoinTokenDocument> CreateJoinTokenAsync(JoinTokenRequest request, CancellationToken cancellation = default)
    {
        using var response = await SendAsync("admin", HttpMethod.Post, "/v1/nodes/tokens", Json(request, ApiJson.Default.JoinTokenRequest), cancellation);
        return await ReadAsync(response, "admin", ApiJson.Default.JoinTokenDocument, cancellation);
    }

    /// <summary>The machines that belong to the network.</summary>
    public Task<IReadOnlyList<EnrolledNodeDocument>> ListEnrolmentsAsync(CancellationToken cancellation = default)
        => GetAsync("admin", "/v1/enrolments", ApiJson.Default.IReadOnlyListEnrolledNodeDocument, cancellation);

    /// <summary>One of them.</summary>
    public Task<EnrolledNodeDocument> GetEnrolmentAsync(NodeName node, CancellationToken cancellation = default)
        => GetAsync("admin", $"/v1/enrolments/{node}", ApiJson.Default.EnrolledNodeDocument, cancellation);

    /// <summary>Gives a node no new clients, or takes that back.</summary>
    public async Task<EnrolledNodeDocument> DrainNodeAsync(NodeName node, bool draining, CancellationToken cancellation = default)
    {
        using var response = await SendAsync("admin", HttpMethod.Post, $"/v1/nodes/{node}/drain", Json(new DrainRequest(draining), ApiJson.Default.DrainRequest), cancellation);
        return await ReadAsync(response, "admin", ApiJson.Default.EnrolledNodeDocument, cancellation);
    }

    /// <summary>Believes a node no more.</summary>
    public async Task<EnrolledNodeDocument> RevokeNodeAsync(NodeName node, string reason, CancellationToken cancellation = default)
    {
        using var response = await SendAsync("admin", HttpMethod.Post, $"/v1/nodes/{node}/revoke", Json(new RevokeRequest(reason), ApiJson.Default.RevokeRequest), cancellation);
        return await ReadAsync(response, "admin", ApiJson.Default.EnrolledNodeDocument, cancellation);
    }

    /// <summary>Forgets a node.</summary>
    public async Task RemoveNodeAsync(NodeName node, CancellationToken cancellation = default)
    {
        using var response = await SendAsync("admin", HttpMethod.Delete, $"/v1/nodes/{node}", null, cancellation);
    }
}
