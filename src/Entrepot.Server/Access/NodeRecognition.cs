using Entrepot.Server.Http;
using Entrepot.Trust.Access;
using Microsoft.AspNetCore.Http;

namespace Entrepot.Server.Access;

/// <summary>How nodes are recognised that show no certificate: by their address alone. Whatever passed the allow-list of the admin surface
/// counts as a node when it reports as one, or has its ports tried. Certificates take the place of this.</summary>
internal static class NodeRecognition
{
    /// <summary>The node that an address stands for.</summary>
    public static Principal ByAddress(HttpContext context) => new($"node:{Requester.AddressOf(context)}", Role.Node, Proof.None);
}
