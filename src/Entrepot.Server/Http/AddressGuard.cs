using System.Net;
using Entrepot.Core.Faults;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Entrepot.Server.Http;

/// <summary>Lets through only clients whose address is on a surface's allow-list. Forwarded headers are not believed.</summary>
public static class AddressGuard
{
    /// <summary>The allow-list of surfaces that change things, unless the configuration says otherwise: this machine.</summary>
    public static IReadOnlyList<IPNetwork> Loopback { get; } = [IPNetwork.Parse("127.0.0.0/8"), IPNetwork.Parse("::1/128")];

    /// <summary>Adds the guard.</summary>
    /// <param name="app">The surface.</param>
    /// <param name="allowed">Who may use it.</param>
    /// <param name="surface">Its name.</param>
    /// <param name="logger">Where refusals are logged.</param>
    /// <param name="also">Requests that pass whoever sends them, or null.</param>
    public static IApplicationBuilder UseAllowList(
        this IApplicationBuilder app, IReadOnlyList<IPNetwork> allowed, string surface, ILogger logger, Func<HttpContext, bool>? also = null)
        => app.Use((context, next) =>
        {
            var address = context.Connection.RemoteIpAddress;
            if (address is { IsIPv4MappedToIPv6: true })
                address = address.MapToIPv4();
            if (address is not null && (allowed.Any(network => network.Contains(address)) || also?.Invoke(context) == true))
                return next(context);
            Log.AddressRefused(logger, address?.ToString() ?? "?", surface);
            return FaultResponses.WriteAsync(
                context,
                Fault.Of(
                    HttpFault.Address, FaultKind.Forbidden, $"{address} may not use the {surface} surface.",
                    $"Add the address to 'surfaces.{surface}.allow' in the configuration, or call from an allowed host."));
        });
}
