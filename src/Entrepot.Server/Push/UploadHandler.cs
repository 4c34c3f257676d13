using System.Text.Json;
using Entrepot.Core.Faults;
using Entrepot.Mirror.Uploads;
using Entrepot.Server.Http;
using Entrepot.Server.Registry;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace Entrepot.Server.Push;

/// <summary>Resumable uploads (draft-ietf-httpbis-resumable-upload-12): creation, and the upload resource <c>/v1/uploads/ID</c>.
/// Interim 104 responses are not sent, because the HTTP server can't; a client learns the upload's address from the answer to an
/// empty creation ("careful upload creation" in the draft).</summary>
internal sealed class UploadHandler(PushService service, ILogger logger)
{
    private const string Types = "https://iana.org/assignments/http-problem-types#";

    /// <summary>Creation with <c>Upload-Complete: ?0</c>, with or without a first part of the content.</summary>
    public async Task CreateAsync(HttpContext context, PushRequest request)
    {
        if (request is { Upload.Length: { } whole, ContentLength: { } part } && part > whole)
        {
            await InconsistentAsync(context, $"Upload-Length is {whole}, but the first content alone has {part} bytes.");
            return;
        }

        var order = JsonSerializer.Serialize(request.Order, PushJson.Default.PushOrder);
        var session = service.Uploads.Create(order, request.Upload.Length, request.Digests.Representation);
        Announce(context, session);
        // Nobody else knows the upload, so this does not wait, and a client that goes away now can't leave it behind.
        await using var lease = await session.AcquireAsync(append: true, CancellationToken.None);
        try
        {
            if (request.ContentLength is not 0)
                await ReceiveAsync(context, lease, request.Digests);
        }
        catch
        {
            // The client does not know the upload's address yet: nobody could go on with it.
            await lease.RemoveAsync();
            throw;
        }

        context.Response.StatusCode = StatusCodes.Status201Created;
        context.Response.Headers.Location = $"/v1/uploads/{session.State.Id}";
        context.Response.ContentLength = 0;
    }

    /// <summary>HEAD: how far the upload is.</summary>
    public async Task HeadAsync(HttpContext context, string id)
    {
        var session = Find(context, id);
        // The offset that is told must be one that can be continued from, so whoever still writes ends first.
        await using var lease = await session.AcquireAsync(append: false, context.RequestAborted);
        var response = context.Response;
        response.StatusCode = StatusCodes.Status204NoContent;
        response.Headers.CacheControl = "no-store";
        UploadHeaders.Write(response.Headers, service.Uploads, session.State);
        if (OutcomeOf(session.State) is not { } outcome)
            return;
        // For a sender that missed the answer.
        response.Headers.ETag = ContentHeaders.EntityTag(outcome.Result.Digest);
        response.Headers["Repr-Digest"] = ContentHeaders.Representation(outcome.Result.Digest);
        if (outcome.Location is { } location)
            response.Headers.Location = location;
    }

