using System.Net;

namespace Entrepot.Server.Http;

/// <summary>The connections from node to node. An address that a node announced is asked directly and taken at its word: no proxy of the
/// environment, no redirect to somewhere else, no cookies, the bytes as they are.</summary>
internal static class NodeHandler
{
    /// <summary>How long a connection is reused, so that a changed address is noticed.</summary>
    private static readonly TimeSpan ConnectionLifetime = TimeSpan.FromMinutes(5);

    /// <summary>Makes a handler.</summary>
    /// <param name="connect">Longest wait for a connection.</param>
    public static SocketsHttpHandler Create(TimeSpan connect) => new()
    {
        ConnectTimeout = connect,
        PooledConnectionLifetime = ConnectionLifetime,
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.None,
        UseCookies = false,
        UseProxy = false,
    };
}
