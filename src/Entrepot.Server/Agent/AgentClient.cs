using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Entrepot.Core.Faults;
using Entrepot.Core.Journal;
using Entrepot.Ports.Enforcement;
using Entrepot.Ports.Firewalls;
using Entrepot.Ports.Firewalls.Rulesets;
using Entrepot.Server.Api;
using Entrepot.Server.Client;

namespace Entrepot.Server.Agent;

/// <summary>Gives orders to this machine's agent. Every refusal becomes a <see cref="FaultException"/> with the agent's own words.</summary>
public sealed class AgentClient : IDisposable
{
    /// <summary>Where the agent listens unless settings say otherwise.</summary>
    public const string DefaultSocket = "/run/entrepot/agent.sock";

    /// <summary>Names another socket, for whoever is told nothing else.</summary>
    public const string SocketVariable = "ENTREPOT_AGENT";

    /// <summary>The socket that the environment names, else <see cref="DefaultSocket"/>.</summary>
    public static string UsualSocket => Environment.GetEnvironmentVariable(SocketVariable) is { Length: > 0 } named ? named : DefaultSocket;

    private readonly string _socket;
    private readonly HttpClient _http;

    /// <summary>Uses the agent that listens on a socket.</summary>
    /// <param name="socket">Path of the socket.</param>
    /// <param name="patience">How long an answer may take; by default a little longer than the agent itself allows an order.</param>
    public AgentClient(string socket, TimeSpan? patience = null)
    {
        _socket = socket;
        var handler = new SocketsHttpHandler { UseProxy = false, ConnectCallback = ConnectAsync };
        _http = ClientHandler.Configure(new HttpClient(handler));
        _http.BaseAddress = new Uri("http://agent");
        _http.Timeout = patience ?? AgentHost.OrderLimit + TimeSpan.FromSeconds(10);
    }

    /// <summary>How the agent is.</summary>
    public Task<AgentStatus> StatusAsync(CancellationToken cancellation)
        => SendAsync(HttpMethod.Get, "/v1/agent", null, EnforcementJson.Default.AgentStatus, cancellation);

    /// <summary>Everything that filters packets on the machine, in its own words.</summary>
    public Task<LiveRuleset> RulesetAsync(CancellationToken cancellation)
        => SendAsync(HttpMethod.Get, "/v1/agent/ruleset", null, EnforcementJson.Default.LiveRuleset, cancellation);

    /// <summary>The ports of pools that are kept from outgoing connections; an order to apply rules names them.</summary>
    public Task<ReservedReport> ReservedAsync(CancellationToken cancellation)
        => SendAsync(HttpMethod.Get, "/v1/agent/reserved", null, EnforcementJson.Default.ReservedReport, cancellation);

    /// <summary>Checks or applies rules.</summary>
    public Task<ApplyReport> ApplyAsync(ApplyOrder order, CancellationToken cancellation)
        => SendAsync(HttpMethod.Post, "/v1/agent/apply", Body(order, EnforcementJson.Default.ApplyOrder), EnforcementJson.Default.ApplyReport, cancellation);

    /// <summary>Keeps the change that waits.</summary>
    public Task<ChangeOrder> ConfirmAsync(string? change, CancellationToken cancellation)
        => SendAsync(HttpMethod.Post, "/v1/agent/confirm", Body(new ChangeOrder(change), EnforcementJson.Default.ChangeOrder), EnforcementJson.Default.ChangeOrder, cancellation);

    /// <summary>Takes the change that waits back.</summary>
    public Task<ChangeOrder> RevertAsync(string? change, CancellationToken cancellation)
        => SendAsync(HttpMethod.Post, "/v1/agent/revert", Body(new ChangeOrder(change), EnforcementJson.Default.ChangeOrder), EnforcementJson.Default.ChangeOrder, cancellation);

    /// <summary>Opens a port for a time.</summary>
    public Task<Opening> OpenAsync(OpenOrder order, CancellationToken cancellation)
        => SendAsync(HttpMethod.Post, "/v1/agent/openings", Body(order, EnforcementJson.Default.OpenOrder), EnforcementJson.Default.Opening, cancellation);

    /// <summary>The openings that have time left.</summary>
    public Task<IReadOnlyList<OpenDoor>> OpeningsAsync(CancellationToken cancellation)
        => SendAsync(HttpMethod.Get, "/v1/agent/openings", null, EnforcementJson.Default.IReadOnlyListOpenDoor, cancellation);