    /// <summary>DELETE: the sender gives up.</summary>
    public async Task CancelAsync(HttpContext context, string id)
    {
        await using var lease = await Find(context, id).AcquireAsync(append: false, context.RequestAborted);
        await lease.RemoveAsync();
        context.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    /// <summary>PATCH: the next part of the content, or the last.</summary>
    public async Task AppendAsync(HttpContext context, string id)
    {
        var session = Find(context, id);
        if (!await IsPartialUploadAsync(context))
            return;
        var digests = ExpectationHeaders.Parse(context.Request.Headers);
        var (complete, length, offset) = ReadRequired(context.Request);
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
            limit.MaxRequestBodySize = null;
        var answer = Announce(context, session);
        await using var lease = await session.AcquireAsync(append: true, context.RequestAborted);
        if (await RefuseAsync(context, lease, complete, length, offset))
            return;
        await lease.StateAsync(digests.Representation);
        try
        {
            if (session.State.Verified is null)
                await ReceiveAsync(context, lease, digests);
        }
        catch (OperationCanceledException) when (lease.Superseded.IsCancellationRequested)
        {
            // The draft has the older request cut abruptly: its client has given it up.
            Log.UploadTakenOver(logger, session.State.Id.Prefix, lease.State.Offset);
            context.Abort();
            return;
        }
        catch (Exception) when (context.RequestAborted.IsCancellationRequested)
        {
            Log.UploadInterrupted(logger, session.State.Id.Prefix, lease.State.Offset);
            throw;
        }

        if (complete)
            await FinishAsync(context, lease, answer);
        else
            context.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    /// <summary>400 with the problem type of the draft for lengths that contradict each other.</summary>
    public static Task InconsistentAsync(HttpContext context, string message)
        => FaultResponses.WriteAsync(
            context, Fault.Of(UploadFault.InconsistentLength, FaultKind.Invalid, message, "Announce one length and keep to it."),
            type: Types + "inconsistent-upload-length");

    /// <summary>An upload that the requester may go on with: its mirror is among those that the credential is for.</summary>
    private UploadSession Find(HttpContext context, string id)
    {
        var session = service.Uploads.Find(id);
        if (session.State.Order.StartsWith(RegistryUploads.Mark, StringComparison.Ordinal))
            throw Fault.Of(UploadFault.NotFound, FaultKind.NotFound, "This upload is a registry's.", "Go on with it at its own address.").ToException();
        if (OrderOf(session.State).Mirror is { } mirror)
            Requester.RequireMirror(context, mirror);
        return session;
    }

    private static PushOrder OrderOf(UploadState state) => JsonSerializer.Deserialize(state.Order, PushJson.Default.PushOrder)!;

    private static PushOutcome? OutcomeOf(UploadState state)
        => state.Outcome is { } text ? JsonSerializer.Deserialize(text, PushJson.Default.PushOutcome) : null;

    /// <summary>Has every answer to this request, refusals too, tell the upload's state.</summary>
    private Answer Announce(HttpContext context, UploadSession session)
    {
        var answer = new Answer();
        context.Response.OnStarting(() =>
        {
            if (answer.IsFinal)
                UploadHeaders.WriteFinal(context.Response.Headers);
            else
                UploadHeaders.Write(context.Response.Headers, service.Uploads, session.State);
            return Task.CompletedTask;
        });
        return answer;
    }

    private async Task ReceiveAsync(HttpContext context, UploadLease lease, StatedDigests digests)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, lease.Superseded);
        using var turn = await service.Gate.EnterAsync(either.Token);
        await lease.WarmAsync(either.Token);
        using var hasher = ContentHasher.For(digests.Content);
        // Content that was stated is taken whole or not at all; other content as far as it comes.
        lease.AllOrNothing = hasher is not null;
        try
        {
            await BodyCopier.CopyAsync(
                context.Request.BodyReader,
                part =>
                {
                    hasher?.Append(part.Span);
                    return lease.AppendAsync(part);
                },
                either.Token);
            hasher?.Verify();
        }
        catch
        {
            if (hasher is null)
                await lease.CheckpointAsync();
            else
                await lease.RevertAsync();
            throw;
        }

        await lease.CheckpointAsync();
    }

    private async Task FinishAsync(HttpContext context, UploadLease lease, Answer answer)
    {
        var order = OrderOf(lease.State);
        if (lease.State.Length is { } length && length != lease.State.Offset)
        {
            await InconsistentAsync(context, $"The upload was announced with {length} bytes, but ends at {lease.State.Offset}.");
            return;
        }

        answer.IsFinal = true;
        PushOutcome outcome;
        try
        {
            outcome = await service.FinishAsync(order with { Actor = Requester.ActorOf(context) }, await lease.StoreAsync());
        }
        catch (Exception error) when (MayPass(error))
        {
            // It says nothing about the bytes: they stay, and an empty PATCH finishes the upload later.
            answer.IsFinal = false;
            Log.UploadNotFinished(logger, lease.State.Id.Prefix, error.Message);
            throw;
        }
        catch
        {
            // The answer is final: sending the same bytes again would end the same way.
            await lease.RemoveAsync();
            throw;
        }

        await lease.FinishAsync(JsonSerializer.Serialize(outcome, PushJson.Default.PushOutcome));
        await PushHandler.AnswerAsync(context, service, outcome);
    }

    /// <summary>True for a failure of this node, such as a full disk, and false for what the bytes or the request are to blame for.</summary>
    private static bool MayPass(Exception error)
        => error is not FaultException { Fault.Kind: not (FaultKind.Exhausted or FaultKind.Unavailable or FaultKind.Internal) };

