using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Entrepot.Core.Faults;
using Entrepot.Server.Api;
using Entrepot.Server.Http;

namespace Entrepot.Server.Client;

/// <summary>Calls a network's surfaces. Every refusal becomes a <see cref="FaultException"/> with the network's own code, message and cure;
/// what keeps a call from being answered becomes one of <see cref="ClientFault"/>. Safe for use by several threads.</summary>
public sealed partial class EntrepotClient
{
    /// <summary>How long a call that carries no file may take. As long as a default heart-beat round with its retries.</summary>
    public static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(30);

    /// <summary>Longest problem document that is read, in bytes.</summary>
    private const int MaxProblem = 256 * 1024;

    private readonly HttpClient _http;
    private readonly IReadOnlyDictionary<string, string>? _local;

    /// <summary>Uses a network that is known already.</summary>
    /// <param name="http">Its time-out must be infinite: bodies may be long. Not disposed.</param>
    /// <param name="network">Where the surfaces are.</param>
    public EntrepotClient(HttpClient http, NetworkDocument network) => (_http, Network) = (http, network);

    /// <summary>Uses what a node on this machine has announced: its surfaces are called by the addresses that lead to them from here.</summary>
    /// <param name="http">As for the other constructor.</param>
    /// <param name="network">The announcement.</param>
    public EntrepotClient(HttpClient http, AnnouncedNetwork network)
    {
        (_http, _local) = (http, network.Local);
        Network = new NetworkDocument(network.Version, network.Node, [.. network.Surfaces.Select(surface => surface with { Url = Near(surface.Url) })]);
    }

    /// <summary>Where the surfaces are.</summary>
    public NetworkDocument Network { get; }

    /// <summary>The connection's clients, for transfers beside this API.</summary>
    public HttpClient Http => _http;

    /// <summary>Uses a metadata surface alone, without asking it for its network.</summary>
    /// <param name="http">As for the other constructor.</param>
    /// <param name="metadata">The surface's base address.</param>
    public static EntrepotClient At(HttpClient http, Uri metadata)
        => new(http, new NetworkDocument("", "", [new SurfaceDocument("metadata", "", Base(metadata), metadata.Port, "", "")]));

    /// <summary>Asks a metadata surface for its network.</summary>
    /// <param name="http">As for the constructor.</param>
    /// <param name="metadata">The surface's base address.</param>
    /// <param name="cancellation">Ends the call.</param>
    /// <exception cref="FaultException"><see cref="ClientFault.Unreachable"/> or <see cref="ClientFault.NotEntrepot"/>.</exception>
    public static async Task<EntrepotClient> ConnectAsync(HttpClient http, Uri metadata, CancellationToken cancellation = default)
    {
        var probe = At(http, metadata);
        try
        {
            var network = await probe.GetAsync("metadata", "/v1/network", ApiJson.Default.NetworkDocument, cancellation);
            // The address that was named works from here; the one that clients are told need not. An audit service names itself alone.
            return new EntrepotClient(http, network with
            {
                Surfaces =
                [
                    .. network.Surfaces.Select(surface => (surface.Surface == "metadata" && surface.Node == network.Node) || network.Surfaces.Count == 1
                        ? surface with { Url = Base(metadata) }
                        : metadata.Scheme == Uri.UriSchemeHttps ? Secure(surface) : surface),
                ],
            });
        }
        catch (FaultException error) when (error.Fault.Kind is FaultKind.Invalid or FaultKind.NotFound)
        {
            // Other surfaces take the address for a mirror's, or know nothing there.
            throw Fault.Of(
                ClientFault.NotEntrepot, FaultKind.Invalid, $"What answers at {Base(metadata)} is not a metadata surface.",
                "Name the metadata surface of the origin, port 3000 unless its start-up table says otherwise.").ToException(error);
        }
    }

    /// <summary>The address by which this machine reaches what clients are told to reach by another; the same one where none is known.</summary>
    public string Near(string url) => _local?.GetValueOrDefault(url) ?? url;

