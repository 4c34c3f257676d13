using Entrepot.Trust.Access;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Entrepot.Server.Access;

/// <summary>What an endpoint needs its caller to be allowed.</summary>
/// <param name="Permission">One permission; who holds it is in one table.</param>
internal sealed record NeededPermission(Permission Permission);

/// <summary>Says of endpoints what they need.</summary>
internal static class EndpointPermissions
{
    /// <summary>States what an endpoint needs. A surface with an endpoint that states nothing does not start.</summary>
    public static TBuilder Needs<TBuilder>(this TBuilder endpoint, Permission permission)
        where TBuilder : IEndpointConventionBuilder
        => endpoint.WithMetadata(new NeededPermission(permission));

    /// <summary>The permission that an endpoint states, or null.</summary>
    public static Permission? PermissionOf(Endpoint endpoint) => endpoint.Metadata.GetMetadata<NeededPermission>()?.Permission;

    /// <summary>Refuses to go on when an endpoint forgot to state what it needs.</summary>
    /// <exception cref="InvalidOperationException">It names every such endpoint.</exception>
    public static void RequirePermissions(this IEndpointRouteBuilder routes, string surface)
    {
        var silent = routes.DataSources.SelectMany(static source => source.Endpoints).Where(static endpoint => PermissionOf(endpoint) is null).Select(static endpoint => endpoint.DisplayName).ToList();
        if (silent.Count > 0)
            throw new InvalidOperationException($"The {surface} surface has endpoints that do not state a permission: {string.Join(", ", silent)}.");
    }
}