    private async Task<bool> RefuseAsync(HttpContext context, UploadLease lease, bool complete, long? length, long offset)
    {
        var (state, content) = (lease.State, context.Request.ContentLength);
        if (state.IsComplete)
        {
            await (content is > 0 ? InconsistentAsync(context, "The upload is complete; no byte can be appended.") : CompletedAsync(context, state));
            return true;
        }

        if (offset != state.Offset)
        {
            await MismatchAsync(context, state.Offset, offset);
            return true;
        }

        if (state.Verified is not null && (!complete || content is > 0 || context.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: true } && content is null))
        {
            await InconsistentAsync(context, $"All {state.Offset} bytes of the upload are here; an empty PATCH with 'Upload-Complete: ?1' finishes it.");
            return true;
        }

        try
        {
            if (length is { } whole)
                lease.Announce(whole);
            if (complete && content is { } last)
                lease.Announce(offset + last);
            if (content is { } part && state.Length is { } known && offset + part > known)
            {
                await InconsistentAsync(context, $"The upload was announced with {known} bytes, but this request would reach {offset + part}.");
                return true;
            }

            service.CheckSize(offset + (content ?? 0));
            return false;
        }
        catch (FaultException error) when (error.Fault.Is(UploadFault.InconsistentLength))
        {
            await InconsistentAsync(context, error.Fault.Message);
            return true;
        }
    }

    private static Task MismatchAsync(HttpContext context, long expected, long provided)
        => FaultResponses.WriteAsync(
            context,
            Fault.Of(
                UploadFault.OffsetMismatch, FaultKind.Conflict, $"The upload is at {expected}, and the request continues at {provided}.",
                $"Continue at {expected}."),
            new Dictionary<string, JsonElement>(StringComparer.Ordinal)
            {
                ["expected-offset"] = JsonSerializer.SerializeToElement(expected, PushJson.Default.Int64),
                ["provided-offset"] = JsonSerializer.SerializeToElement(provided, PushJson.Default.Int64),
            },
            type: Types + "mismatching-upload-offset");

    private static Task CompletedAsync(HttpContext context, UploadState state)
        => FaultResponses.WriteAsync(
            context,
            Fault.Of(UploadFault.Completed, FaultKind.Invalid, "The upload is complete.", "Nothing more needs to be sent."),
            new Dictionary<string, JsonElement>(StringComparer.Ordinal)
            {
                ["outcome"] = JsonSerializer.SerializeToElement(OutcomeOf(state)!, PushJson.Default.PushOutcome),
            },
            type: Types + "completed-upload");

    private static async Task<bool> IsPartialUploadAsync(HttpContext context)
    {
        var type = context.Request.ContentType?.Split(';')[0].Trim();
        if (string.Equals(type, UploadHeaders.PartialUpload, StringComparison.OrdinalIgnoreCase))
            return true;
        context.Response.OnStarting(() =>
        {
            context.Response.Headers["Accept-Patch"] = UploadHeaders.PartialUpload;  // RFC 5789 §2.2
            return Task.CompletedTask;
        });
        await FaultResponses.WriteAsync(
            context,
            Fault.Of(
                UploadFault.MalformedHeader, FaultKind.Invalid, $"The content is '{type}'; an upload is continued with {UploadHeaders.PartialUpload}.",
                $"Send 'Content-Type: {UploadHeaders.PartialUpload}'."),
            status: StatusCodes.Status415UnsupportedMediaType);
        return false;
    }

    private static (bool Complete, long? Length, long Offset) ReadRequired(HttpRequest request)
    {
        var upload = UploadHeaders.Read(request.Headers);
        if (upload is { Complete: { } complete, Offset: { } offset })
            return (complete, upload.Length, offset);
        var missing = upload.Complete is null ? upload.Offset is null ? "Upload-Complete and Upload-Offset are" : "Upload-Complete is" : "Upload-Offset is";
        throw Fault.Of(
            UploadFault.MalformedHeader, FaultKind.Invalid, $"{missing} missing or malformed.",
            "Send for example 'Upload-Offset: 1000' and 'Upload-Complete: ?1'.").ToException();
    }

    /// <summary>Whose answer it is: the upload resource's, or the target's once all bytes are there.</summary>
    private sealed class Answer
    {
        public bool IsFinal { get; set; }
    }
}
