using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;

namespace Entrepot.Ports.Discovery.Consul;

/// <summary>Makes services known to the local Consul agent by its HTTP API (Consul "Agent HTTP API", <c>/v1/agent</c>). Each gets a check of
/// kind TTL, which turns critical when it is not renewed, and Consul takes it out after <see cref="Forgotten"/>.</summary>
public sealed class ConsulRegistry : IServiceRegistry
{
    /// <summary>Where Consul's own tools look for a token (Consul "Environment variables").</summary>
    public const string TokenVariable = "CONSUL_HTTP_TOKEN";

    /// <summary>Largest answer that is read, in bytes.</summary>
    public const int MaxAnswer = 4 << 20;

    /// <summary>After so long in critical state Consul takes a service out by itself; its own minimum is one minute.</summary>
    public static readonly TimeSpan Forgotten = TimeSpan.FromMinutes(10);

    private const string Prefix = "entrepot";
    private readonly HttpClient _http;
    private readonly TimeSpan _lifetime;

    /// <summary>Makes the adapter; nothing is called yet.</summary>
    /// <param name="agent">Base address of the agent: <c>http://127.0.0.1:8500</c>.</param>
    /// <param name="lifetime">How long a service stays healthy without renewal.</param>
    /// <param name="token">The ACL token, or null.</param>
    /// <param name="handler">How requests are sent; null for the usual way.</param>
    public ConsulRegistry(Uri agent, TimeSpan lifetime, string? token = null, HttpMessageHandler? handler = null)
    {
        _lifetime = lifetime;
        Name = $"Consul at {agent.GetLeftPart(UriPartial.Authority)}";
        _http = new HttpClient(handler ?? new SocketsHttpHandler { AllowAutoRedirect = false, PooledConnectionLifetime = TimeSpan.FromMinutes(5) })
        {
            BaseAddress = agent,
            Timeout = Timeout.InfiniteTimeSpan,  // Each round has its deadline.
            MaxResponseContentBufferSize = MaxAnswer,
        };
        if (token is not null)
            _http.DefaultRequestHeaders.Add("X-Consul-Token", token);
        _http.DefaultRequestHeaders.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<PublishedInstance>> ListAsync(NodeName publisher, CancellationToken cancellation)
    {
        // A node name has no character that means something in a filter expression.
        var filter = Uri.EscapeDataString($"Meta[\"entrepot-publisher\"] == \"{publisher}\"");
        using var response = await SendAsync(HttpMethod.Get, $"v1/agent/services?filter={filter}", null, cancellation);
        try
        {
            var services = await response.Content.ReadFromJsonAsync(ConsulJson.Default.DictionaryStringAgentService, cancellation);
            return [.. (services ?? []).Values.Select(Read).OfType<ServiceInstance>().Where(instance => instance.Publisher == publisher).Select(static instance => new PublishedInstance(instance, CanRenew: true))];
        }
        catch (JsonException error)
        {
            throw Fault.Of(
                DiscoveryFault.Unreadable, FaultKind.Unavailable, $"{Name} answers what is no list of services: {error.Message}",
                "Check discovery.consul.url.").ToException(error);
        }
    }

    /// <inheritdoc/>
    public async Task PublishAsync(ServiceInstance instance, CancellationToken cancellation)
    {
        var registration = new Registration(
            IdOf(instance), $"{Prefix}-{instance.Service}", [.. instance.Tags], instance.Address, instance.Port,
            new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["entrepot-publisher"] = instance.Publisher.Value,
                ["entrepot-node"] = instance.Node.Value,
                ["entrepot-site"] = instance.Site,
                ["entrepot-protocol"] = instance.Protocol,
                ["entrepot-generation"] = instance.Generation.ToString(CultureInfo.InvariantCulture),
            },
            new TtlCheck(Seconds(_lifetime), "passing", Seconds(Forgotten)));
        using var content = JsonContent.Create(registration, ConsulJson.Default.Registration);
        using var response = await SendAsync(HttpMethod.Put, "v1/agent/service/register?replace-existing-checks=true", content, cancellation);
    }

    /// <inheritdoc/>
    public async Task RenewAsync(IReadOnlyList<ServiceInstance> instances, CancellationToken cancellation)
    {
        foreach (var instance in instances)
        {
            using var response = await SendAsync(HttpMethod.Put, $"v1/agent/check/pass/{Uri.EscapeDataString($"service:{IdOf(instance)}")}", null, cancellation);
        }
    }

    /// <inheritdoc/>
    public async Task WithdrawAsync(ServiceInstance instance, CancellationToken cancellation)
    {
        using var response = await SendAsync(HttpMethod.Put, $"v1/agent/service/deregister/{Uri.EscapeDataString(IdOf(instance))}", null, cancellation, isGoneFine: true);
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private static string IdOf(ServiceInstance instance) => $"{Prefix}-{instance.Publisher}-{instance.Id}";

    private static string Seconds(TimeSpan span) => string.Create(CultureInfo.InvariantCulture, $"{Math.Ceiling(span.TotalSeconds)}s");

    /// <summary>What an entry of ours says; null for what somebody else wrote.</summary>
    private static ServiceInstance? Read(AgentService service)
    {
        var meta = service.Meta ?? [];
        return NodeName.TryParse(meta.GetValueOrDefault("entrepot-publisher"), out var publisher, out _)
            && NodeName.TryParse(meta.GetValueOrDefault("entrepot-node"), out var node, out _)
            && long.TryParse(meta.GetValueOrDefault("entrepot-generation"), NumberStyles.None, CultureInfo.InvariantCulture, out var generation)
            && service.Service?.StartsWith(Prefix + "-", StringComparison.Ordinal) == true
                ? new ServiceInstance(
                    publisher, service.Service[(Prefix.Length + 1)..], node, meta.GetValueOrDefault("entrepot-site", ""), service.Address ?? "", service.Port,
                    meta.GetValueOrDefault("entrepot-protocol", "tcp"), generation, [.. service.Tags ?? []])
                : null;
    }

    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, HttpContent? content, CancellationToken cancellation, bool isGoneFine = false)
    {
        using var request = new HttpRequestMessage(method, path) { Content = content };
        HttpResponseMessage response;
        try
        {
            response = await _http.SendAsync(request, cancellation);
        }
        catch (Exception error) when (error is HttpRequestException or IOException)
        {
            throw Fault.Of(
                DiscoveryFault.Unreachable, FaultKind.Unavailable, $"{Name} does not answer: {error.Message}",
                "Check discovery.consul.url and that the agent runs.").ToException(error);
        }

        if (response.IsSuccessStatusCode || (isGoneFine && response.StatusCode == HttpStatusCode.NotFound))
            return response;
        using (response)
        {
            var text = await response.Content.ReadAsStringAsync(cancellation);
            throw Fault.Of(
                DiscoveryFault.Refused, response.StatusCode == HttpStatusCode.Forbidden ? FaultKind.Forbidden : FaultKind.Unavailable,
                $"{Name} answers {(int)response.StatusCode} to {method} {request.RequestUri?.AbsolutePath}: {(text.Length > 200 ? text[..200] : text).Trim()}",
                $"A 403 means that the token in {TokenVariable} may not write services.").ToException();
        }
    }
}
