using System.Net;
using System.Net.Security;
using Entrepot.Server.Tls;
using Entrepot.Trust.Authority;

namespace Entrepot.Server.Http;

/// <summary>The connections from node to node. An address that a node announced is asked directly and taken at its word: no proxy of the
/// environment, no redirect to somewhere else, no cookies, the bytes as they are. Always TLS 1.3 with both certificates, whatever scheme the address has: the same port speaks both.</summary>
internal static class NodeHandler
{
    /// <summary>How long a connection is reused, so that a changed address is noticed.</summary>
    private static readonly TimeSpan ConnectionLifetime = TimeSpan.FromMinutes(5);

    /// <summary>Makes a handler.</summary>
    /// <param name="connect">Longest wait for a connection.</param>
    /// <param name="trust">Whom the node believes.</param>
    /// <param name="own">What it shows.</param>
    /// <param name="expected">The role of the nodes at the other end.</param>
    public static HttpMessageHandler Create(TimeSpan connect, NodeTrust trust, NodeCertificate own, NodeRole expected)
        => CreateSecure(connect, trust.Client(own, expected));

    /// <summary>Makes a handler that speaks TLS alone.</summary>
    /// <param name="connect">Longest wait for a connection.</param>
    /// <param name="options">With the name to greet the other side by.</param>
    public static HttpMessageHandler CreateSecure(TimeSpan connect, SslClientAuthenticationOptions options)
    {
        var sockets = CreateClear(connect);
        sockets.SslOptions = options;
        return new AlwaysSecure(sockets, options.TargetHost!);
    }

    /// <summary>Makes a handler without TLS, for what is not said between nodes.</summary>
    /// <param name="connect">Longest wait for a connection.</param>
    public static SocketsHttpHandler CreateClear(TimeSpan connect) => new()
    {
        ConnectTimeout = connect,
        PooledConnectionLifetime = ConnectionLifetime,
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.None,
        UseCookies = false,
        UseProxy = false,
    };

    /// <summary>Speaks TLS to addresses that are told with <c>http</c>, as clients use them.</summary>
    private sealed class AlwaysSecure(HttpMessageHandler inner, string greeting) : DelegatingHandler(inner)
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (request.RequestUri is { Scheme: "http" } url)
                request.RequestUri = new UriBuilder(url) { Scheme = Uri.UriSchemeHttps, Port = url.Port }.Uri;
            // The platform greets by the name of this header, whatever its TLS options say.
            request.Headers.Host = greeting;
            return base.SendAsync(request, cancellationToken);
        }
    }
}
