using System.Net;
using System.Text;
using Entrepot.Core.Faults;
using Entrepot.Mirror.Catalog;
using Entrepot.Server.Http;
using Microsoft.AspNetCore.Http;

namespace Entrepot.Server.Scheduler;

/// <summary>Answers for <c>.meta4</c>, <c>.sha256</c> and <c>.md5</c>.</summary>
internal static class CompanionAnswers
{
    private const string PlainText = "text/plain; charset=utf-8";

    public static Task WriteAsync(HttpContext context, SchedulerService scheduler, CompanionKind kind, ServedFile file) => kind switch
    {
        CompanionKind.Metalink => MetalinkAsync(context, scheduler, file),
        CompanionKind.Sha256 => ChecksumAsync(context, file, file.Entry.Digest.Hex),
        _ => Md5Async(context, scheduler, file),
    };

    private static async Task Md5Async(HttpContext context, SchedulerService scheduler, ServedFile file)
    {
        if ((await FingerprintOfAsync(context, scheduler, file)).Md5 is { } md5)
        {
            await ChecksumAsync(context, file, md5.ToString());
            return;
        }

        // Computing it here would read the whole file for whoever asks; the origin does so once, right after publishing.
        await FaultResponses.WriteAsync(
            context,
            Fault.Of(
                SchedulerFault.Md5Pending, FaultKind.Unavailable, $"The MD5 of {file.Address} is still being computed.",
                $"Try again in a few seconds, or use {file.Address}.sha256, which is there and proves more."));
    }

    /// <summary>The line that coreutils write: digest, two spaces, name. Names here hold no backslash or line break, so none is escaped.</summary>
    private static Task ChecksumAsync(HttpContext context, ServedFile file, string hex)
        => SendAsync(context, Encoding.UTF8.GetBytes($"{hex}  {file.Entry.Path.FileName}\n"), PlainText, "no-cache", $"\"{hex}\"");

    private static async Task MetalinkAsync(HttpContext context, SchedulerService scheduler, ServedFile file)
    {
        var client = context.Connection.RemoteIpAddress ?? IPAddress.None;
        var selection = scheduler.Select(client, file, avoid: null);
        var bytes = MetalinkWriter.Write(file, await FingerprintOfAsync(context, scheduler, file), selection, scheduler.BaseUrl(context.Request));
        // It names the edges that are good for this client now.
        await SendAsync(context, bytes, Companion.MetalinkType, "no-store", entityTag: null);
    }

    private static async ValueTask<Mirror.Integrity.Fingerprint> FingerprintOfAsync(HttpContext context, SchedulerService scheduler, ServedFile file)
        => await scheduler.FindFingerprintAsync(file.Entry.Digest, context.RequestAborted)
            ?? throw Fault.Of(
                CatalogFault.BlobNotFound, FaultKind.NotFound, $"The fingerprint of {file.Address} went away while it was read.",
                "Ask again: another version was published.").ToException();

    private static Task SendAsync(HttpContext context, byte[] body, string contentType, string cacheControl, string? entityTag)
    {
        var response = context.Response;
        response.Headers.CacheControl = cacheControl;
        response.Headers.XContentTypeOptions = "nosniff";
        if (entityTag is not null)
        {
            response.Headers.ETag = entityTag;
            if (EntityTags.Matches(context.Request, entityTag))
            {
                response.StatusCode = StatusCodes.Status304NotModified;
                return Task.CompletedTask;
            }
        }

        response.ContentType = contentType;
        response.ContentLength = body.Length;
        return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask : response.Body.WriteAsync(body, context.RequestAborted).AsTask();
    }
}