    /// <summary>The base address of a surface without a trailing slash. The origin's own is preferred to another node's.</summary>
    /// <exception cref="FaultException"><see cref="ClientFault.NoSurface"/>.</exception>
    public string UrlOf(string surface)
        => (Network.Surfaces.FirstOrDefault(s => s.Surface == surface && s.Node == Network.Node) ?? Network.Surfaces.FirstOrDefault(s => s.Surface == surface))?.Url
            ?? throw Fault.Of(
                ClientFault.NoSurface, FaultKind.Unavailable, $"The network of node '{Network.Node}' offers no {surface} surface.",
                surface switch
                {
                    "edge" or "scheduler" => $"Start a node with the role {surface}.",
                    "audit" => "Start a node with the role audit, or name its audit service with --server.",
                    _ when Network.Surfaces.All(static one => one.Surface == "audit") => "This is an audit service. Name the metadata surface of the origin with --server.",
                    _ => $"Start a node with the role origin, and see that surfaces.{surface} is enabled there.",
                }).ToException();

    /// <summary>The fault that an answer other than 2xx carries.</summary>
    public static async Task<Fault> FaultOfAsync(HttpResponseMessage response, CancellationToken cancellation)
    {
        var where = response.RequestMessage?.RequestUri?.GetLeftPart(UriPartial.Path) ?? "the server";
        var status = (int)response.StatusCode;
        if (response.Content.Headers.ContentType?.MediaType is FaultResponses.ProblemJson && response.Content.Headers.ContentLength is null or <= MaxProblem)
        {
            try
            {
                await response.Content.LoadIntoBufferAsync(MaxProblem, cancellation);
                await using var body = await response.Content.ReadAsStreamAsync(cancellation);
                if (await JsonSerializer.DeserializeAsync(body, ProblemJsonContext.Default.ProblemDocument, cancellation) is { Code: not null, Detail: not null } problem)
                    return new Fault(KindOf(response.StatusCode), problem.Code, problem.Detail + Details(problem), problem.Cure);
            }
            catch (Exception error) when (error is JsonException or HttpRequestException { HttpRequestError: HttpRequestError.ConfigurationLimitExceeded })
            {
                // Then it is no answer of ours.
            }
        }

        return Fault.Of(
            ClientFault.NotEntrepot, status >= 500 ? FaultKind.Unavailable : KindOf(response.StatusCode), $"{where} answered {status} {response.ReasonPhrase}.",
            "Check that the address is a surface of Entrepot and that no proxy stands in between.");
    }

    /// <summary>What a transport error means.</summary>
    public static FaultException Translate(Exception error, string where) => error switch
    {
        FaultException fault => fault,
        HttpRequestException { InnerException: SocketException socket } => Fault.Of(
            ClientFault.Unreachable, FaultKind.Unavailable, $"Nothing answers at {where}: {socket.Message.TrimEnd('.')}.",
            "Start the network with 'entrepot up', or name another with --server.").ToException(error),
        HttpRequestException { InnerException: AuthenticationException } => Fault.Of(
            ClientFault.Certificate, FaultKind.Forbidden, $"What answers at {where} shows a certificate that is not believed.",
            "Name the network's authority with --ca FILE; 'entrepot ca show --pem' at the origin prints it. See that the address has the name that the certificate is for.").ToException(error),
        OperationCanceledException => Fault.Of(
            ClientFault.Unreachable, FaultKind.Unavailable, $"{where} did not answer within {CallTimeout.TotalSeconds:0} s.",
            "Look at that node's log, or try again later.").ToException(error),
        JsonException => Fault.Of(
            ClientFault.NotEntrepot, FaultKind.Unavailable, $"{where} answered something that is not a document of Entrepot's API.",
            "Check that the address is the metadata surface and that client and server are of one version.").ToException(error),
        HttpRequestException or IOException => Fault.Of(
            ClientFault.Interrupted, FaultKind.Unavailable, $"The connection to {where} broke: {error.Message.TrimEnd('.')}.",
            where.StartsWith("http://", StringComparison.Ordinal) ? "Try again, by https:// where it takes TLS alone; what was complete is kept."
                : "Try again; what was complete is kept. The audit service, and others that require it, end a connection that shows no certificate of the network: --certificate.").ToException(error),
        _ => Fault.Of(ClientFault.Interrupted, FaultKind.Internal, $"The call to {where} failed: {error.Message}").ToException(error),
    };

