using System.Globalization;
using System.Text;
using Entrepot.Core.Faults;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace Entrepot.Server.Http;

/// <summary>Answers GET and HEAD for bytes at rest: conditions (RFC 9110 §13), ranges (§14), validators and digests. Knows nothing of
/// where the bytes come from.</summary>
public static class ContentResponder
{
    /// <summary>Sends the answer.</summary>
    public static Task RespondAsync(HttpContext context, ContentHeaders headers, IContentBody body)
    {
        var request = context.Request;
        var response = context.Response;
        if (!HttpMethods.IsGet(request.Method) && !HttpMethods.IsHead(request.Method))
            return MethodNotAllowedAsync(context, "GET, HEAD");

        response.Headers.ETag = headers.ETag;
        response.Headers.CacheControl = headers.CacheControl;
        response.Headers["Repr-Digest"] = headers.ReprDigest;
        response.Headers.AcceptRanges = "bytes";
        response.Headers.XContentTypeOptions = "nosniff";
        if (headers.LastModified.Count > 0)
            response.Headers.LastModified = headers.LastModified;

        switch (Preconditions.Evaluate(request.Headers, headers))
        {
            case PreconditionOutcome.NotModified:
                response.StatusCode = StatusCodes.Status304NotModified;
                return Task.CompletedTask;
            case PreconditionOutcome.Failed:
                return FaultResponses.WriteAsync(
                    context, Fault.Of(HttpFault.Precondition, FaultKind.PreconditionFailed, $"The file is now {headers.Digest}.", "Fetch it again without the condition."));
            default:
                break;
        }

        response.Headers.ContentType = headers.ContentType;
        // Range is defined for GET only (RFC 9110 §14.2); HEAD ignores it.
        var range = HttpMethods.IsGet(request.Method) ? request.Headers.Range : StringValues.Empty;
        if (StringValues.IsNullOrEmpty(range) || !Preconditions.RangeApplies(request.Headers, headers))
            return WholeAsync(context, body);

        return ByteRanges.Resolve(range.ToString(), body.Size, out var ranges) switch
        {
            RangeOutcome.Whole => WholeAsync(context, body),
            RangeOutcome.Unsatisfiable => UnsatisfiableAsync(context, body),
            _ when ranges.Count == 1 => SingleAsync(context, body, ranges[0]),
            _ => MultipleAsync(context, headers, body, ranges),
        };
    }

    /// <summary>405 with the methods that would do.</summary>
    public static Task MethodNotAllowedAsync(HttpContext context, string allowed, string? cure = null)
    {
        // The problem document replaces all headers, so this one is added when the answer starts.
        context.Response.OnStarting(
            static state =>
            {
                var (response, methods) = ((HttpResponse, string))state;
                response.Headers.Allow = methods;
                return Task.CompletedTask;
            },
            (context.Response, allowed));
        return FaultResponses.WriteAsync(
            context, Fault.Of(HttpFault.Method, FaultKind.Invalid, $"{context.Request.Method} is not answered here.", cure ?? $"Use {allowed}."),
            status: StatusCodes.Status405MethodNotAllowed);
    }

    private static Task WholeAsync(HttpContext context, IContentBody body)
    {
        context.Response.ContentLength = body.Size;
        return HttpMethods.IsHead(context.Request.Method) || body.Size == 0
            ? Task.CompletedTask
            : body.SendAsync(context.Response.BodyWriter, 0, body.Size, context.RequestAborted).AsTask();
    }

    private static Task SingleAsync(HttpContext context, IContentBody body, ByteRange range)
    {
        var response = context.Response;
        response.StatusCode = StatusCodes.Status206PartialContent;
        response.ContentLength = range.Length;
        response.Headers.ContentRange = ContentRange(range, body.Size);
        return body.SendAsync(response.BodyWriter, range.Offset, range.Length, context.RequestAborted).AsTask();
    }

    private static Task UnsatisfiableAsync(HttpContext context, IContentBody body)
    {
        var response = context.Response;
        response.OnStarting(
            static state =>
            {
                var (answer, size) = ((HttpResponse, long))state;
                answer.Headers.ContentRange = string.Create(CultureInfo.InvariantCulture, $"bytes */{size}");
                return Task.CompletedTask;
            },
            (response, body.Size));
        return FaultResponses.WriteAsync(
            context,
            Fault.Of(
                HttpFault.Range, FaultKind.Invalid, $"None of the ranges '{context.Request.Headers.Range}' lies within {body.Size} bytes.",
                "Ask for a range inside the file."),
            status: StatusCodes.Status416RangeNotSatisfiable);
    }

    /// <summary>multipart/byteranges (RFC 9110 §14.6), with its length known beforehand.</summary>
    private static async Task MultipleAsync(HttpContext context, ContentHeaders headers, IContentBody body, List<ByteRange> ranges)
    {
        var response = context.Response;
        // Made of the content's own digest, which the content cannot contain.
        var boundary = headers.Digest.Hex[..32];
        var heads = ranges.ConvertAll(range => Encoding.ASCII.GetBytes(
            $"\r\n--{boundary}\r\nContent-Type: {headers.ContentType}\r\nContent-Range: {ContentRange(range, body.Size)}\r\n\r\n"));
        var end = Encoding.ASCII.GetBytes($"\r\n--{boundary}--\r\n");
        response.StatusCode = StatusCodes.Status206PartialContent;
        response.ContentType = $"multipart/byteranges; boundary={boundary}";
        response.ContentLength = heads.Sum(static head => (long)head.Length) + ranges.Sum(static range => range.Length) + end.Length;
        var writer = response.BodyWriter;
        for (var i = 0; i < ranges.Count; i++)
        {
            await writer.WriteAsync(heads[i], context.RequestAborted);
            await body.SendAsync(writer, ranges[i].Offset, ranges[i].Length, context.RequestAborted);
        }

        await writer.WriteAsync(end, context.RequestAborted);
    }

    private static string ContentRange(ByteRange range, long size)
        => string.Create(CultureInfo.InvariantCulture, $"bytes {range.Offset}-{range.Last}/{size}");
}
