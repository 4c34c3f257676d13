using System.Security.Cryptography;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Server.Access;
using Entrepot.Server.Api;
using Entrepot.Server.Http;
using Entrepot.Trust.Access;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Entrepot.Server.Metadata;

/// <summary>The built-in registry of services.</summary>
internal static class ServiceReads
{
    /// <summary>Adds the endpoints.</summary>
    public static void MapServiceReads(this IEndpointRouteBuilder routes, Func<IReadOnlyList<ServiceDocument>> services)
    {
        routes.MapRead("/v1/services", (HttpContext context) => WriteAsync(context, services()))
            .Needs(Permission.NetworkRead)
            .Describe("ListServices", "List the running services", "Every instance that takes clients, by service and node. With If-None-Match an unchanged list is answered with 304.")
            .Produces<IReadOnlyList<ServiceDocument>>()
            .Produces(StatusCodes.Status304NotModified);
        routes.MapRead("/v1/services/{name}", (HttpContext context, string name) => WriteAsync(context, Of(Checked(name))))
            .Needs(Permission.NetworkRead)
            .Describe("GetService", "Find the instances of a service", "Empty when none takes clients now. With If-None-Match an unchanged list is answered with 304.")
            .Produces<IReadOnlyList<ServiceDocument>>()
            .Produces(StatusCodes.Status304NotModified)
            .Refuses(400);

        IReadOnlyList<ServiceDocument> Of(string name) => [.. services().Where(service => service.Service == name)];
    }

    /// <summary>Services are named as nodes are.</summary>
    private static string Checked(string name) => NodeName.TryParse(name, out _, out _)
        ? name
        : throw Fault.Of(HttpFault.Body, FaultKind.Invalid, $"'{name}' is not the name of a service.", "Use 1–63 characters of a–z, 0–9 and '-'.").ToException();

    private static Task WriteAsync(HttpContext context, IReadOnlyList<ServiceDocument> services)
    {
        var digest = SHA256.HashData(PlainJson.Write(services, ApiJson.Default.IReadOnlyListServiceDocument).Span);
        return Validators.IsCurrent(context, $"\"{Convert.ToHexStringLower(digest.AsSpan(0, 16))}\"")
            ? Task.CompletedTask
            : JsonExchange.WriteAsync(context, services, ApiJson.Default.IReadOnlyListServiceDocument);
    }
}