    /// <summary>The same surface by TLS, which every port speaks beside clear text. What edges serve is verified by its digest, and stays as it is told.</summary>
    public static SurfaceDocument Secure(SurfaceDocument surface)
        => surface.Surface != "edge" && surface.Url.StartsWith("http://", StringComparison.Ordinal) ? surface with { Url = string.Concat("https", surface.Url.AsSpan(4)) } : surface;

    private static string Base(Uri address) => address.GetLeftPart(UriPartial.Authority);

    private static string Details(ProblemDocument problem)
    {
        if (problem.Extensions is null || !problem.Extensions.TryGetValue("errors", out var errors) || errors.ValueKind != JsonValueKind.Array)
            return "";
        return string.Concat(errors.EnumerateArray().Select(static error => "\n  " + (error.ValueKind switch
        {
            JsonValueKind.String => error.GetString(),
            JsonValueKind.Object when error.TryGetProperty("detail", out var detail) || error.TryGetProperty("message", out detail) => detail.ToString(),
            _ => error.GetRawText(),
        })));
    }

    private static FaultKind KindOf(HttpStatusCode status) => status switch
    {
        HttpStatusCode.BadRequest or HttpStatusCode.MethodNotAllowed or HttpStatusCode.RequestedRangeNotSatisfiable => FaultKind.Invalid,
        HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => FaultKind.Forbidden,
        HttpStatusCode.NotFound or HttpStatusCode.Gone => FaultKind.NotFound,
        HttpStatusCode.Conflict => FaultKind.Conflict,
        HttpStatusCode.PreconditionFailed => FaultKind.PreconditionFailed,
        HttpStatusCode.UnprocessableEntity => FaultKind.Mismatch,
        HttpStatusCode.RequestEntityTooLarge or HttpStatusCode.RequestUriTooLong or HttpStatusCode.RequestHeaderFieldsTooLarge => FaultKind.TooLarge,
        HttpStatusCode.InsufficientStorage or HttpStatusCode.TooManyRequests => FaultKind.Exhausted,
        HttpStatusCode.NotImplemented => FaultKind.Unsupported,
        HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout => FaultKind.Unavailable,
        _ => FaultKind.Internal,
    };

    private Task<T> GetAsync<T>(string surface, string target, JsonTypeInfo<T> type, CancellationToken cancellation)
        => CallAsync(surface, HttpMethod.Get, target, null, type, cancellation);

    private async Task<T> CallAsync<T>(
        string surface, HttpMethod method, string target, HttpContent? body, JsonTypeInfo<T> type, CancellationToken cancellation)
    {
        using var response = await SendAsync(surface, method, target, body, cancellation);
        return await ReadAsync(response, surface, type, cancellation);
    }

    private async Task<T> ReadAsync<T>(HttpResponseMessage response, string surface, JsonTypeInfo<T> type, CancellationToken cancellation)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        deadline.CancelAfter(CallTimeout);
        try
        {
            await using var stream = await response.Content.ReadAsStreamAsync(deadline.Token);
            return await JsonSerializer.DeserializeAsync(stream, type, deadline.Token) ?? throw new JsonException("null");
        }
        catch (Exception error) when (!cancellation.IsCancellationRequested)
        {
            throw Translate(error, UrlOf(surface));
        }
    }

    /// <summary>Sends a small request and waits for the answer's head; anything but 2xx is thrown.</summary>
    private async Task<HttpResponseMessage> SendAsync(
        string surface, HttpMethod method, string target, HttpContent? body, CancellationToken cancellation, TimeSpan? timeout = null, string? match = null)
    {
        var address = UrlOf(surface);
        using var request = new HttpRequestMessage(method, address + target) { Content = body };
        if (match is not null)
            request.Headers.IfMatch.Add(new EntityTagHeaderValue(match));
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue(FaultResponses.ProblemJson));
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        deadline.CancelAfter(timeout ?? CallTimeout);
        HttpResponseMessage response;
        try
        {
            response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, deadline.Token);
        }
        catch (Exception error) when (!cancellation.IsCancellationRequested)
        {
            throw Translate(error, address);
        }

        if (response.IsSuccessStatusCode)
            return response;
        using (response)
            throw (await FaultOfAsync(response, cancellation)).ToException();
    }

    private static ByteArrayContent Json<T>(T value, JsonTypeInfo<T> type)
    {
        var content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(value, type));
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        return content;
    }
}
