using System.Text.Json;
using System.Text.Json.Serialization;
using Entrepot.Core.Faults;
using Entrepot.Server.Registry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Entrepot.Server.Http;

/// <summary>The one mapper from faults to HTTP: status code and RFC 9457 problem details.</summary>
public static class FaultResponses
{
    /// <summary>Media type of RFC 9457.</summary>
    public const string ProblemJson = "application/problem+json";

    /// <summary>Base of every problem type; the code follows. A URN, so nobody expects a page there.</summary>
    private const string TypePrefix = "urn:entrepot:fault:";

    /// <summary>Seconds after which a refused client may try again when nothing better is known.</summary>
    private const string RetryAfterSeconds = "5";

    /// <summary>The status code for a fault.</summary>
    public static int StatusOf(Fault fault) => fault.Kind switch
    {
        FaultKind.Invalid => StatusCodes.Status400BadRequest,
        FaultKind.NotFound => StatusCodes.Status404NotFound,
        FaultKind.Conflict => StatusCodes.Status409Conflict,
        FaultKind.PreconditionFailed => StatusCodes.Status412PreconditionFailed,
        FaultKind.Mismatch => StatusCodes.Status422UnprocessableEntity,
        FaultKind.TooLarge => StatusCodes.Status413PayloadTooLarge,
        FaultKind.Exhausted when fault.Code.EndsWith("/disk-full", StringComparison.Ordinal) => StatusCodes.Status507InsufficientStorage,
        FaultKind.Exhausted or FaultKind.Unavailable => StatusCodes.Status503ServiceUnavailable,
        FaultKind.Forbidden => StatusCodes.Status403Forbidden,
        FaultKind.Unsupported => StatusCodes.Status501NotImplemented,
        _ => StatusCodes.Status500InternalServerError,
    };

    /// <summary>Writes the problem document, unless the answer has begun: then the connection is cut, so that a client can't take
    /// a short body for a whole one.</summary>
    /// <param name="context">The request.</param>
    /// <param name="fault">Why it is refused.</param>
    /// <param name="extensions">Further members of the problem document (RFC 9457 §3.2).</param>
    /// <param name="status">A more exact status than <see cref="StatusOf"/> gives, such as 405 or 416.</param>
    /// <param name="type">A registered problem type; null for the URN of the fault's code.</param>
    public static Task WriteAsync(
        HttpContext context, Fault fault, IReadOnlyDictionary<string, JsonElement>? extensions = null, int? status = null, string? type = null)
    {
        var response = context.Response;
        if (response.HasStarted)
        {
            context.Abort();
            return Task.CompletedTask;
        }

        response.Clear();
        var code = response.StatusCode = status ?? StatusOf(fault);
        response.ContentType = ProblemJson;
        response.Headers.CacheControl = "no-store";
        response.Headers.XContentTypeOptions = "nosniff";
        if (code == StatusCodes.Status503ServiceUnavailable)
            response.Headers.RetryAfter = RetryAfterSeconds;
        if (RegistryErrors.IsRegistry(context))
            return RegistryErrors.WriteAsync(context, fault, code);
        var problem = new ProblemDocument(
            type ?? (TypePrefix + fault.Code), Title(fault.Kind), code, fault.Message, RequestTarget.RawPath(context).ToString(), fault.Code, fault.Cure)
        {
            Extensions = extensions?.ToDictionary(),
        };
        var body = PlainJson.Write(problem, ProblemJsonContext.Default.ProblemDocument);
        response.ContentLength = body.Length;
        return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask : response.Body.WriteAsync(body, context.RequestAborted).AsTask();
    }

    /// <summary>Turns every <see cref="FaultException"/> of the surface into its answer, and everything unexpected into a 500 that the log explains.</summary>
    public static IApplicationBuilder UseFaults(this IApplicationBuilder app, ILogger logger)
        => app.Use(async (context, next) =>
        {
            try
            {
                await next(context);
            }
            catch (FaultException error)
            {
                if (error.Fault.Kind == FaultKind.Internal)
                    Log.RequestFailed(logger, context.Request.Method, context.Request.Path.Value ?? "", context.TraceIdentifier, error);
                await WriteAsync(context, error.Fault);
            }
            catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
            {
                // The client went away: nobody reads an answer.
            }
            catch (BadHttpRequestException error)
            {
                var kind = error.StatusCode == StatusCodes.Status413PayloadTooLarge ? FaultKind.TooLarge : FaultKind.Invalid;
                await WriteAsync(context, Fault.Of(HttpFault.Body, kind, error.Message));
            }
            catch (Exception error)
            {
                Log.RequestFailed(logger, context.Request.Method, context.Request.Path.Value ?? "", context.TraceIdentifier, error);
                await WriteAsync(
                    context,
                    Fault.Of(HttpFault.Internal, FaultKind.Internal, $"The request failed; the log has it under {context.TraceIdentifier}."));
            }
        });

    private static string Title(FaultKind kind) => kind switch
    {
        FaultKind.Invalid => "The request is not valid",
        FaultKind.NotFound => "Not found",
        FaultKind.Conflict => "The state does not allow this",
        FaultKind.PreconditionFailed => "A stated condition does not hold",
        FaultKind.Mismatch => "The bytes are not what was stated",
        FaultKind.TooLarge => "Too large",
        FaultKind.Exhausted => "No room left",
        FaultKind.Forbidden => "Not allowed",
        FaultKind.Unavailable => "Not available now",
        FaultKind.Unsupported => "Not supported",
        _ => "Internal error",
    };
}

/// <summary>Problem details (RFC 9457 §3).</summary>
/// <param name="Type">URN of the reason.</param>
/// <param name="Title">The kind of problem in a few words.</param>
/// <param name="Status">The HTTP status code.</param>
/// <param name="Detail">One sentence that names the thing and the place.</param>
/// <param name="Instance">The request's path.</param>
/// <param name="Code">The fault's stable code, <c>feature/reason</c>.</param>
/// <param name="Cure">What the caller can do, or null.</param>
public sealed record ProblemDocument(string Type, string Title, int Status, string Detail, string Instance, string Code, string? Cure)
{
    /// <summary>Further members.</summary>
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Extensions { get; set; }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ProblemDocument))]
internal sealed partial class ProblemJsonContext : JsonSerializerContext;
