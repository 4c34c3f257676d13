using System.Security.Cryptography.X509Certificates;
using Entrepot.Core.Faults;
using Entrepot.Trust.Authority;
using Microsoft.AspNetCore.Http;

namespace Entrepot.Server.Tls;

/// <summary>Who showed a client's certificate. A feature of the connection.</summary>
/// <param name="Identity">The client, proven by its certificate; null when that is not believed.</param>
/// <param name="Certificate">What proved it.</param>
/// <param name="Fault">Why it is not believed.</param>
internal sealed record ClientConnection(ClientIdentity? Identity, X509Certificate2? Certificate, Fault? Fault)
{
    /// <summary>True where nobody is taken without a certificate, whatever else is sent.</summary>
    public bool IsRequired { get; init; }

    /// <summary>Of a request's connection, or null.</summary>
    public static ClientConnection? Of(HttpContext context) => context.Features.Get<ClientConnection>();
}
