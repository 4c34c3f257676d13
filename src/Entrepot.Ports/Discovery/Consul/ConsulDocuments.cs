using System.Text.Json.Serialization;

namespace Entrepot.Ports.Discovery.Consul;

/// <summary>An entry of <c>GET /v1/agent/services</c>.</summary>
internal sealed record AgentService(string? Service, string? Address, int Port, IReadOnlyList<string>? Tags, Dictionary<string, string>? Meta);

/// <summary>The body of <c>PUT /v1/agent/service/register</c>.</summary>
internal sealed record Registration(
    [property: JsonPropertyName("ID")] string Id, string Name, IReadOnlyList<string> Tags, string Address, int Port, Dictionary<string, string> Meta, TtlCheck Check);

/// <summary>A check that must be renewed.</summary>
internal sealed record TtlCheck([property: JsonPropertyName("TTL")] string Ttl, string Status, string DeregisterCriticalServiceAfter);

/// <summary>Consul writes its names as they are here.</summary>
[JsonSerializable(typeof(Dictionary<string, AgentService>))]
[JsonSerializable(typeof(Registration))]
internal sealed partial class ConsulJson : JsonSerializerContext;
