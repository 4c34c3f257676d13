using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Server.Api;
using Entrepot.Server.Http;
using Microsoft.AspNetCore.Http;

namespace Entrepot.Server.Push;

/// <summary>Answers the requests that put, replace and remove files and blobs.</summary>
internal sealed class PushHandler(PushService service, UploadHandler uploads)
{
    private const string FileMethods = "PUT, DELETE, OPTIONS, POST";
    private const string BlobMethods = "PUT, HEAD, OPTIONS, POST";

    /// <summary>PUT, or POST with <c>Upload-Complete</c>, of a file.</summary>
    public async Task PutFileAsync(HttpContext context)
    {
        var (mirror, path) = FileOf(context);
        if (!await IsResumableOrPutAsync(context, FileMethods) || await PushRequest.ReadAsync(context, mirror, path, null) is not { } request)
            return;
        await PutAsync(context, request);
    }

    /// <summary>PUT, or POST with <c>Upload-Complete</c>, of a blob.</summary>
    public async Task PutBlobAsync(HttpContext context, string digest)
    {
        var named = DigestOf(digest);
        if (!await IsResumableOrPutAsync(context, BlobMethods) || await PushRequest.ReadAsync(context, null, null, named) is not { } request)
            return;
        // A client that asked first is spared the sending; one that did not is already sending, and its bytes are compared as usual.
        if (context.Request.Headers.Expect.Count > 0 && request is { Upload.Complete: not false, Digests: { Content: [], Representation: [_] } }
            && service.Possession.Has(context, named) && service.FindBlob(named) is { } known)
        {
            await AnswerAsync(context, service, new PushOutcome(false, new PushResult(null, null, null, null, named, known.Size, false), null));
            return;
        }

        await PutAsync(context, request);
    }

    /// <summary>HEAD of a blob: whether it is stored here.</summary>
    public Task HeadBlobAsync(HttpContext context, string digest)
    {
        var named = DigestOf(digest);
        if (!service.Possession.Has(context, named) || service.FindBlob(named) is not { } known)
            throw Fault.Of(
                Mirror.Blobs.BlobFault.NotFound, FaultKind.NotFound, $"{named} is not stored here.", "Push it with PUT.").ToException();
        context.Response.ContentLength = known.Size;
        context.Response.Headers.ETag = ContentHeaders.EntityTag(named);
        return Task.CompletedTask;
    }

    /// <summary>DELETE of a file.</summary>
    public async Task DeleteFileAsync(HttpContext context)
    {
        var (mirror, path) = FileOf(context);
        if (await PushRequest.ReadAsync(context, mirror, path, null) is not { } request)
            return;
        var result = await service.DeleteAsync(mirror, path, request.Order.Condition, request.Order.Actor, context.Request.Query["note"].ToString());
        await JsonExchange.WriteAsync(context, result, ApiJson.Default.PushResult);
    }

    /// <summary>OPTIONS of a file or blob: what a client of resumable uploads asks first.</summary>
    public Task OptionsAsync(HttpContext context, bool isBlob)
    {
        var response = context.Response;
        response.StatusCode = StatusCodes.Status204NoContent;
        response.Headers.Allow = isBlob ? BlobMethods : FileMethods;
        response.Headers["Accept-Patch"] = UploadHeaders.PartialUpload;
        UploadHeaders.WriteLimit(response.Headers, service.Uploads);
        return Task.CompletedTask;
    }

    /// <summary>Writes what a finished push answers, whether its bytes came in one request or many.</summary>
    public static Task AnswerAsync(HttpContext context, PushService service, PushOutcome outcome)
    {
        service.Possession.Note(context, outcome.Result.Digest);
        var headers = context.Response.Headers;
        headers.ETag = ContentHeaders.EntityTag(outcome.Result.Digest);
        headers["Repr-Digest"] = ContentHeaders.Representation(outcome.Result.Digest);
        if (outcome.Location is { } location)
            headers.Location = location;
        return JsonExchange.WriteAsync(
            context, outcome.Result, ApiJson.Default.PushResult, outcome.IsNew ? StatusCodes.Status201Created : StatusCodes.Status200OK);
    }

    private async Task PutAsync(HttpContext context, PushRequest request)
    {
        if (request.Upload.Complete is not null)
            OnStarting(context, WriteLimitWhenTooLarge);
        service.Check(request.Order);
        service.CheckSize(Math.Max(request.ContentLength ?? 0, request.Upload.Length ?? 0));
        if (request.Upload.Complete == false)
        {
            await uploads.CreateAsync(context, request);
            return;
        }

        if (request.Upload.Complete == true)
        {
            if (request.Upload.Length is { } whole && request.ContentLength is { } length && whole != length)
            {
                await UploadHandler.InconsistentAsync(context, $"Upload-Length is {whole}, but the complete content has {length} bytes.");
                return;
            }

            OnStarting(context, static response => UploadHeaders.WriteFinal(response.Headers));
        }

        var expectation = request.Digests.ForWhole(request.ContentLength ?? (request.Upload.Complete == true ? request.Upload.Length : null));
        await AnswerAsync(context, service, await service.ReceiveAsync(request.Order, expectation, context.Request.BodyReader, context.RequestAborted));
    }

    /// <summary>A client of resumable uploads learns the limit that it met.</summary>
    private void WriteLimitWhenTooLarge(HttpResponse response)
    {
        if (response.StatusCode == StatusCodes.Status413PayloadTooLarge)
            UploadHeaders.WriteLimit(response.Headers, service.Uploads);
    }

    private static void OnStarting(HttpContext context, Action<HttpResponse> write)
        => context.Response.OnStarting(() =>
        {
            write(context.Response);
            return Task.CompletedTask;
        });

    /// <summary>A POST without <c>Upload-Complete</c> means nothing here.</summary>
    private static async Task<bool> IsResumableOrPutAsync(HttpContext context, string methods)
    {
        if (HttpMethods.IsPut(context.Request.Method) || UploadHeaders.Read(context.Request.Headers).Complete is not null)
            return true;
        await ContentResponder.MethodNotAllowedAsync(context, methods, "Send a file with PUT; POST only begins a resumable upload, and says so with Upload-Complete.");
        return false;
    }

    private static (MirrorName Mirror, ContentPath Path) FileOf(HttpContext context)
    {
        if (!RequestTarget.TryParse(context, out var target, out var fault))
            throw fault.ToException();
        if (target is { Mirror: { } mirror, Path: { } path, IsFolder: false })
        {
            Requester.RequireMirror(context, mirror);
            return (mirror, path);
        }

        throw Fault.Of(
            PushFault.FileExpected, FaultKind.Invalid, $"'{RequestTarget.RawPath(context)}' does not name a file.",
            "Put to /MIRROR/PATH; curl -T FILE adds the file's name to an address that ends in '/'.").ToException();
    }

    private static Sha256Digest DigestOf(string text)
        => Sha256Digest.TryParse(text, out var digest)
            ? digest
            : throw Fault.Of(
                PushFault.DigestExpected, FaultKind.Invalid, $"'{text}' is not a blob's name.", "Use sha256: and 64 hex digits.").ToException();
}
