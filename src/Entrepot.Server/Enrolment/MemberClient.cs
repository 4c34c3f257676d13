using Entrepot.Core.Faults;
using Entrepot.Core.Secrets;
using Entrepot.Server.Client;
using Entrepot.Server.Http;
using Entrepot.Server.Tls;
using Entrepot.Trust.Authority;

namespace Entrepot.Server.Enrolment;

/// <summary>Lets a command on a node's own machine speak to the origin as that node. Only who may read the node's keys can.</summary>
public static class MemberClient
{
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(3);

    /// <summary>A client with connections of its own, that believes the origin alone; null when no node of the data folder has joined.</summary>
    /// <param name="dataFolder">The node's data folder, with its sealing key in it.</param>
    /// <param name="time">The clock.</param>
    /// <param name="origin">The origin's metadata surface.</param>
    /// <exception cref="FaultException"><see cref="SecretFault"/>: the node's keys can't be read.</exception>
    public static HttpClient? TryOpen(string dataFolder, TimeProvider time, out Uri? origin)
    {
        origin = null;
        var folder = Path.Combine(dataFolder, "trust");
        var (member, key) = (Path.Combine(folder, "node.json"), Path.Combine(folder, "sealing.key"));
        if (!File.Exists(member) || !File.Exists(key))
            return null;
        using var sealing = SealingKey.OpenOrCreate(key);
        var file = new MemberFile(member, Path.Combine(folder, "ca.pem"), sealing);
        if (file.Read() is not { MetadataPort: { } port } record || !NodeIdentity.TryParse(record.Identity, out var identity)
            || NetworkTrust.ReadPem(record.Authorities) is not { } authorities)
            return null;
        var own = new NodeCertificate(identity);
        file.Load(record, own);
        var trust = new NodeTrust(time);
        trust.Believe(new NetworkTrust(identity.Network, authorities, file.ReadRevoked()));
        origin = new UriBuilder(Uri.UriSchemeHttps, record.Origin.Host, port).Uri;
        return ClientHandler.Configure(new HttpClient(NodeHandler.Create(ConnectTimeout, trust, own, NodeRole.Origin)));
    }
}
