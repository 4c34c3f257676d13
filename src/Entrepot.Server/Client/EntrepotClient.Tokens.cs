using Entrepot.Server.Api;

namespace Entrepot.Server.Client;

/// <content>Tokens.</content>
public sealed partial class EntrepotClient
{
    /// <summary>Makes a token. Only this answer has its text.</summary>
    public Task<TokenDocument> CreateTokenAsync(CreateTokenRequest request, CancellationToken cancellation = default)
        => CallAsync("admin", HttpMethod.Post, "/v1/tokens", Json(request, ApiJson.Default.CreateTokenRequest), ApiJson.Default.TokenDocument, cancellation);

    /// <summary>Every token that is kept, by name.</summary>
    public Task<IReadOnlyList<TokenDocument>> ListTokensAsync(CancellationToken cancellation = default)
        => GetAsync("admin", "/v1/tokens", ApiJson.Default.IReadOnlyListTokenDocument, cancellation);

    /// <summary>Revokes a token.</summary>
    /// <param name="idOrName">Its identifier, or its name for the newest of that name.</param>
    /// <param name="cancellation">Ends the call.</param>
    public Task<TokenDocument> RevokeTokenAsync(string idOrName, CancellationToken cancellation = default)
        => CallAsync("admin", HttpMethod.Delete, $"/v1/tokens/{Uri.EscapeDataString(idOrName)}", null, ApiJson.Default.TokenDocument, cancellation);

    /// <summary>Has a new key sign tokens.</summary>
    public Task<KeyRotationDocument> RotateTokenKeysAsync(RotateKeysRequest request, CancellationToken cancellation = default)
        => CallAsync("admin", HttpMethod.Post, "/v1/tokens/keys", Json(request, ApiJson.Default.RotateKeysRequest), ApiJson.Default.KeyRotationDocument, cancellation);
}
