using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Entrepot.Tests.Ports.Declarations;

/// <summary>Validates against JSON Schema 2020-12, as far as the portfile's schema uses it. A keyword that it does not know is an error of
/// the test, so that nothing passes by not being looked at.</summary>
internal sealed class SchemaJudge(JsonNode schema)
{
    private static readonly HashSet<string> Remarks = ["$schema", "$id", "title", "description", "default", "$defs"];

    public bool Accepts(JsonNode? instance) => Accepts(schema.AsObject(), instance);

    private static JsonValueKind KindOf(JsonNode? node) => node?.GetValueKind() ?? JsonValueKind.Null;

    private static bool IsOfType(string type, JsonNode? instance) => (type, KindOf(instance)) switch
    {
        ("null", JsonValueKind.Null) or ("object", JsonValueKind.Object) or ("array", JsonValueKind.Array) or ("string", JsonValueKind.String) => true,
        ("boolean", JsonValueKind.True or JsonValueKind.False) => true,
        ("number", JsonValueKind.Number) => true,
        ("integer", JsonValueKind.Number) => Number(instance!) == Math.Truncate(Number(instance!)),
        ("null" or "object" or "array" or "string" or "boolean" or "integer", _) => false,
        _ => throw new InvalidOperationException($"unknown type {type}"),
    };

    private static double Number(JsonNode node) => double.Parse(node.ToJsonString(), System.Globalization.CultureInfo.InvariantCulture);

    private bool Accepts(JsonObject rules, JsonNode? instance) => rules.All(rule => Remarks.Contains(rule.Key) || Holds(rule.Key, rule.Value!, rules, instance));

    private bool Holds(string keyword, JsonNode value, JsonObject rules, JsonNode? instance) => keyword switch
    {
        "type" => value is JsonArray types ? types.Any(type => IsOfType((string)type!, instance)) : IsOfType((string)value!, instance),
        "$ref" => Accepts(Definition((string)value!), instance),
        "enum" => value.AsArray().Any(allowed => JsonNode.DeepEquals(allowed, instance)),
        "anyOf" => value.AsArray().Any(each => Accepts(each!.AsObject(), instance)),
        "allOf" => value.AsArray().All(each => Accepts(each!.AsObject(), instance)),
        "not" => !Accepts(value.AsObject(), instance),
        "minimum" => KindOf(instance) != JsonValueKind.Number || Number(instance!) >= (double)value,
        "maximum" => KindOf(instance) != JsonValueKind.Number || Number(instance!) <= (double)value,
        // ECMAScript's $ is the end of the text, not the place before a last line end.
        "pattern" => KindOf(instance) != JsonValueKind.String || Regex.IsMatch((string)instance!, ((string)value!).TrimEnd('$') + "\\z"),
        "items" => instance is not JsonArray items || items.All(item => Accepts(value.AsObject(), item)),
        "minItems" => instance is not JsonArray few || few.Count >= (int)value,
        "maxItems" => instance is not JsonArray many || many.Count <= (int)value,
        "properties" => instance is not JsonObject group || group.All(property => value[property.Key] is not JsonObject shape || Accepts(shape, property.Value)),
        "required" => instance is not JsonObject whole || value.AsArray().All(name => whole.ContainsKey((string)name!)),
        "additionalProperties" when !(bool)value => instance is not JsonObject closed || closed.All(property => rules["properties"]!.AsObject().ContainsKey(property.Key)),
        _ => throw new InvalidOperationException($"the judge does not know the keyword {keyword}"),
    };

    private JsonObject Definition(string reference)
    {
        reference.ShouldStartWith("#/$defs/");
        return schema["$defs"]![reference["#/$defs/".Length..]]!.AsObject();
    }
}
