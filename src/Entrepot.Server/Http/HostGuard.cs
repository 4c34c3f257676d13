using System.Net;
using Entrepot.Core.Faults;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Entrepot.Server.Http;

/// <summary>Refuses requests that were sent to a name which is not this node's. A web page can have a name of its own resolve to this machine
/// (DNS rebinding) and then counts as the same origin for the browser of somebody who is on the allow-list; its <c>Host</c> gives it away.</summary>
public static class HostGuard
{
    /// <summary>Adds the guard.</summary>
    /// <param name="app">The surface.</param>
    /// <param name="surface">Its name.</param>
    /// <param name="publicHost">The configured name or address of the node, or null.</param>
    public static IApplicationBuilder UseOwnHost(this IApplicationBuilder app, string surface, string? publicHost)
    {
        var machine = Dns.GetHostName();
        return app.Use((context, next) => IsOwn(context.Request.Host.Host, publicHost, machine)
            ? next(context)
            : FaultResponses.WriteAsync(
                context,
                Fault.Of(
                    HttpFault.Host, FaultKind.Forbidden, $"The {surface} surface does not answer to the name '{context.Request.Host.Host}'.",
                    "Use the node's address or host name, or set 'publicHost' in its configuration to this name."),
                status: StatusCodes.Status421MisdirectedRequest));
    }

    /// <summary>True for an address, <c>localhost</c>, the configured name, and the machine's name with or without a domain.</summary>
    internal static bool IsOwn(string host, string? publicHost, string machine)
    {
        var name = host.EndsWith('.') ? host[..^1] : host;
        return name.Length == 0  // HTTP/1.0, which no browser speaks
            || IPAddress.TryParse(name, out _)
            || Same(name, "localhost") || Same(name, publicHost)
            || Same(name, machine) || Same(name, machine.Split('.')[0]);
    }

    private static bool Same(string name, string? other) => string.Equals(name, other, StringComparison.OrdinalIgnoreCase);
}
