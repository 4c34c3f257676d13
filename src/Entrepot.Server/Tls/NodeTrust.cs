using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Entrepot.Core.Faults;
using Entrepot.Trust.Authority;

namespace Entrepot.Server.Tls;

/// <summary>Whom this process believes, as it is now, and how connections from node to node are made.</summary>
/// <param name="time">The clock.</param>
internal sealed class NodeTrust(TimeProvider time)
{
    private NetworkTrust? _current;

    /// <summary>The network's authorities and what they took back.</summary>
    public NetworkTrust Current => Volatile.Read(ref _current) ?? throw new InvalidOperationException("The node has not joined yet.");

    /// <summary>The time by which certificates are judged.</summary>
    public DateTimeOffset Now => time.GetUtcNow();

    /// <summary>How the platform looks at a certificate before we do: by what was sent alone. Left to itself it fetches whoever signed from the address
    /// that a stranger wrote into it (RFC 5280 §4.2.2.1), and the handshake waits for that.</summary>
    public static X509ChainPolicy NothingFetched => new()
    {
        TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true,
    };

    /// <summary>Believes others from now on.</summary>
    public void Believe(NetworkTrust trust) => Volatile.Write(ref _current, trust);

    /// <summary>The client's side of a connection to another node.</summary>
    /// <param name="own">What this node shows.</param>
    /// <param name="expected">The role that the other one must have.</param>
    public SslClientAuthenticationOptions Client(NodeCertificate own, NodeRole expected) => new()
    {
        TargetHost = NodeConnection.NodesName,
        EnabledSslProtocols = SslProtocols.Tls13,
        LocalCertificateSelectionCallback = (_, _, _, _, _) => own.ForNodes.TargetCertificate,
        RemoteCertificateValidationCallback = (_, shown, _, _) => Accepts(shown, Certificates.ServerUse, expected),
        CertificateChainPolicy = NothingFetched,
    };

    /// <summary>Says which node shows a certificate on the client's side of a connection.</summary>
    public bool TryIdentifyNode(X509Certificate? shown, out NodeIdentity? identity, out Fault? fault)
        => Current.TryIdentify(shown as X509Certificate2, Certificates.ClientUse, null, Now, out identity, out fault);

    /// <summary>Says which client shows a certificate.</summary>
    public ClientConnection IdentifyClient(X509Certificate shown)
        // The platform's copy ends with the handshake.
        => Current.TryIdentify(shown as X509Certificate2, Now, out ClientIdentity? identity, out var fault)
            ? new ClientConnection(identity, X509CertificateLoader.LoadCertificate(((X509Certificate2)shown).RawDataMemory.Span), null)
            : new ClientConnection(null, null, fault);

    /// <summary>Says why a connection that was good when it began is not any more; null while it is.</summary>
    public Fault? Recheck(NodeConnection connection)
        => Current.Recheck(connection.Identity!, connection.Certificate!, Now);

    /// <summary>As for a node's.</summary>
    public Fault? Recheck(ClientConnection connection)
        => Current.Recheck(connection.Identity!, connection.Certificate!, Now);

    private bool Accepts(X509Certificate? shown, string use, NodeRole expected)
    {
        if (Current.TryIdentify(shown as X509Certificate2, use, expected, Now, out _, out var fault))
            return true;
        // What the platform would say of it helps nobody: it knows no private authority.
        throw new AuthenticationException(fault.Message);
    }
}
