using Entrepot.Server.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Entrepot.Server.Api;

/// <summary>What the OpenAPI document says of an endpoint.</summary>
internal static class EndpointDescriptions
{
    /// <summary>Gives an endpoint its operation id, one line, and what else a caller should know.</summary>
    public static RouteHandlerBuilder Describe(this RouteHandlerBuilder endpoint, string name, string summary, string description)
        => endpoint.WithName(name).WithSummary(summary).WithDescription(description);

    /// <summary>Names the body. Unlike <c>Accepts</c> this only documents: what a wrong media type is answered with is up to the
    /// endpoint, and bytes are taken under any.</summary>
    public static RouteHandlerBuilder Takes<T>(this RouteHandlerBuilder endpoint, string mediaType)
        => endpoint.WithMetadata(new TakenBody(typeof(T), mediaType));

    /// <summary>Names the refusals, each a problem document.</summary>
    public static RouteHandlerBuilder Refuses(this RouteHandlerBuilder endpoint, params ReadOnlySpan<int> statuses)
    {
        foreach (var status in statuses)
            endpoint.Produces<ProblemDocument>(status, FaultResponses.ProblemJson);
        return endpoint;
    }
}

/// <summary>What an endpoint takes as its body, for the OpenAPI document.</summary>
/// <param name="Type">The document, or <see cref="Stream"/> for bytes.</param>
/// <param name="MediaType">The media type.</param>
internal sealed record TakenBody(Type Type, string MediaType);
