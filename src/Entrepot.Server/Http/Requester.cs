using System.Net;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Server.Nodes;
using Entrepot.Server.Tls;
using Entrepot.Trust.Access;
using Entrepot.Trust.Authority;
using Microsoft.AspNetCore.Http;

namespace Entrepot.Server.Http;

/// <summary>Who sends a request.</summary>
public static class Requester
{
    /// <summary>Who it is, as far as it is proven: by what the connection or the request showed, which was put beside the request once.</summary>
    public static Principal Of(HttpContext context) => context.Features.Get<Principal>() ?? Principal.Nobody;

    /// <summary>As the journal names it: <c>token:NAME@ADDRESS</c>, <c>operator@ADDRESS</c>, <c>anonymous@ADDRESS</c>.</summary>
    public static string ActorOf(HttpContext context)
        => $"{(Of(context) is { Name.Length: > 0 } principal ? principal.Name : "anonymous")}@{AddressOf(context)}";

    /// <summary>The address it comes from; IPv4 as itself, however it was carried.</summary>
    public static IPAddress AddressOf(HttpContext context)
        => context.Connection.RemoteIpAddress is { } address ? (address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address) : IPAddress.None;

    /// <summary>True when it comes from this machine itself.</summary>
    public static bool IsThisMachine(HttpContext context)
        => context.Connection.RemoteIpAddress is { } remote && (IPAddress.IsLoopback(remote) || remote.Equals(context.Connection.LocalIpAddress));

    /// <summary>Refuses somebody whose credential is for other mirrors.</summary>
    /// <exception cref="FaultException"><see cref="AccessFault.Mirror"/>.</exception>
    public static void RequireMirror(HttpContext context, MirrorName mirror)
    {
        var principal = Of(context);
        if (!principal.IsFor(mirror.Value))
            throw Fault.Of(
                AccessFault.Mirror, FaultKind.Forbidden, $"'{principal.Name}' is not for mirror '{mirror}'.",
                $"Use a token for it: entrepot token create --mirror {mirror}.").ToException();
    }

    /// <summary>True when nobody on a network can have read the request: it came by TLS, or from this machine itself. A credential in any other
    /// request is not taken.</summary>
    public static bool IsConfidential(HttpContext context)
    {
        if (context.Request.IsHttps)
            return true;
        // Behind a trusted proxy the client's way to the proxy counts, and that was not TLS.
        if (context.Features.Get<DirectPeer>() is { IsProxy: true } || context.Connection.RemoteIpAddress is null)
            return false;
        return IsThisMachine(context);
    }

    /// <summary>The node that sends a request, by the certificate of its connection.</summary>
    /// <exception cref="FaultException"><see cref="NodeFault.NotANode"/>: nobody proved to be one.</exception>
    public static NodeIdentity NodeOf(HttpContext context) => NodeConnection.Of(context)?.Identity
        ?? throw Fault.Of(
            NodeFault.NotANode, FaultKind.Forbidden, "Only a node of the network may do this, over TLS with its certificate.",
            "Have a token made at the origin with 'entrepot node token', and start the node with --join and --token-file.").ToException();
}
