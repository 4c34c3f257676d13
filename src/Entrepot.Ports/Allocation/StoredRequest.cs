using System.Text.Json;
using System.Text.Json.Serialization;
using Entrepot.Core.Identities;
using Entrepot.Ports.Declarations;
using Entrepot.Ports.Pools;

namespace Entrepot.Ports.Allocation;

/// <summary>A <see cref="PortRequest"/> as the port book keeps it beside the lease, so that the decision can be explained again.</summary>
internal sealed record StoredRequest(
    int? Wanted, StoredPool? Pool, int? Emergency, StoredPool? Overflow, PortAudience Audience, int Ports, AllocationMode Mode,
    bool Privileged, bool Forbidden, EphemeralUse? Ephemeral, bool BrowserBlocked = false, bool NodePort = false)
{
    public static string Write(PortRequest request) => JsonSerializer.Serialize(
        new StoredRequest(
            request.WantedPort, StoredPool.Of(request.Pool), request.EmergencyPort, StoredPool.Of(request.OverflowPool), request.Audience, request.Ports,
            request.Mode, request.AllowPrivileged, request.AllowForbidden, request.Ephemeral, request.AllowBrowserBlocked, request.AllowNodePort),
        StoredRequestJson.Default.StoredRequest);

    /// <summary>Reads what <see cref="Write"/> wrote; null for what is not understood.</summary>
    public static PortRequest? Read(string? text, NodeName node, string service, PortProtocol protocol)
    {
        try
        {
            return text is not null && JsonSerializer.Deserialize(text, StoredRequestJson.Default.StoredRequest) is { } stored
                ? stored.For(node, service, protocol)
                : null;
        }
        catch (Exception error) when (error is JsonException or ArgumentException)
        {
            return null;
        }
    }

    private PortRequest For(NodeName node, string service, PortProtocol protocol) => new()
    {
        Node = node,
        Service = service,
        Protocol = protocol,
        WantedPort = Wanted,
        Pool = Pool?.ToPool(),
        EmergencyPort = Emergency,
        OverflowPool = Overflow?.ToPool(),
        Audience = Audience,
        Ports = Ports,
        Mode = Mode,
        AllowPrivileged = Privileged,
        AllowForbidden = Forbidden,
        Ephemeral = Ephemeral,
        AllowBrowserBlocked = BrowserBlocked,
        AllowNodePort = NodePort,
    };
}

/// <summary>A pool as the port book keeps it.</summary>
internal sealed record StoredPool(string Name, int First, int Last, PoolStrategy Strategy)
{
    public static StoredPool? Of(PortPool? pool) => pool is null ? null : new StoredPool(pool.Name, pool.First, pool.Last, pool.Strategy);

    public PortPool ToPool() => new(Name, First, Last, Strategy);
}

/// <summary>How stored requests are written.</summary>
[JsonSourceGenerationOptions(
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault, UseStringEnumConverter = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(StoredRequest))]
internal sealed partial class StoredRequestJson : JsonSerializerContext;
