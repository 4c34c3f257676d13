using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Entrepot.Trust.Authority;

namespace Entrepot.Server.Tls;

/// <summary>What a node proves itself by: a certificate for other nodes, and one for clients. Both are replaced while it runs.</summary>
/// <param name="identity">Who it is.</param>
internal sealed class NodeCertificate(NodeIdentity identity)
{
    private Held? _held;

    public NodeIdentity Identity => identity;

    /// <summary>For other nodes.</summary>
    public SslStreamCertificateContext ForNodes => Current.ForNodes;

    /// <summary>For clients, who know it by host name.</summary>
    public SslStreamCertificateContext ForClients => Current.ForClients;

    /// <summary>When both end, UTC.</summary>
    public DateTimeOffset Expires => Current.Expires;

    /// <summary>When others are to be asked for, UTC.</summary>
    public DateTimeOffset RenewAt => Current.RenewAt;

    private Held Current => Volatile.Read(ref _held) ?? throw new InvalidOperationException($"{identity} has no certificate yet.");

    /// <summary>Uses others from now on. Connections that are open keep theirs.</summary>
    public void Replace(X509Certificate2 forNodes, X509Certificate2 forClients)
    {
        var issued = new DateTimeOffset(forNodes.NotBefore.ToUniversalTime()) + CertificateTimes.ClockSkew;
        var expires = new DateTimeOffset(forNodes.NotAfter.ToUniversalTime());
        Volatile.Write(ref _held, new Held(
            SslStreamCertificateContext.Create(forNodes, null, offline: true), SslStreamCertificateContext.Create(forClients, null, offline: true),
            expires, CertificateTimes.RenewAt(issued, expires)));
    }

    private sealed record Held(SslStreamCertificateContext ForNodes, SslStreamCertificateContext ForClients, DateTimeOffset Expires, DateTimeOffset RenewAt);
}
