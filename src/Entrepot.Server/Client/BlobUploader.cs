using System.Globalization;
using System.Net.Http.Headers;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Mirror.Integrity;

namespace Entrepot.Server.Client;

/// <summary>How blobs are sent.</summary>
public sealed record UploadLimits
{
    /// <summary>From this size on, in bytes, an upload can be resumed. Default 16 MiB: less is sooner sent again than asked about.</summary>
    public long ResumableFrom { get; init; } = 16L << 20;

    /// <summary>Uploads at once, 1–32. Default 4.</summary>
    public int Parallel { get; init; } = 4;

    /// <summary>Failures in a row, without a byte gained, after which an upload is given up. Default 6: with the doubling pauses, half a minute.</summary>
    public int Attempts { get; init; } = 6;

    /// <summary>How long a connection may take no byte before it is left for another. Default 90 s: a node lets an upload wait for its turn for
    /// up to 60 s.</summary>
    public TimeSpan StallAfter { get; init; } = TimeSpan.FromSeconds(90);

    /// <summary>How long the answer may take once the last byte is sent. Default 5 min: the node makes the bytes durable first.</summary>
    public TimeSpan AnswerWithin { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>First pause after a failure; it doubles each time. Default 0.5 s.</summary>
    public TimeSpan Pause { get; init; } = TimeSpan.FromSeconds(0.5);

    /// <summary>Longest pause. Default 15 s.</summary>
    public TimeSpan LongestPause { get; init; } = TimeSpan.FromSeconds(15);
}

/// <summary>Sends one blob: small ones at once, large ones by the resumable-upload protocol (draft-ietf-httpbis-resumable-upload).</summary>
/// <param name="client">The network.</param>
/// <param name="limits">How patient it is.</param>
/// <param name="book">Remembers unfinished uploads; null to not.</param>
/// <param name="time">The clock of the pauses.</param>
internal sealed class BlobUploader(EntrepotClient client, UploadLimits limits, UploadBook? book, TimeProvider time)
{
    private static readonly MediaTypeHeaderValue PartialUpload = new("application/partial-upload");

    private readonly string _surface = client.UrlOf("push");

    /// <summary>Sends a file's bytes until the other side has proven them.</summary>
    /// <exception cref="FaultException">The refusal, or <see cref="ClientFault.Changed"/>.</exception>
    public async Task UploadAsync(HashedFile file, ITransferObserver observer, CancellationToken cancellation)
    {
        var upload = new Upload(file, observer);
        var resumable = file.File.Size >= limits.ResumableFrom;
        if (resumable)
            upload.Address = book?.Find(_surface, upload.Blob);
        upload.MustAsk = upload.Address is not null;
        for (var failures = 0; ;)
        {
            var before = upload.Offset;
            FaultException problem;
            try
            {
                await (resumable ? ResumeAsync(upload, cancellation) : PutAsync(upload, cancellation));
                book?.Strike(_surface, upload.Blob);
                return;
            }
            catch (FaultException error) when (error.Fault.Kind == FaultKind.Unavailable)
            {
                problem = error;
            }
            catch (FaultException error) when (error.Fault.Is(VerificationFault.DigestMismatch) || error.Fault.Is(VerificationFault.SizeMismatch))
            {
                book?.Strike(_surface, upload.Blob);
                throw FileHasher.Changed(file.File, "changed").ToException(error);
            }

            upload.MustAsk = true;
            failures = upload.Offset > before ? 1 : failures + 1;
            if (failures >= limits.Attempts)
                throw problem;
            await Task.Delay(PauseAfter(failures), time, cancellation);
        }
    }

    private TimeSpan PauseAfter(int failures)
    {
        var pause = limits.Pause * Math.Pow(2, failures - 1);
        return pause < limits.LongestPause ? pause : limits.LongestPause;
    }

    private async Task PutAsync(Upload upload, CancellationToken cancellation)
    {
        var slice = new FileSlice(upload.File.File, 0, upload.Size, upload.Observer);
        using var request = new HttpRequestMessage(HttpMethod.Put, $"{_surface}/v1/blobs/{upload.Blob}") { Content = slice };
        try
        {
            using var response = await SendAsync(request, slice, upload, cancellation);
        }
        catch
        {
            upload.Observer.Advance(-slice.Sent);
            throw;
        }
    }

    private async Task ResumeAsync(Upload upload, CancellationToken cancellation)
    {
        if (upload.Address is not null && upload.MustAsk)
            await AskAsync(upload, cancellation);
        if (upload.Address is null)
            await CreateAsync(upload, cancellation);
        upload.MustAsk = false;
        while (!upload.IsComplete)
            await AppendAsync(upload, cancellation);
    }

    private async Task CreateAsync(Upload upload, CancellationToken cancellation)
    {
        upload.MoveTo(0);
        using var request = new HttpRequestMessage(HttpMethod.Put, $"{_surface}/v1/blobs/{upload.Blob}") { Content = new ByteArrayContent([]) };
        request.Headers.Add("Upload-Complete", "?0");
        request.Headers.Add("Upload-Length", upload.Size.ToString(CultureInfo.InvariantCulture));
        using var response = await SendAsync(request, null, upload, cancellation);
        upload.Address = response.Headers.Location is { } location
            ? new Uri(new Uri(_surface), location)
            : throw Fault.Of(
                ClientFault.NotEntrepot, FaultKind.Unsupported, $"{_surface} did not say where the upload goes on.",
                "Check that no proxy removes the Location header.").ToException();
        upload.Limit = AppendLimit(response);
        book?.Note(_surface, upload.Blob, upload.Address);
    }

