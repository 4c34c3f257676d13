using System.Text.Json;
using System.Text.Json.Serialization;

namespace Entrepot.Server.Client;

/// <summary>What the client reads before it knows the document's type.</summary>
[JsonSerializable(typeof(JsonElement))]
internal sealed partial class ClientJson : JsonSerializerContext;
