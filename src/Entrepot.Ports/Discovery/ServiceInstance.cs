using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using Entrepot.Core.Identities;

namespace Entrepot.Ports.Discovery;

/// <summary>A leased port as the rest of the world finds it: one running instance of a service.</summary>
/// <param name="Publisher">The node whose process publishes it, and alone may change or withdraw it.</param>
/// <param name="Service">What it is: 1–63 characters of <c>a–z 0–9 -</c>; many nodes may run the same.</param>
/// <param name="Node">The node that runs it.</param>
/// <param name="Site">Where that is.</param>
/// <param name="Address">The host name or IP address to connect to.</param>
/// <param name="Port">The port, 1–65535.</param>
/// <param name="Protocol"><c>tcp</c>, <c>udp</c> or <c>sctp</c>.</param>
/// <param name="Generation">The generation of the lease: of two that claim to be the same instance, the higher one is right.</param>
/// <param name="Tags">What else a client may choose by.</param>
public sealed record ServiceInstance(
    NodeName Publisher, string Service, NodeName Node, string Site, string Address, int Port, string Protocol, long Generation, ImmutableArray<string> Tags)
{
    /// <summary>What it is called among those of its publisher: <c>edge-1.edge</c>.</summary>
    [JsonIgnore]
    public string Id => $"{Node}.{Service}";

    /// <summary>Compares also the tags.</summary>
    public bool Equals(ServiceInstance? other)
        => other is not null && (Publisher, Service, Node, Site, Address, Port, Protocol, Generation)
            == (other.Publisher, other.Service, other.Node, other.Site, other.Address, other.Port, other.Protocol, other.Generation)
            && Listed(Tags).SequenceEqual(Listed(other.Tags));

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Publisher, Service, Node, Address, Port, Protocol, Generation);

    /// <summary>The JSON that <see cref="TryRead"/> reads back.</summary>
    public string Write() => JsonSerializer.Serialize(this, DiscoveryJson.Default.ServiceInstance);

    /// <summary>Reads what a registry holds; false when it is something else.</summary>
    public static bool TryRead(string json, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out ServiceInstance? instance)
    {
        try
        {
            instance = JsonSerializer.Deserialize(json, DiscoveryJson.Default.ServiceInstance);
        }
        catch (JsonException)
        {
            instance = null;
        }

        return instance is { Port: >= 1 and <= 65535 };
    }

    private static ImmutableArray<string> Listed(ImmutableArray<string> tags) => tags.IsDefault ? [] : tags;
}

/// <summary>How instances are written.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(ServiceInstance))]
internal sealed partial class DiscoveryJson : JsonSerializerContext;
