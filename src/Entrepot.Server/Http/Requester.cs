using Microsoft.AspNetCore.Http;

namespace Entrepot.Server.Http;

/// <summary>Who sends a request.</summary>
public static class Requester
{
    /// <summary>As the journal names it: <c>operator@ADDRESS</c>. Until there are accounts the address is all that is known.</summary>
    public static string ActorOf(HttpContext context)
    {
        var address = context.Connection.RemoteIpAddress;
        return $"operator@{(address is { IsIPv4MappedToIPv6: true } ? address.MapToIPv4() : address)}";
    }
}
