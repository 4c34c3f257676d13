using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Entrepot.Core.Faults;
using Entrepot.Server.Configuration;
using Entrepot.Server.Http;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Logging;
using ClientCertificateMode = Entrepot.Server.Configuration.ClientCertificateMode;

namespace Entrepot.Server.Tls;

/// <summary>The server's side of TLS on one surface. The name in the greeting (SNI, RFC 6066 §3) says who comes: a node shows a certificate and
/// is shown the node's; everybody else is shown the surface's and asked for none.</summary>
/// <param name="trust">Whom nodes are believed by.</param>
/// <param name="own">What the node shows.</param>
/// <param name="given">What clients are shown, or null for one of the network's authority.</param>
/// <param name="settings">The surface's settings, nothing left open.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Where refusals are logged.</param>
internal sealed class SurfaceTls(NodeTrust trust, NodeCertificate own, CertificateFile? given, TlsSettings settings, TimeProvider time, ILogger logger)
{
    private static readonly List<SslApplicationProtocol> Protocols = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11];

    /// <summary>Forward secrecy and authenticated encryption alone (RFC 9325 §4.2), TLS 1.3 first.</summary>
    private static readonly CipherSuitesPolicy? Suites = OperatingSystem.IsWindows() || OperatingSystem.IsAndroid() ? null : new CipherSuitesPolicy(
    [
        TlsCipherSuite.TLS_AES_256_GCM_SHA384, TlsCipherSuite.TLS_CHACHA20_POLY1305_SHA256, TlsCipherSuite.TLS_AES_128_GCM_SHA256,
        TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
        TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, TlsCipherSuite.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
        TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    ]);

    private readonly LogThrottle _refusals = new(time, TimeSpan.FromSeconds(10));

    /// <summary>Whom nodes are believed by.</summary>
    public NodeTrust Trust => trust;

    /// <summary>The surface's settings, nothing left open.</summary>
    public TlsSettings Settings => settings;

    /// <summary>What Kestrel asks for each connection.</summary>
    public TlsHandshakeCallbackOptions Handshake => new() { OnConnection = context => ValueTask.FromResult(Choose(context)) };

    private SslServerAuthenticationOptions Choose(TlsHandshakeCallbackContext context) => context.ClientHelloInfo.ServerName switch
    {
        NodeConnection.NodesName => ForNode(context.Connection),
        NodeConnection.JoinName => ForNewcomer(context.Connection),
        _ => ForClient(context.Connection),
    };

    private SslServerAuthenticationOptions ForClient(ConnectionContext connection)
    {
        var asked = settings.ClientCertificates is ClientCertificateMode.Optional or ClientCertificateMode.Required;
        return new()
        {
            ServerCertificateContext = given?.Context ?? own.ForClients,
            EnabledSslProtocols = settings.Minimum == SslProtocols.Tls13 ? SslProtocols.Tls13 : SslProtocols.Tls12 | SslProtocols.Tls13,
            ApplicationProtocols = Protocols,
            CipherSuitesPolicy = Suites,
            ClientCertificateRequired = asked,
            CertificateChainPolicy = NodeTrust.NothingFetched,
            AllowTlsResume = !asked,
            RemoteCertificateValidationCallback = asked ? (_, shown, _, _) => TakesClient(connection, shown) : null,
        };
    }

    /// <summary>Puts who shows a certificate beside the connection. Where it is optional, one that is not believed is told so in an answer that
    /// people can read, and not by a broken handshake.</summary>
    private bool TakesClient(ConnectionContext connection, X509Certificate? shown)
    {
        var isRequired = settings.ClientCertificates == ClientCertificateMode.Required;
        if (shown is null)
            return !isRequired;
        var client = trust.IdentifyClient(shown);
        connection.Features.Set(client);
        if (client.Fault is null || !isRequired)
            return true;
        Refuse(connection, client.Fault);
        return false;
    }

    private void Refuse(ConnectionContext connection, Fault fault)
    {
        if (_refusals.Allows(out var held))
            Log.ConnectionRefused(logger, connection.RemoteEndPoint?.ToString() ?? "?", fault.Message, held);
    }

    private SslServerAuthenticationOptions ForNode(ConnectionContext connection) => new()
    {
        ServerCertificateContext = own.ForNodes,
        EnabledSslProtocols = SslProtocols.Tls13,
        ApplicationProtocols = Protocols,
        ClientCertificateRequired = true,
        CertificateChainPolicy = NodeTrust.NothingFetched,
        // A resumed session would be believed without its certificate being looked at.
        AllowTlsResume = false,
        RemoteCertificateValidationCallback = (_, shown, _, _) =>
        {
            if (trust.TryIdentifyNode(shown, out var identity, out var fault))
            {
                // The platform's copy ends with the handshake.
                connection.Features.Set(new NodeConnection(identity, X509CertificateLoader.LoadCertificate(((X509Certificate2)shown!).RawDataMemory.Span)));
                return true;
            }

            Refuse(connection, fault!);
            return false;
        },
    };

    private SslServerAuthenticationOptions ForNewcomer(ConnectionContext connection)
    {
        connection.Features.Set(new NodeConnection(null, null));
        return new()
        {
            ServerCertificateContext = own.ForNodes, EnabledSslProtocols = SslProtocols.Tls13, ApplicationProtocols = Protocols, AllowTlsResume = false,
        };
    }
}
