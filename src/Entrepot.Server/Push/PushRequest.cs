using System.Collections.Immutable;
using System.Text.Json;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Mirror.Integrity;
using Entrepot.Server.Api;
using Entrepot.Server.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Entrepot.Server.Push;

/// <summary>A request that brings bytes, read from its address and headers; its body is untouched.</summary>
/// <param name="Order">What is to happen with the bytes.</param>
/// <param name="Digests">What it states about them.</param>
/// <param name="ContentLength">Bytes of the body, or null when it comes in chunks.</param>
/// <param name="Upload">What it says about resumption.</param>
internal sealed record PushRequest(PushOrder Order, StatedDigests Digests, long? ContentLength, UploadHeaders Upload)
{
    /// <summary>Reads the request, or answers it when it is not well formed: with every error at once.</summary>
    /// <returns>Null when it has been answered.</returns>
    public static async Task<PushRequest?> ReadAsync(HttpContext context, MirrorName? mirror, ContentPath? path, Sha256Digest? digest)
    {
        var headers = context.Request.Headers;
        var faults = ImmutableArray.CreateBuilder<Fault>();
        if (headers.ContentRange.Count > 0)
            faults.Add(Fault.Of(
                PushFault.Encoding, FaultKind.Invalid, "A part of a file can't be put (RFC 9110 §14.5).",
                "Send the whole file, or use a resumable upload."));
        var digests = ExpectationHeaders.Read(headers, out var malformed);
        faults.AddRange(malformed);
        if (digest is { } named)
            digests = digests with
            {
                Representation = digests.Representation.Insert(0, new StatedChecksum(ChecksumAlgorithm.Sha256, named.Hex, "The address")),
            };
        var modified = path is null ? null : PushHeaders.ReadModified(headers, faults);
        var condition = path is null ? null : PushHeaders.ReadCondition(headers, faults);
        if (faults.Count > 0)
        {
            await RefuseAsync(context, faults);
            return null;
        }

        if (headers.ContentEncoding.ToString() is { Length: > 0 } coding && !coding.Equals("identity", StringComparison.OrdinalIgnoreCase))
        {
            await FaultResponses.WriteAsync(
                context,
                Fault.Of(
                    PushFault.Encoding, FaultKind.Unsupported, $"The body is encoded as '{coding}', and files are kept as they are sent.",
                    "Send the file without Content-Encoding."),
                status: StatusCodes.Status415UnsupportedMediaType);
            return null;
        }

        // The limit is our own, so that it is reported like every other refusal.
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
            limit.MaxRequestBodySize = null;
        var order = new PushOrder(mirror, path, digest, modified, condition, Requester.ActorOf(context));
        return new PushRequest(order, digests, context.Request.ContentLength, UploadHeaders.Read(headers));
    }

    private static Task RefuseAsync(HttpContext context, ImmutableArray<Fault>.Builder faults)
    {
        if (faults.Count == 1)
            return FaultResponses.WriteAsync(context, faults[0]);
        var summary = Fault.Of(
            HttpFault.Headers, FaultKind.Invalid, $"{faults.Count} headers are not well formed: " + string.Join(" ", faults.Select(static fault => fault.Message)),
            "Each error says what is wrong with its header.");
        var errors = faults.Select(static fault => new ErrorDocument(fault.Code, fault.Message, fault.Cure)).ToList();
        return FaultResponses.WriteAsync(
            context, summary,
            new Dictionary<string, JsonElement>(StringComparer.Ordinal)
            {
                ["errors"] = JsonSerializer.SerializeToElement(errors, ApiJson.Default.IReadOnlyListErrorDocument),
            });
    }
}
