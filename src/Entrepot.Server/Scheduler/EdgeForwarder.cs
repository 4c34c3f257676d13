using System.Globalization;
using System.Net;
using Entrepot.Mirror.Routing;
using Entrepot.Server.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;
using Yarp.ReverseProxy.Forwarder;

namespace Entrepot.Server.Scheduler;

/// <summary>Shapes one forwarded request: what goes to the edge, and which of its answers may reach the client.</summary>
internal sealed class EdgeForwarder(EdgeState edge, ServedFile file, string entityTag, Action<HttpResponse> describe) : HttpTransformer
{
    /// <summary>What an edge needs to know of the client's request. Credentials and cookies are none of its business.</summary>
    private static readonly string[] Passed =
    [
        HeaderNames.Range, HeaderNames.IfRange, HeaderNames.IfMatch, HeaderNames.IfNoneMatch, HeaderNames.IfModifiedSince,
        HeaderNames.IfUnmodifiedSince, HeaderNames.UserAgent,
    ];

    /// <summary>Why the edge's answer was not passed on, or null.</summary>
    public string? Refused { get; private set; }

    /// <summary>The client that all forwarded requests share.</summary>
    public static HttpMessageInvoker CreateClient(SchedulerOptions options) => new(
        options.EdgeHandler?.Invoke(options.ConnectTimeout) ?? NodeHandler.CreateClear(options.ConnectTimeout),
        disposeHandler: true);

    /// <summary>How requests are forwarded.</summary>
    public static ForwarderRequestConfig ConfigOf(SchedulerOptions options)
        => new() { ActivityTimeout = options.ActivityTimeout, Version = HttpVersion.Version11, VersionPolicy = HttpVersionPolicy.RequestVersionExact };

    /// <inheritdoc/>
    public override ValueTask TransformRequestAsync(
        HttpContext httpContext, HttpRequestMessage proxyRequest, string destinationPrefix, CancellationToken cancellationToken)
    {
        proxyRequest.RequestUri = new Uri(edge.Url + file.PinnedAddress);
        foreach (var name in Passed)
        {
            var values = httpContext.Request.Headers[name];
            if (!StringValues.IsNullOrEmpty(values))
                proxyRequest.Headers.TryAddWithoutValidation(name, values.ToArray());
        }

        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public override async ValueTask<bool> TransformResponseAsync(
        HttpContext httpContext, HttpResponseMessage? proxyResponse, CancellationToken cancellationToken)
    {
        if (proxyResponse is null)
            return false;  // the forwarder's error says why
        Refused = ReasonToRefuse(proxyResponse);
        if (Refused is not null)
            return false;
        await base.TransformResponseAsync(httpContext, proxyResponse, cancellationToken);
        describe(httpContext.Response);
        return true;
    }

    private string? ReasonToRefuse(HttpResponseMessage answer)
    {
        var status = (int)answer.StatusCode;
        if (status is not (200 or 206 or 304 or 412 or 416))
            return $"it answered {status}";
        // The tag is the digest. Without it the answer may be anybody's: of whoever listens now where an edge was.
        if (status is 200 or 206 or 304 && answer.Headers.ETag?.Tag != entityTag)
            return $"it offered {answer.Headers.ETag?.Tag ?? "something without an entity tag"}";
        var content = answer.Content.Headers;
        if (status == 200 && content.ContentLength != file.Entry.Size)
            return $"it offered {content.ContentLength?.ToString(CultureInfo.InvariantCulture) ?? "an unknown number of"} bytes of {file.Entry.Size}";
        return status is 206 or 416 && content.ContentRange is { } range && range.Length != file.Entry.Size
            ? $"it offered the range {range} of {file.Entry.Size} bytes"
            : null;
    }
}
