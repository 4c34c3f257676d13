using Entrepot.Core.Faults;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Entrepot.Server.Http;

/// <summary>Gives a body to refusals that the framework makes with a bare status code, so that every error is a problem document.</summary>
public static class BareAnswers
{
    /// <summary>Adds the step; it comes inside of <see cref="FaultResponses.UseFaults"/>.</summary>
    public static IApplicationBuilder UseExplainedAnswers(this IApplicationBuilder app)
        => app.Use(static async (context, next) =>
        {
            await next(context);
            var response = context.Response;
            if (response.HasStarted || response.StatusCode < StatusCodes.Status400BadRequest || response.ContentType is not null || response.ContentLength is not null)
                return;
            await (response.StatusCode switch
            {
                StatusCodes.Status404NotFound => FaultResponses.WriteAsync(
                    context,
                    Fault.Of(HttpFault.NotFound, FaultKind.NotFound, $"Nothing is at '{RequestTarget.RawPath(context)}'.", "The reference page of the metadata surface lists every address.")),
                StatusCodes.Status405MethodNotAllowed => ContentResponder.MethodNotAllowedAsync(context, response.Headers.Allow.ToString()),
                StatusCodes.Status400BadRequest => FaultResponses.WriteAsync(
                    context,
                    Fault.Of(HttpFault.Body, FaultKind.Invalid, $"A parameter of '{context.Request.QueryString}' is not well formed.", "The reference page of the metadata surface describes the parameters.")),
                _ => Task.CompletedTask,
            });
        });
}
