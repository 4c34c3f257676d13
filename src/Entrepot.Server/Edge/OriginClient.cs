using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Mirror.Integrity;
using Entrepot.Server.Api;
using Entrepot.Server.Http;
using Entrepot.Server.PortWatch;

namespace Entrepot.Server.Edge;

/// <summary>Asks the origin's metadata surface, within a deadline.</summary>
internal sealed class OriginClient(HttpClient http, Uri origin, TimeSpan timeout, TimeProvider time, EdgeKeys keys)
{
    /// <summary>Largest document in bytes: the fingerprint of a blob of a million pieces.</summary>
    private const long MaxDocument = 64 << 20;

    /// <summary>Time for the lines of a snapshot: two million files are some 400 MB.</summary>
    private static readonly TimeSpan EntriesTimeout = TimeSpan.FromMinutes(10);

    private readonly string _base = origin.AbsoluteUri.TrimEnd('/');

    /// <summary>Base address without a trailing slash.</summary>
    public string Base => _base;

    /// <summary>Every mirror with its current snapshot.</summary>
    public Task<IReadOnlyList<MirrorDocument>> GetMirrorsAsync(CancellationToken cancellation)
        => GetAsync("/v1/mirrors", ApiJson.Default.IReadOnlyListMirrorDocument, cancellation);