    private async Task AskAsync(Upload upload, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Head, upload.Address);
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        deadline.CancelAfter(EntrepotClient.CallTimeout);
        HttpResponseMessage response;
        try
        {
            response = await client.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, deadline.Token);
        }
        catch (Exception error) when (!cancellation.IsCancellationRequested)
        {
            throw EntrepotClient.Translate(error, _surface);
        }

        using (response)
        {
            if (response.IsSuccessStatusCode && Offset(response) is { } offset && offset >= 0 && offset <= upload.Size)
            {
                upload.MoveTo(offset);
                upload.IsComplete = Header(response, "Upload-Complete") == "?1";
                upload.Limit = AppendLimit(response);
                return;
            }

            if ((int)response.StatusCode >= 500)
                throw (await EntrepotClient.FaultOfAsync(response, cancellation)).ToException();
        }

        // Expired or unknown: begin anew.
        book?.Strike(_surface, upload.Blob);
        upload.Address = null;
    }

    private async Task AppendAsync(Upload upload, CancellationToken cancellation)
    {
        var length = Math.Min(upload.Size - upload.Offset, upload.Limit);
        var slice = new FileSlice(upload.File.File, upload.Offset, length, upload.Observer);
        slice.Headers.ContentType = PartialUpload;
        using var request = new HttpRequestMessage(HttpMethod.Patch, upload.Address) { Content = slice };
        request.Headers.Add("Upload-Offset", upload.Offset.ToString(CultureInfo.InvariantCulture));
        var isLast = upload.Offset + length == upload.Size;
        request.Headers.Add("Upload-Complete", isLast ? "?1" : "?0");
        try
        {
            using var response = await SendAsync(request, slice, upload, cancellation);
        }
        catch (FaultException error) when (error.Fault.Kind is FaultKind.Conflict or FaultKind.NotFound)
        {
            // Another offset than ours, or expired in between: ask and go on.
            upload.Observer.Advance(-slice.Sent);
            throw (error.Fault with { Kind = FaultKind.Unavailable }).ToException(error);
        }
        catch
        {
            upload.Observer.Advance(-slice.Sent);
            throw;
        }

        upload.Offset += length;
        upload.IsComplete = isLast;
    }

    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, FileSlice? slice, Upload upload, CancellationToken cancellation)
    {
        // A server that refuses a large body can say so before it is sent (RFC 9110 §10.1.1).
        request.Headers.ExpectContinue = slice is not null && upload.Size >= limits.ResumableFrom;
        using var watch = new UploadWatch(limits, slice is not null, time, cancellation);
        if (slice is not null)
            slice.Watch = watch;
        try
        {
            var response = await client.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, watch.Token);
            if (response.IsSuccessStatusCode)
                return response;
            using (response)
                throw (await EntrepotClient.FaultOfAsync(response, watch.Token)).ToException();
        }
        catch (Exception) when (slice is { IsCut: true })
        {
            throw FileHasher.Changed(upload.File.File, "shrank").ToException();
        }
        catch (Exception error) when (error is not FaultException && !cancellation.IsCancellationRequested)
        {
            throw watch.Verdict is { } verdict
                ? Fault.Of(
                    ClientFault.Interrupted, FaultKind.Unavailable, $"{_surface} {verdict}.",
                    "Check the network on the way there; push again, and what arrived is not sent again.").ToException(error)
                : EntrepotClient.Translate(error, _surface);
        }
    }

    private static long? Offset(HttpResponseMessage response)
        => long.TryParse(Header(response, "Upload-Offset"), NumberStyles.None, CultureInfo.InvariantCulture, out var offset) ? offset : null;

    private static string? Header(HttpResponseMessage response, string name)
        => response.Headers.TryGetValues(name, out var values) ? values.FirstOrDefault()?.Trim() : null;

    /// <summary>The <c>max-append-size</c> of <c>Upload-Limit</c>, a dictionary of integers (RFC 9651 §3.2).</summary>
    private static long AppendLimit(HttpResponseMessage response)
    {
        foreach (var part in (Header(response, "Upload-Limit") ?? "").Split(','))
        {
            if (part.Trim().Split('=') is ["max-append-size", var number]
                && long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var limit) && limit > 0)
                return limit;
        }

        return long.MaxValue;
    }

    /// <summary>How far one upload has come.</summary>
    private sealed class Upload(HashedFile file, ITransferObserver observer)
    {
        public HashedFile File => file;

        public ITransferObserver Observer => observer;

        public Sha256Digest Blob => file.Digest;

        public long Size => file.File.Size;

        public Uri? Address { get; set; }

        public bool MustAsk { get; set; }

        public bool IsComplete { get; set; }

        public long Offset { get; set; }

        public long Limit { get; set; } = long.MaxValue;

        public void MoveTo(long offset)
        {
            observer.Advance(offset - Offset);
            Offset = offset;
        }
    }
}
