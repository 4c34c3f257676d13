using Entrepot.Server.Api;

namespace Entrepot.Server.Client;

/// <summary>Certificates of clients.</summary>
public sealed partial class EntrepotClient
{
    /// <summary>Has a certificate made.</summary>
    public Task<ClientCertificateDocument> CreateClientCertificateAsync(CreateClientCertificateRequest request, CancellationToken cancellation = default)
        => CallAsync("admin", HttpMethod.Post, "/v1/certificates", Json(request, ApiJson.Default.CreateClientCertificateRequest), ApiJson.Default.ClientCertificateDocument, cancellation);

    /// <summary>The certificates that have not ended.</summary>
    public Task<IReadOnlyList<ClientCertificateDocument>> ListClientCertificatesAsync(CancellationToken cancellation = default)
        => GetAsync("admin", "/v1/certificates", ApiJson.Default.IReadOnlyListClientCertificateDocument, cancellation);

    /// <summary>Revokes a certificate.</summary>
    public Task<ClientCertificateDocument> RevokeClientCertificateAsync(string name, CancellationToken cancellation = default)
        => CallAsync("admin", HttpMethod.Delete, $"/v1/certificates/{Uri.EscapeDataString(name)}", null, ApiJson.Default.ClientCertificateDocument, cancellation);
}
