using System.Security.Cryptography.X509Certificates;
using Entrepot.Trust.Authority;
using Microsoft.AspNetCore.Http;

namespace Entrepot.Server.Tls;

/// <summary>Who named one of the network's own names in the TLS greeting. A feature of the connection.</summary>
/// <param name="Identity">The node, proven by its certificate; null for a machine that wants to join.</param>
/// <param name="Certificate">What proved it.</param>
internal sealed record NodeConnection(NodeIdentity? Identity, X509Certificate2? Certificate)
{
    /// <summary>The name by which nodes greet each other. Not resolved by anybody: it says what is expected of the connection.</summary>
    public const string NodesName = "nodes.entrepot.internal";

    /// <summary>The name by which a machine without a certificate greets the origin.</summary>
    public const string JoinName = "join.entrepot.internal";

    /// <summary>Of a request's connection, or null.</summary>
    public static NodeConnection? Of(HttpContext context) => context.Features.Get<NodeConnection>();
}