    /// <summary>Closes an opening.</summary>
    public Task<Opening> CloseAsync(long id, CancellationToken cancellation)
        => SendAsync(HttpMethod.Delete, string.Create(CultureInfo.InvariantCulture, $"/v1/agent/openings/{id}"), null, EnforcementJson.Default.Opening, cancellation);

    /// <summary>Blocks a port, or lets its door hold again.</summary>
    public async Task BlockAsync(BlockOrder order, CancellationToken cancellation)
        => (await SendAsync(HttpMethod.Post, "/v1/agent/block", Body(order, EnforcementJson.Default.BlockOrder), cancellation)).Dispose();

    /// <summary>Has the agent journal what a drill came to.</summary>
    public async Task NoteDrillAsync(DrillNote note, CancellationToken cancellation)
        => (await SendAsync(HttpMethod.Post, "/v1/agent/drills", Body(note, EnforcementJson.Default.DrillNote), cancellation)).Dispose();

    /// <summary>Reads the agent's journal, oldest first.</summary>
    public Task<IReadOnlyList<JournalEntryDocument>> ReadJournalAsync(JournalQuery query, CancellationToken cancellation)
        => SendAsync(HttpMethod.Get, "/v1/agent/journal" + AuditFeed.ToUrl(query), null, ApiJson.Default.IReadOnlyListJournalEntryDocument, cancellation);

    /// <summary>Has the agent prove its journal; the last step has the result.</summary>
    public async IAsyncEnumerable<AuditProgress> VerifyJournalAsync(AuditRequest request, [EnumeratorCancellation] CancellationToken cancellation)
    {
        using var response = await SendAsync(HttpMethod.Post, "/v1/agent/journal/verify", Body(request, ApiJson.Default.AuditRequest), cancellation);
        await foreach (var step in AuditFeed.ReadAsync(await response.Content.ReadAsStreamAsync(cancellation), cancellation))
            yield return step;
    }

    /// <summary>Lets a service's door follow it to other ports.</summary>
    public Task<FollowReport> FollowAsync(FollowOrder order, CancellationToken cancellation)
        => SendAsync(HttpMethod.Post, "/v1/agent/follow", Body(order, EnforcementJson.Default.FollowOrder), EnforcementJson.Default.FollowReport, cancellation);

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private static ByteArrayContent Body<T>(T order, JsonTypeInfo<T> type)
        => new(JsonSerializer.SerializeToUtf8Bytes(order, type)) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };

    private async Task<T> SendAsync<T>(HttpMethod method, string path, HttpContent? body, JsonTypeInfo<T> type, CancellationToken cancellation)
        where T : class
    {
        using var response = await SendAsync(method, path, body, cancellation);
        await using var answer = await response.Content.ReadAsStreamAsync(cancellation);
        return await JsonSerializer.DeserializeAsync(answer, type, cancellation) ?? throw new JsonException("The agent's answer is null.");
    }

    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, HttpContent? body, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body };
        HttpResponseMessage response;
        try
        {
            response = await _http.SendAsync(request, cancellation);
        }
        catch (HttpRequestException error)
        {
            throw Unreachable(error);
        }
        catch (OperationCanceledException error) when (!cancellation.IsCancellationRequested)
        {
            throw Fault.Of(
                FirewallFault.AgentUnreachable, FaultKind.Unavailable,
                string.Create(CultureInfo.InvariantCulture, $"The agent on '{_socket}' did not answer within {_http.Timeout.TotalSeconds:0.#} s."),
                "It may be at work on a large change: 'entrepot agent' logs what it does.").ToException(error);
        }

        if (response.IsSuccessStatusCode)
            return response;
        using (response)
            throw (await EntrepotClient.FaultOfAsync(response, cancellation)).ToException();
    }

    private FaultException Unreachable(Exception error)
    {
        var denied = error.InnerException is SocketException { SocketErrorCode: SocketError.AccessDenied };
        return denied
            ? Fault.Of(
                FirewallFault.PeerForbidden, FaultKind.Forbidden, $"You may not use the agent's socket '{_socket}'.",
                "Use sudo, or become a member of the socket's group.").ToException(error)
            : Fault.Of(
                FirewallFault.AgentUnreachable, FaultKind.Unavailable, $"No agent listens on '{_socket}': ports can't be permitted or closed without it.",
                "Start it with 'sudo entrepot agent' or by its systemd unit; another socket is named with --socket.").ToException(error);
    }

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellation)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(_socket), cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
