using System.Text.Json.Nodes;
using Entrepot.Core.Documents;

namespace Entrepot.Ports.Declarations.Reading;

/// <summary>One key of a group.</summary>
/// <param name="name">The key.</param>
/// <param name="shape">What may stand behind it.</param>
/// <param name="help">One line for people.</param>
internal abstract class Key(string name, Shape shape, string help)
{
    public string Name => name;

    public Shape Shape => shape;

    public string Help => help;

    /// <summary>True when the group is wrong without it.</summary>
    public bool Required { get; init; }

    /// <summary>What holds without it, as it would be written; null where nothing does.</summary>
    public string? Default { get; init; }

    /// <summary>Reads the value, or reports what is wrong with it.</summary>
    public abstract bool TryRead(DocumentNode node, string path, PortfileIssues issues, out object? value);
}

/// <inheritdoc/>
internal sealed class Key<T>(string name, Shape<T> shape, string help) : Key(name, shape, help)
{
    public override bool TryRead(DocumentNode node, string path, PortfileIssues issues, out object? value)
    {
        var good = shape.TryRead(node, path, issues, out var read);
        value = read;
        return good;
    }
}

/// <summary>What was read of a group. A key that stands in the file with a faulty value is there and has no value.</summary>
/// <param name="Node">The group.</param>
/// <param name="Path">Where it is, for messages.</param>
internal sealed record GroupValues(DocumentNode Node, string Path)
{
    private readonly Dictionary<Key, (DocumentNode Node, bool Good, object? Value)> _values = [];

    public void Put(Key key, DocumentNode node, bool good, object? value) => _values[key] = (node, good, value);

    /// <summary>True when the key stands in the file, whatever its value.</summary>
    public bool Has(Key key) => _values.ContainsKey(key);

    /// <summary>True when the key stands in the file and its value can't be used.</summary>
    public bool IsBroken(Key key) => _values.TryGetValue(key, out var found) && !found.Good;

    /// <summary>The value, when it stands in the file and is a good one.</summary>
    public bool TryGet<T>(Key<T> key, out T value)
    {
        var has = _values.TryGetValue(key, out var found) && found.Good;
        value = has ? (T)found.Value! : default!;
        return has;
    }

    /// <summary>The value, or what holds without it.</summary>
    public T Get<T>(Key<T> key, T otherwise) => TryGet(key, out var value) ? value : otherwise;

    /// <summary>Where to report: the value of the first of these keys that stands in the file, else the group.</summary>
    public DocumentNode At(params ReadOnlySpan<Key> keys)
    {
        foreach (var key in keys)
        {
            if (_values.TryGetValue(key, out var found))
                return found.Node;
        }

        return Node;
    }
}

/// <summary>Keys with their values.</summary>
/// <param name="name">What the group describes, one word.</param>
/// <param name="keys">The keys that may stand in it.</param>
internal sealed class GroupShape(string name, params Key[] keys) : Shape<GroupValues>
{
    private readonly string[] _names = [.. keys.Select(static key => key.Name)];

    public string Name => name;

    public IReadOnlyList<Key> Keys => keys;

    /// <summary>Keys of which at least one must be there; empty for no such rule.</summary>
    public IReadOnlyList<Key> AnyOf { get; init; } = [];

    /// <summary>Pairs of keys that exclude each other.</summary>
    public IReadOnlyList<(Key One, Key Other)> NotBoth { get; init; } = [];

    public override string Expected => $"the keys {string.Join(", ", _names)}";

    public override bool TryRead(DocumentNode node, string path, PortfileIssues issues, out GroupValues value)
    {
        value = new GroupValues(node, path);
        if (node is DocumentScalar { IsNull: true } && !NeedsKeys)
            return true;  // Everything in it is commented out.
        if (node is not DocumentMap map)
        {
            issues.Error(node, $"{(path.Length == 0 ? "the file" : path)} is {node.Describe}; expected {Expected}");
            return false;
        }

        var entries = DocumentKeys.Distinct(map, _names, path, issues.Errors);
        foreach (var key in keys)
        {
            if (entries.TryGetValue(key.Name, out var entry))
            {
                var good = key.TryRead(entry.Value, path.Length == 0 ? key.Name : $"{path}.{key.Name}", issues, out var read);
                value.Put(key, entry.Value, good, read);
            }
            else if (key.Required)
            {
                issues.Error(node, $"{path} has no {key.Name}; expected {key.Shape.Expected}");
            }
        }

        var values = value;
        if (AnyOf.Count > 0 && !AnyOf.Any(values.Has))
            issues.Error(node, $"{path} has none of {string.Join(", ", AnyOf.Select(static key => key.Name))}; expected at least one");
        foreach (var (one, other) in NotBoth)
        {
            if (values.Has(one) && values.Has(other))
                issues.Error(values.At(other), $"{path} has both {one.Name} and {other.Name}; expected one of them");
        }

        return true;
    }

    public override void Describe(JsonObject schema, JsonObject definitions)
    {
        schema["$ref"] = $"#/$defs/{name}";
        if (!definitions.ContainsKey(name))
        {
            definitions[name] = null;  // Taken, so that a group within itself would end here.
            definitions[name] = Definition(definitions);
        }
    }

    /// <summary>The schema of the group itself.</summary>
    public JsonObject Definition(JsonObject definitions)
    {
        var properties = new JsonObject();
        foreach (var key in keys)
        {
            var property = new JsonObject { ["description"] = key.Help };
            key.Shape.Describe(property, definitions);
            if (key.Default is { } otherwise)
                property["default"] = DefaultOf(property, otherwise);
            properties[key.Name] = property;
        }

        var schema = new JsonObject { ["type"] = NeedsKeys ? "object" : new JsonArray("object", "null"), ["properties"] = properties };
        if (keys.Any(static key => key.Required))
            schema["required"] = new JsonArray([.. keys.Where(static key => key.Required).Select(static key => JsonValue.Create(key.Name))]);
        schema["additionalProperties"] = false;
        if (AnyOf.Count > 0)
            schema["anyOf"] = new JsonArray([.. AnyOf.Select(static key => Requires(key))]);
        if (NotBoth.Count > 0)
            schema["allOf"] = new JsonArray([.. NotBoth.Select(static pair => new JsonObject { ["not"] = Requires(pair.One, pair.Other) })]);
        return schema;
    }

    private bool NeedsKeys => AnyOf.Count > 0 || keys.Any(static key => key.Required);

    private static JsonNode DefaultOf(JsonObject property, string text)
        => text == "[]" ? new JsonArray() : (string?)(property["type"] as JsonValue) == "integer" ? int.Parse(text, System.Globalization.CultureInfo.InvariantCulture) : text;

    private static JsonObject Requires(params ReadOnlySpan<Key> required)
    {
        var names = new JsonArray();
        foreach (var key in required)
            names.Add(key.Name);
        return new JsonObject { ["required"] = names };
    }
}
