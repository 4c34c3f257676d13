using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Entrepot.Core.Faults;
using Entrepot.Mirror.Blobs;
using Entrepot.Mirror.Integrity;

namespace Entrepot.Mirror.Replication;

/// <summary>Pieces by HTTP range requests (RFC 9110 §14), from any server that has the blob under an address.</summary>
public sealed class HttpPieceSource : IPieceSource
{
    /// <summary>Longest problem document that is read, in bytes.</summary>
    private const int MaxProblem = 16 * 1024;

    /// <summary>Longest text that is taken over from one, in UTF-16 units.</summary>
    private const int MaxText = 1000;

    private static readonly string DamagedCode = Fault.CodeOf(BlobFault.Damaged);

    private readonly HttpClient _client;
    private readonly Func<Fingerprint, Uri> _address;
    private readonly bool _onlyIfHeld;

    private HttpPieceSource(HttpClient client, string name, Func<Fingerprint, Uri> address, bool onlyIfHeld)
        => (_client, Name, _address, _onlyIfHeld) = (client, name, address, onlyIfHeld);

    /// <inheritdoc/>
    public string Name { get; }

    /// <summary>A node that serves <c>/v1/blobs/{digest}</c>.</summary>
    /// <param name="client">Its own time-out should be infinite: slowness is judged by <see cref="TransferLimits"/>.</param>
    /// <param name="name">For logs and errors.</param>
    /// <param name="baseUrl">Without a trailing slash.</param>
    /// <param name="onlyIfHeld">True to ask with <c>Cache-Control: only-if-cached</c> (RFC 9111 §5.2.1.7), so that two edges never
    /// wait for each other.</param>
    /// <param name="sign">Adds to an address what proves that it may be asked for; null for nothing.</param>
    public static HttpPieceSource ForNode(HttpClient client, string name, string baseUrl, bool onlyIfHeld = false, Func<Uri, Uri>? sign = null)
    {
        var prefix = baseUrl.TrimEnd('/') + "/v1/blobs/";
        return new HttpPieceSource(client, name, blob => sign is null ? new Uri(prefix + blob.Digest) : sign(new Uri(prefix + blob.Digest)), onlyIfHeld);
    }

    /// <summary>One address that has the blob's bytes.</summary>
    public static HttpPieceSource ForAddress(HttpClient client, string name, Uri address) => new(client, name, _ => address, onlyIfHeld: false);

    /// <inheritdoc/>
    public async ValueTask<Stream> OpenAsync(Fingerprint blob, int piece, CancellationToken cancellation)
    {
        var (offset, length) = (blob.OffsetOf(piece), blob.LengthOf(piece));
        using var request = new HttpRequestMessage(HttpMethod.Get, _address(blob));
        if (length != blob.Size)
            request.Headers.Range = new RangeHeaderValue(offset, offset + length - 1);
        if (_onlyIfHeld)
            request.Headers.CacheControl = new CacheControlHeaderValue { OnlyIfCached = true };
        var response = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
        try
        {
            if (Objection(response, blob.Size, offset, length) is { } failure)
                throw (await ExplainAsync(failure, response, cancellation)).ToException();
            return await response.Content.ReadAsStreamAsync(cancellation);
        }
        catch
        {
            response.Dispose();
            throw;
        }
    }

    private static SourceFailure? Objection(HttpResponseMessage response, long size, long offset, int length)
    {
        var status = (int)response.StatusCode;
        var content = response.Content.Headers;
        return response.StatusCode switch
        {
            HttpStatusCode.NotFound or HttpStatusCode.Gone => new SourceFailure(ReplicationFault.NotHeld, Text($"does not have it ({status})")),
            HttpStatusCode.GatewayTimeout => new SourceFailure(ReplicationFault.NotHeld, Text($"does not hold it and can't get it ({status})")),
            HttpStatusCode.OK when length != size => new SourceFailure(ReplicationFault.Refused, "ignores ranges"),
            HttpStatusCode.PartialContent when content.ContentRange is not { } range || range.From != offset || range.To != offset + length - 1
                => new SourceFailure(ReplicationFault.Refused, Text($"sent the range '{content.ContentRange}' instead of bytes {offset}-{offset + length - 1}")),
            HttpStatusCode.PartialContent when content.ContentRange.Length is { } whole && whole != size
                => new SourceFailure(ReplicationFault.Lied, Text($"says the whole has {whole} bytes, not {size}")),
            HttpStatusCode.OK or HttpStatusCode.PartialContent when content.ContentEncoding.Count > 0
                => new SourceFailure(ReplicationFault.Refused, "sent it encoded"),
            HttpStatusCode.OK or HttpStatusCode.PartialContent when content.ContentLength is { } announced && announced != length
                => new SourceFailure(ReplicationFault.Lied, Text($"announces {announced} bytes instead of {length}")),
            HttpStatusCode.OK or HttpStatusCode.PartialContent => null,
            _ => new SourceFailure(ReplicationFault.Refused, Text($"answered {status} {response.ReasonPhrase}")),
        };
    }

    /// <summary>Adds what a problem document (RFC 9457) says of a refusal. The source need not be trusted: it is cut to a readable length.</summary>
    private static async Task<SourceFailure> ExplainAsync(SourceFailure failure, HttpResponseMessage response, CancellationToken cancellation)
    {
        if (failure.Reason != ReplicationFault.Refused || response.Content.Headers.ContentType?.MediaType is not "application/problem+json")
            return failure;
        try
        {
            await response.Content.LoadIntoBufferAsync(MaxProblem, cancellation);
            await using var body = await response.Content.ReadAsStreamAsync(cancellation);
            using var problem = await JsonDocument.ParseAsync(body, default, cancellation);
            var (detail, cure) = (Member("detail"), Member("cure"));
            // One that knows its copy to be damaged says so; everything else it has may be good.
            if (response.StatusCode == HttpStatusCode.ServiceUnavailable && Member("code") == DamagedCode)
                return new SourceFailure(ReplicationFault.Damaged, detail is null ? "says that its copy is damaged" : $"says that its copy is damaged: {detail}", cure);
            return detail is null ? failure : failure with { Detail = $"{failure.Detail}: {detail}", Cure = cure };

            string? Member(string name)
                => problem.RootElement.ValueKind == JsonValueKind.Object && problem.RootElement.TryGetProperty(name, out var value)
                    && value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 } text ? text[..Math.Min(text.Length, MaxText)] : null;
        }
        catch (Exception error) when (error is JsonException or IOException or HttpRequestException)
        {
            // Then the status has to do.
            return failure;
        }
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
