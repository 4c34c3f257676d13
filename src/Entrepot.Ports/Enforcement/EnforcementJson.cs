using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Declarations;
using Entrepot.Ports.Firewalls;
using Entrepot.Ports.Firewalls.Rulesets;

namespace Entrepot.Ports.Enforcement;

/// <summary>The documents of enforcement, in the database, on the agent's socket and beside the watchdog.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true,
    RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    Converters = [typeof(NetworkConverter), typeof(MacConverter), typeof(AddressConverter), typeof(PortSetConverter)])]
[JsonSerializable(typeof(AppliedRules))]
[JsonSerializable(typeof(PendingChange))]
[JsonSerializable(typeof(Opening))]
[JsonSerializable(typeof(ArmedSnapshot))]
[JsonSerializable(typeof(RestoreOutcome))]
[JsonSerializable(typeof(ApplyOrder))]
[JsonSerializable(typeof(ApplyReport))]
[JsonSerializable(typeof(OpenOrder))]
[JsonSerializable(typeof(BlockOrder))]
[JsonSerializable(typeof(FollowOrder))]
[JsonSerializable(typeof(FollowReport))]
[JsonSerializable(typeof(ChangeOrder))]
[JsonSerializable(typeof(DrillNote))]
[JsonSerializable(typeof(ReservedReport))]
[JsonSerializable(typeof(AgentStatus))]
[JsonSerializable(typeof(LiveRuleset))]
[JsonSerializable(typeof(IReadOnlyList<OpenDoor>))]
public sealed partial class EnforcementJson : JsonSerializerContext
{
    /// <summary>How addresses are written; whoever writes these documents with options of their own adds them.</summary>
    public static IReadOnlyList<JsonConverter> AddressConverters { get; } = [new NetworkConverter(), new MacConverter(), new AddressConverter(), new PortSetConverter()];
}

/// <summary>Networks as <c>10.0.0.0/8</c>.</summary>
internal sealed class NetworkConverter : JsonConverter<IPNetwork>
{
    public override IPNetwork Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        => IPNetwork.TryParse(reader.GetString(), out var network) ? network : throw new JsonException("A network such as 10.0.0.0/8 is needed.");

    public override void Write(Utf8JsonWriter writer, IPNetwork value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
}

/// <summary>Ethernet addresses as <c>00:16:3e:00:00:01</c>.</summary>
internal sealed class MacConverter : JsonConverter<MacAddress>
{
    public override MacAddress Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        => MacAddress.TryParse(reader.GetString(), out var mac) ? mac : throw new JsonException("An Ethernet address such as 00:16:3e:00:00:01 is needed.");

    public override void Write(Utf8JsonWriter writer, MacAddress value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
}

/// <summary>Addresses as text.</summary>
internal sealed class AddressConverter : JsonConverter<IPAddress>
{
    public override IPAddress Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        => IPAddress.TryParse(reader.GetString(), out var address) ? address : throw new JsonException("An IP address is needed.");

    public override void Write(Utf8JsonWriter writer, IPAddress value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
}

/// <summary>Ports as <c>1,2-4</c>.</summary>
internal sealed class PortSetConverter : JsonConverter<PortSet>
{
    public override PortSet Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        => PortSet.TryParse(reader.GetString(), out var ports) ? ports : throw new JsonException("Ports such as 1,2-4 are needed.");

    public override void Write(Utf8JsonWriter writer, PortSet value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
}
