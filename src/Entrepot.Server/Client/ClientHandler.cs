using System.Net;
using System.Net.Http.Headers;
using System.Reflection;

namespace Entrepot.Server.Client;

/// <summary>Makes the HTTP clients of this product's own commands.</summary>
public static class ClientHandler
{
    /// <summary>Time to connect. Default of nginx <c>proxy_connect_timeout</c> is 60 s; a person waits here.</summary>
    public static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(10);

    /// <summary>This build's version, as <c>--version</c> prints it.</summary>
    public static string Version { get; } =
        typeof(ClientHandler).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0.0.0";

    /// <summary>A client without a time-out of its own. The system's proxy is used, but never for this machine.</summary>
    /// <param name="credential">What it shows to the surfaces that it is for.</param>
    /// <param name="trust">Whom it believes.</param>
    public static HttpClient Create(ClientCredential credential, ClientTrust trust)
    {
        var handler = new SocketsHttpHandler
        {
            ConnectTimeout = ConnectTimeout,
            AutomaticDecompression = DecompressionMethods.None,
            AllowAutoRedirect = false,
            Proxy = new LoopbackBypass(HttpClient.DefaultProxy),
            SslOptions =
            {
                RemoteCertificateValidationCallback = (_, certificate, chain, errors) => trust.Judge(certificate, chain, errors),
                LocalCertificateSelectionCallback = (_, _, _, _, _) => trust.Own!,
            },
        };
        return Configure(new HttpClient(credential.Before(handler)));
    }

    /// <summary>Gives a client this product's name and no time-out.</summary>
    public static HttpClient Configure(HttpClient client)
    {
        client.Timeout = Timeout.InfiniteTimeSpan;
        client.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue("entrepot", Version.Split('+')[0]));
        return client;
    }

    /// <summary>The system's proxy for everything but this machine, which a proxy would take for itself.</summary>
    private sealed class LoopbackBypass(IWebProxy inner) : IWebProxy
    {
        public ICredentials? Credentials
        {
            get => inner.Credentials;
            set => inner.Credentials = value;
        }

        public Uri? GetProxy(Uri destination) => destination.IsLoopback ? destination : inner.GetProxy(destination);

        public bool IsBypassed(Uri host) => host.IsLoopback || inner.IsBypassed(host);
    }
}