    /// <summary>Copies the lines of a snapshot's files; see <see cref="EntryDocument"/>.</summary>
    /// <param name="mirror">The mirror.</param>
    /// <param name="snapshot">The snapshot's number.</param>
    /// <param name="lines">Where they go.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="FaultException"><see cref="EdgeFault.OriginUnreachable"/>: also when it has dropped the snapshot meanwhile.</exception>
    public async Task CopyEntriesAsync(MirrorName mirror, long snapshot, Stream lines, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{_base}/v1/mirrors/{mirror.Value}/entries?snapshot={snapshot}");
        using var deadline = new CancellationTokenSource(EntriesTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellation);
        try
        {
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token);
            if (response.StatusCode != HttpStatusCode.OK)
                throw Unreachable($"answered {(int)response.StatusCode} for the files of '{mirror}' #{snapshot}", null).ToException();
            await response.Content.CopyToAsync(lines, either.Token);
        }
        catch (OperationCanceledException error) when (!cancellation.IsCancellationRequested)
        {
            throw Unreachable($"did not send the files of '{mirror}' within {EntriesTimeout.TotalMinutes:0} minutes", error).ToException(error);
        }
        catch (Exception error) when (error is HttpRequestException or HttpIOException)
        {
            throw Unreachable(error.Message, error).ToException(error);
        }
    }

    /// <summary>Tells what was met with an edge.</summary>
    public async Task ReportErrorAsync(string admin, NodeName edge, EdgeErrorReport report, CancellationToken cancellation)
    {
        using var content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(report, ApiJson.Default.EdgeErrorReport));
        content.Headers.ContentType = new(JsonExchange.Json);
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{admin}/v1/nodes/{edge}/errors") { Content = content };
        var (status, body) = await SendAsync(request, cancellation);
        if ((int)status is < 200 or > 299)
            throw Unreachable($"answered the report with {(int)status} {Detail(body)}", null).ToException();
    }

    /// <summary>A mirror and its current snapshot.</summary>
    /// <exception cref="FaultException"><see cref="EdgeFault.NotFound"/> or <see cref="EdgeFault.OriginUnreachable"/>.</exception>
    public Task<MirrorDocument> GetMirrorAsync(MirrorName mirror, CancellationToken cancellation)
        => GetAsync($"/v1/mirrors/{mirror.Value}", ApiJson.Default.MirrorDocument, cancellation);

    /// <summary>A file of a snapshot.</summary>
    /// <exception cref="FaultException"><see cref="EdgeFault.NotFound"/>, <see cref="EdgeFault.Folder"/> or <see cref="EdgeFault.OriginUnreachable"/>.</exception>
    public Task<FileDocument> GetFileAsync(MirrorName mirror, ContentPath path, long snapshot, CancellationToken cancellation)
        => GetAsync($"/v1/mirrors/{mirror.Value}/tree/{path.ToUrl()}?snapshot={snapshot}", ApiJson.Default.FileDocument, cancellation);

    /// <summary>A fingerprint that agrees with itself and with the digest.</summary>
    /// <exception cref="FaultException"><see cref="EdgeFault.NotFound"/>, <see cref="EdgeFault.OriginAnswer"/> or <see cref="EdgeFault.OriginUnreachable"/>.</exception>
    public async Task<Fingerprint> GetFingerprintAsync(Sha256Digest digest, CancellationToken cancellation)
    {
        var document = await GetAsync($"/v1/blobs/{digest}/fingerprint", ApiJson.Default.FingerprintDocument, cancellation);
        return TryRead(document) is { } fingerprint && fingerprint.Digest == digest && fingerprint.IsConsistent()
            ? fingerprint
            : throw Nonsense($"fingerprint of {digest}", null);
    }

    /// <summary>The surfaces of the network.</summary>
    public Task<NetworkDocument> GetNetworkAsync(CancellationToken cancellation) => GetAsync("/v1/network", ApiJson.Default.NetworkDocument, cancellation);

    /// <summary>The ports that nodes are to try.</summary>
    public Task<IReadOnlyList<ProbeTargetDocument>> GetProbeTargetsAsync(CancellationToken cancellation)
        => GetAsync("/v1/ports/targets", ApiJson.Default.IReadOnlyListProbeTargetDocument, cancellation);

    /// <summary>The edges as the origin sees them.</summary>
    public Task<IReadOnlyList<NodeDocument>> GetNodesAsync(CancellationToken cancellation)
        => GetAsync("/v1/nodes", ApiJson.Default.IReadOnlyListNodeDocument, cancellation);

    /// <summary>Sends a heart-beat to the admin surface.</summary>
    /// <returns>What the node is to know.</returns>
    /// <exception cref="FaultException"><see cref="EdgeFault.OriginUnreachable"/>.</exception>
    public async Task<HeartbeatAnswer> BeatAsync(string admin, HeartbeatRequest beat, CancellationToken cancellation)
    {
        using var content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(beat, ApiJson.Default.HeartbeatRequest));
        content.Headers.ContentType = new(JsonExchange.Json);
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{admin}/v1/nodes/{beat.Node}/heartbeat") { Content = content };
        var (status, body) = await SendAsync(request, cancellation);
        if ((int)status is < 200 or > 299)
            throw Unreachable($"answered the heart-beat with {(int)status} {Detail(body)}", null).ToException();
        try
        {
            return JsonSerializer.Deserialize(body, ApiJson.Default.HeartbeatAnswer) ?? throw Nonsense("answer to a heart-beat", null);
        }
        catch (JsonException error)
        {
            throw Nonsense("answer to a heart-beat", error);
        }
    }

    private async Task<T> GetAsync<T>(string path, JsonTypeInfo<T> type, CancellationToken cancellation)
        where T : class
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, keys.Sign(new Uri(_base + path)));
        var (status, body) = await SendAsync(request, cancellation);
        switch (status)
        {
            case HttpStatusCode.OK:
                if (typeof(T) == typeof(FileDocument) && IsFolder(body))
                    throw Fault.Of(
                        EdgeFault.Folder, FaultKind.NotFound, "The address names a folder.", "Ask the scheduler, which shows folders.").ToException();
                try
                {
                    return JsonSerializer.Deserialize(body, type) ?? throw Nonsense(path, null);
                }
                catch (JsonException error)
                {
                    throw Nonsense(path, error);
                }

            // Only the origin's own word counts: a proxy in front of it says 404 as well, while the origin restarts.
            case HttpStatusCode.NotFound or HttpStatusCode.Gone when Problem(body) is { Code.Length: > 0 } problem:
                throw new FaultException(new Fault(FaultKind.NotFound, problem.Code, problem.Detail, problem.Cure));
            case HttpStatusCode.BadRequest:
                throw Fault.Of(EdgeFault.NotFound, FaultKind.NotFound, $"The origin refuses '{path}': {Detail(body)}").ToException();
            default:
                throw Unreachable($"answered {(int)status} {Detail(body)}", null).ToException();
        }
    }

    private async Task<(HttpStatusCode Status, byte[] Body)> SendAsync(HttpRequestMessage request, CancellationToken cancellation)
    {
        using var deadline = new CancellationTokenSource(timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellation);
        try
        {
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token);
            if (response.Content.Headers.ContentLength > MaxDocument)
                throw Nonsense(request.RequestUri!.AbsolutePath, null);
            await response.Content.LoadIntoBufferAsync(MaxDocument, either.Token);
            return (response.StatusCode, await response.Content.ReadAsByteArrayAsync(either.Token));
        }
        catch (OperationCanceledException error) when (!cancellation.IsCancellationRequested)
        {
            throw Unreachable($"did not answer within {timeout.TotalSeconds:0.#} s", error).ToException(error);
        }
        catch (Exception error) when (error is HttpRequestException or IOException)
        {
            throw Unreachable(error.Message, error).ToException(error);
        }
    }

    private Fault Unreachable(string why, Exception? error)
        => Fault.Of(
            EdgeFault.OriginUnreachable, FaultKind.Unavailable, $"The origin {_base} {(error is HttpRequestException ? "can't be reached: " : "")}{why}.",
            "Try again later; check that the origin runs and that this edge may reach it.");

    private FaultException Nonsense(string what, Exception? inner)
        => Fault.Of(
            EdgeFault.OriginAnswer, FaultKind.Unavailable, $"The origin {_base} sent a '{what}' that makes no sense.",
            "Check that the address is that of an origin of a matching version.").ToException(inner);

    private static string Detail(byte[] body) => Problem(body)?.Detail ?? "";

    private static ProblemDocument? Problem(byte[] body)
    {
        try
        {
            return JsonSerializer.Deserialize(body, ProblemJsonContext.Default.ProblemDocument);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static bool IsFolder(byte[] body)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            return document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty("items", out _);
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static Fingerprint? TryRead(FingerprintDocument document) => document.TryRead();
}
