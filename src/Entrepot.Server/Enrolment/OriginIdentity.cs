using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Entrepot.Core.Identities;
using Entrepot.Core.Kernel;
using Entrepot.Core.Secrets;
using Entrepot.Core.State;
using Entrepot.Server.Api;
using Entrepot.Server.Configuration;
using Entrepot.Server.Tls;
using Entrepot.Trust.Authority;
using Entrepot.Trust.ClientCertificates;
using Entrepot.Trust.Enrolment;

namespace Entrepot.Server.Enrolment;

/// <summary>The origin's identity: it holds the authority, and so it signs what its own nodes show.</summary>
internal sealed class OriginIdentity : INodeIdentity, IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    private readonly TimeProvider _time;
    private readonly ImmutableArray<string> _hosts;
    private readonly string _bundle;
    private readonly ConcurrentDictionary<NodeName, NodeCertificate> _own = new();
    private readonly Lock _refreshing = new();
    private string _written = "";

    private OriginIdentity(NetworkAuthority authority, NodeEnrolment enrolment, ClientCertificateBook clients, ImmutableArray<string> hosts, string bundle, TimeProvider time)
    {
        (Authority, Enrolment, Clients, _hosts, _bundle, _time) = (authority, enrolment, clients, hosts, bundle, time);
        Trust = new NodeTrust(time);
    }

    public NetworkAuthority Authority { get; }

    public NodeEnrolment Enrolment { get; }

    /// <summary>The certificates of clients that are no nodes.</summary>
    public ClientCertificateBook Clients { get; }

    public NodeTrust Trust { get; }

    public NodeRole Role => NodeRole.Origin;

    /// <summary>Opens the authority, or makes it, and what is written down of the nodes.</summary>
    /// <param name="state">Where both are kept.</param>
    /// <param name="sealing">Seals the authority's keys.</param>
    /// <param name="settings">The validated settings.</param>
    /// <param name="bundle">File of the authorities' certificates, for everybody to read.</param>
    /// <param name="time">The clock.</param>
    public static async Task<OriginIdentity> OpenAsync(StateDatabase state, SealingKey sealing, Settings settings, string bundle, TimeProvider time)
    {
        var authority = await NetworkAuthority.OpenAsync(state, sealing, settings.NetworkName, time);
        var hosts = OwnHosts.Of(settings);
        var identity = new OriginIdentity(
            authority, NodeEnrolment.Open(state, authority, hosts, time), new ClientCertificateBook(state, authority, settings.MaxTokenLifetime, time), hosts, bundle, time);
        identity.Refresh();
        authority.Changed = identity.Refresh;
        identity.Enrolment.ShutOut += _ => identity.Refresh();
        identity.Clients.Changed = identity.Refresh;
        return identity;
    }

    public NodeCertificate CertificateOf(NodeName node, NodeRole role) => _own.GetOrAdd(node, name =>
    {
        var certificate = new NodeCertificate(new NodeIdentity(Authority.State.Network, role, name));
        Renew(certificate);
        return certificate;
    });

    /// <summary>True for a node that runs in this process.</summary>
    public bool IsOwn(NodeName node) => _own.ContainsKey(node);

    /// <summary>Signs what a node lives by for the next day.</summary>
    public (X509Certificate2 ForNodes, X509Certificate2 ForClients) Sign(EnrolledNode node, PublicKey key)
        => (Authority.Issue(key, new NodeIdentity(Authority.State.Network, node.Role, node.Name)), Authority.IssueServer(key, node.Hosts));

    /// <summary>The origin knows it first.</summary>
    public void Learn(HeartbeatAnswer answer)
    {
    }

    public async Task RunAsync(CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(Interval, _time);
        while (await timer.WaitForNextTickAsync(cancellation))
        {
            await Authority.TidyAsync();
            Refresh();
            foreach (var certificate in _own.Values.Where(certificate => certificate.RenewAt <= _time.GetUtcNow()))
                Renew(certificate);
        }
    }

    public void Dispose() => Authority.Dispose();

    private void Renew(NodeCertificate certificate)
    {
        using var key = Certificates.NewKey();
        var subject = new PublicKey(key);
        using var forNodes = Authority.Issue(subject, certificate.Identity);
        using var forClients = Authority.IssueServer(subject, _hosts);
        certificate.Replace(Certificates.WithKey(forNodes, key), Certificates.WithKey(forClients, key));
    }

    private void Refresh()
    {
        lock (_refreshing)
        {
            Trust.Believe(new NetworkTrust(Authority.State.Network, Authority.State.TrustedAt(_time.GetUtcNow()), [.. Enrolment.Revocations, .. Clients.Revocations]));
            var pem = Trust.Current.ToPem();
            if (pem == _written)
                return;
            DurableFile.Write(_bundle, Encoding.ASCII.GetBytes(pem));
            _written = pem;
        }
    }
}
