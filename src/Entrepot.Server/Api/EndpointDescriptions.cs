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

    /// <summary>Names the refusals, each a problem document.</summary>
    public static RouteHandlerBuilder Refuses(this RouteHandlerBuilder endpoint, params ReadOnlySpan<int> statuses)
    {
        foreach (var status in statuses)
            endpoint.Produces<ProblemDocument>(status, FaultResponses.ProblemJson);
        return endpoint;
    }
}
