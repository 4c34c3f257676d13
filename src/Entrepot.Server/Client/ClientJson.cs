using System.Text.Json;
using System.Text.Json.Serialization;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Pools;
using Entrepot.Ports.Truth;
using Entrepot.Server.PortWatch;

namespace Entrepot.Server.Client;

/// <summary>What the client reads besides the documents of the API's own context.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, UseStringEnumConverter = true)]
[JsonSerializable(typeof(JsonElement))]
[JsonSerializable(typeof(IReadOnlyList<PortListEntry>))]
[JsonSerializable(typeof(PortExplanation))]
[JsonSerializable(typeof(PortTable))]
[JsonSerializable(typeof(IReadOnlyList<PoolUsage>))]
[JsonSerializable(typeof(StatusDocument))]
[JsonSerializable(typeof(FindingDocument))]
[JsonSerializable(typeof(IReadOnlyList<FindingDocument>))]
[JsonSerializable(typeof(MarkFindingRequest))]
[JsonSerializable(typeof(IReadOnlyList<ReachDocument>))]
public sealed partial class ClientJson : JsonSerializerContext;
