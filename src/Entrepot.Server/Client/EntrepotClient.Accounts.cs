using Entrepot.Core.Faults;
using Entrepot.Server.Api;

namespace Entrepot.Server.Client;

/// <content>Accounts and sessions.</content>
public sealed partial class EntrepotClient
{
    /// <summary>Invites somebody. Only this answer has the invitation's text.</summary>
    public Task<InvitationDocument> InviteUserAsync(InviteUserRequest request, CancellationToken cancellation = default)
        => CallAsync("admin", HttpMethod.Post, "/v1/users", Json(request, ApiJson.Default.InviteUserRequest), ApiJson.Default.InvitationDocument, cancellation);

    /// <summary>Every account, by name.</summary>
    public Task<IReadOnlyList<UserDocument>> ListUsersAsync(CancellationToken cancellation = default)
        => GetAsync("admin", "/v1/users", ApiJson.Default.IReadOnlyListUserDocument, cancellation);

    /// <summary>Changes an account.</summary>
    public Task<UserDocument> UpdateUserAsync(string name, UpdateUserRequest request, CancellationToken cancellation = default)
        => CallAsync(
            "admin", HttpMethod.Patch, $"/v1/users/{Uri.EscapeDataString(name)}", Json(request, ApiJson.Default.UpdateUserRequest), ApiJson.Default.UserDocument, cancellation);

    /// <summary>Removes an account.</summary>
    public async Task RemoveUserAsync(string name, CancellationToken cancellation = default)
        => (await SendAsync("admin", HttpMethod.Delete, $"/v1/users/{Uri.EscapeDataString(name)}", null, cancellation)).Dispose();

    /// <summary>Accepts an invitation. Only this answer has the recovery codes.</summary>
    /// <exception cref="FaultException"><see cref="ClientFault.ClearText"/>: nothing was sent.</exception>
    public Task<AcceptedDocument> AcceptInvitationAsync(AcceptInvitationRequest request, CancellationToken cancellation = default)
        => CallAsync(
            Confidential("metadata"), HttpMethod.Post, "/v1/invitations", Json(request, ApiJson.Default.AcceptInvitationRequest), ApiJson.Default.AcceptedDocument, cancellation);

    /// <summary>Signs in. Only this answer has the session's text.</summary>
    /// <exception cref="FaultException"><see cref="ClientFault.ClearText"/>: nothing was sent.</exception>
    public Task<SessionDocument> SignInAsync(SignInRequest request, CancellationToken cancellation = default)
        => CallAsync(Confidential("metadata"), HttpMethod.Post, "/v1/session", Json(request, ApiJson.Default.SignInRequest), ApiJson.Default.SessionDocument, cancellation);

    /// <summary>How people sign in there.</summary>
    public Task<SignInMethodsDocument> SignInMethodsAsync(CancellationToken cancellation = default)
        => GetAsync("metadata", "/v1/session/methods", ApiJson.Default.SignInMethodsDocument, cancellation);

    /// <summary>Has this command signed in by a browser.</summary>
    /// <exception cref="FaultException"><see cref="ClientFault.ClearText"/>: nothing was sent.</exception>
    public Task<CommandSignInDocument> BeginCommandSignInAsync(CancellationToken cancellation = default)
        => CallAsync(Confidential("metadata"), HttpMethod.Post, "/v1/session/oidc/commands", null, ApiJson.Default.CommandSignInDocument, cancellation);

    /// <summary>The session of a command; null while nobody has signed it in. Only this answer has its text.</summary>
    public async Task<SessionDocument?> CollectSessionAsync(string handle, CancellationToken cancellation = default)
    {
        using var response = await SendAsync(
            Confidential("metadata"), HttpMethod.Post, "/v1/session/oidc/commands/collect", Json(new CollectSessionRequest(handle), ApiJson.Default.CollectSessionRequest), cancellation);
        return response.StatusCode == System.Net.HttpStatusCode.Accepted ? null : await ReadAsync(response, "metadata", ApiJson.Default.SessionDocument, cancellation);
    }

    /// <summary>Who one is to the network.</summary>
    public Task<SessionDocument> WhoAmIAsync(CancellationToken cancellation = default)
        => GetAsync("metadata", "/v1/session", ApiJson.Default.SessionDocument, cancellation);

    /// <summary>Ends the session.</summary>
    public async Task SignOutAsync(CancellationToken cancellation = default)
        => (await SendAsync("metadata", HttpMethod.Delete, "/v1/session", null, cancellation)).Dispose();

    /// <summary>The surface, where nobody on the way can read what it is sent.</summary>
    private string Confidential(string surface)
        => ClientCredential.IsConfidential(new Uri(UrlOf(surface))) ? surface : throw Fault.Of(
            ClientFault.ClearText, FaultKind.Forbidden, $"{UrlOf(surface)} speaks clear text over a network; no secret was sent.",
            "Use the https address of the surface, or run the command on the node's own machine.").ToException();
}
