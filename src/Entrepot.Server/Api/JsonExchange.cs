using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Entrepot.Core.Faults;
using Entrepot.Server.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Entrepot.Server.Api;

/// <summary>Reads and writes the documents of the API.</summary>
internal static class JsonExchange
{
    /// <summary>Media type of every document.</summary>
    public const string Json = "application/json";

    /// <summary>Largest small document in bytes: orders and settings.</summary>
    public const long SmallDocument = 64 << 10;

    /// <summary>Reads the request's body.</summary>
    /// <param name="context">The request.</param>
    /// <param name="type">The document's shape.</param>
    /// <param name="maxBytes">A larger body is answered with 413.</param>
    /// <exception cref="FaultException"><see cref="HttpFault.Body"/>, saying where in the document the error is.</exception>
    public static async Task<T> ReadAsync<T>(HttpContext context, JsonTypeInfo<T> type, long maxBytes)
        where T : class
    {
        // Only a declared type is taken: a web page can send any other to a loopback address without being asked for leave (CORS).
        if (!context.Request.HasJsonContentType())
            throw Fault.Of(
                HttpFault.Body, FaultKind.Invalid, $"The body is '{context.Request.ContentType}', but {Json} is needed.",
                $"Send 'Content-Type: {Json}'.").ToException();
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
            limit.MaxRequestBodySize = maxBytes;
        try
        {
            return await JsonSerializer.DeserializeAsync(context.Request.Body, type, context.RequestAborted)
                ?? throw Malformed("The body is null.", null);
        }
        catch (JsonException error)
        {
            throw Malformed($"The body is not a {typeof(T).Name}: {error.Message}", error);
        }
    }

    /// <summary>Writes the answer.</summary>
    public static Task WriteAsync<T>(HttpContext context, T document, JsonTypeInfo<T> type, int status = StatusCodes.Status200OK)
    {
        // Whole, so that the length is known and an error in writing can still be told.
        var body = PlainJson.Write(document, type);
        var response = context.Response;
        response.StatusCode = status;
        response.ContentType = Json;
        response.Headers.XContentTypeOptions = "nosniff";
        response.ContentLength = body.Length;
        return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask : response.Body.WriteAsync(body, context.RequestAborted).AsTask();
    }

    private static FaultException Malformed(string message, Exception? inner)
        => Fault.Of(HttpFault.Body, FaultKind.Invalid, message, "The reference page describes the document.").ToException(inner);
}
