using System.Net;
using Microsoft.AspNetCore.Builder;

namespace Entrepot.Server.Http;

/// <summary>Puts the client in the place of a proxy that the operator trusts: its address from <c>X-Forwarded-For</c>, and whether it came by
/// TLS from <c>X-Forwarded-Proto</c>. From anybody else the headers are taken away, so that nothing after believes them.</summary>
internal static class ForwardedClient
{
    private const string For = "X-Forwarded-For";
    private const string Proto = "X-Forwarded-Proto";

    /// <summary>Most addresses that are read; a longer chain is cut.</summary>
    private const int MaxHops = 16;

    /// <summary>Adds the step, before anything that asks for the client's address.</summary>
    /// <param name="app">The surface.</param>
    /// <param name="proxies">Those that are believed.</param>
    public static IApplicationBuilder UseForwardedClient(this IApplicationBuilder app, IReadOnlyList<IPNetwork> proxies)
        => app.Use((context, next) =>
        {
            var headers = context.Request.Headers;
            if (context.Connection.RemoteIpAddress is { } near)
            {
                context.Features.Set(new DirectPeer(near, context.Request.IsHttps));
                if (proxies.Count > 0 && IsIn(proxies, near) && headers.TryGetValue(For, out var chain) && ClientOf(chain.ToString(), proxies) is { } client)
                {
                    context.Connection.RemoteIpAddress = client;
                    context.Request.Scheme = headers[Proto].ToString() == "https" ? "https" : "http";
                    context.Features.Set(new DirectPeer(near, context.Request.IsHttps) { IsProxy = true });
                }
            }

            headers.Remove(For);
            headers.Remove(Proto);
            return next(context);
        });

    /// <summary>The last address that no trusted proxy has: what stands before it anybody may have written.</summary>
    internal static IPAddress? ClientOf(string chain, IReadOnlyList<IPNetwork> proxies)
    {
        IPAddress? client = null;
        foreach (var hop in chain.Split(',', StringSplitOptions.TrimEntries).Reverse().Take(MaxHops))
        {
            if (!IPAddress.TryParse(hop.Trim('[', ']'), out var address))
                return client;
            client = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
            if (!IsIn(proxies, client))
                return client;
        }

        return client;
    }

    private static bool IsIn(IReadOnlyList<IPNetwork> networks, IPAddress address)
    {
        var plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        return networks.Any(network => network.Contains(plain));
    }
}

/// <summary>Who is at the other end of a request's connection.</summary>
/// <param name="Address">Its address.</param>
/// <param name="IsSecure">True when the client came by TLS, as far as is known.</param>
internal sealed record DirectPeer(IPAddress Address, bool IsSecure)
{
    /// <summary>True for a trusted proxy, which is not the client.</summary>
    public bool IsProxy { get; init; }
}
