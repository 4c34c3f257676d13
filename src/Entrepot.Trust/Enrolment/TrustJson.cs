using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace Entrepot.Trust.Enrolment;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(ImmutableArray<string>))]
[JsonSerializable(typeof(Dictionary<string, string?>))]
internal sealed partial class TrustJson : JsonSerializerContext;
