using System.Text.Json.Nodes;
using Entrepot.Core.Documents;

namespace Entrepot.Ports.Declarations.Reading;

/// <summary>What may stand at one place of a portfile. The reader, the JSON Schema and the reference page follow from the same shapes.</summary>
internal abstract class Shape
{
    /// <summary>What is allowed, to follow "expected".</summary>
    public abstract string Expected { get; }

    /// <summary>Adds what JSON Schema can say of it.</summary>
    /// <param name="schema">The schema of the place.</param>
    /// <param name="definitions">Takes the schemas of groups.</param>
    public abstract void Describe(JsonObject schema, JsonObject definitions);
}

/// <inheritdoc/>
internal abstract class Shape<T> : Shape
{
    /// <summary>Reads a node, or reports what is wrong with it. What can be read of a faulty list or group is returned all the same,
    /// so that the checks that follow find more.</summary>
    public abstract bool TryRead(DocumentNode node, string path, PortfileIssues issues, out T value);
}

/// <summary>One value.</summary>
/// <param name="type">How it is read.</param>
/// <param name="kind">What it must be to every YAML tool.</param>
/// <param name="describe">Adds the ranges and patterns that hold for it.</param>
internal sealed class ScalarShape<T>(FieldType<T> type, ScalarKind kind, Action<JsonObject>? describe = null) : Shape<T>
{
    public override string Expected => type.Expected;

    public override bool TryRead(DocumentNode node, string path, PortfileIssues issues, out T value)
    {
        value = default!;
        if (node is not DocumentScalar { IsNull: false } scalar || kind.HasFlag(scalar.Kind()))
        {
            if (node is not DocumentScalar { IsPlain: false } quoted || quoted.Value.Length == quoted.Value.AsSpan().Trim().Length)
                return type.TryRead(node, path, issues.Errors, out value);
            issues.Error(node, $"{path} has blanks around '{quoted.Value.Trim()}'; expected {Expected}");
            return false;
        }

        // JSON Schema, and with it every editor, tells numbers from text: so does this, or a file that opens red would load.
        var isOnlySpelling = type.TryRead(node, path, new DocumentErrors(""), out _);
        var hint = !isOnlySpelling ? "" : scalar.IsPlain ? $"; YAML reads it as {Name(scalar.Kind())}: put it in quotes" : "; write it without quotes";
        issues.Error(node, $"{path} is {node.Describe}; expected {Expected}{hint}");
        return false;
    }

    public override void Describe(JsonObject schema, JsonObject definitions)
    {
        string[] types = [.. Enum.GetValues<ScalarKind>().Where(each => kind.HasFlag(each)).Select(SchemaName)];
        schema["type"] = types.Length == 1 ? types[0] : new JsonArray([.. types.Select(static name => JsonValue.Create(name))]);
        describe?.Invoke(schema);
    }

    private static string Name(ScalarKind kind) => kind switch
    {
        ScalarKind.Boolean => "true or false",
        ScalarKind.Null => "nothing",
        ScalarKind.Text => "text",
        _ => "a number",
    };

    private static string SchemaName(ScalarKind kind) => kind switch
    {
        ScalarKind.Boolean => "boolean",
        ScalarKind.WholeNumber => "integer",
        ScalarKind.Fraction => "number",
        ScalarKind.Null => "null",
        _ => "string",
    };
}

/// <summary>A list of the same things; nothing means an empty one.</summary>
/// <param name="item">What is in it.</param>
/// <param name="most">Most items.</param>
/// <param name="expected">What is allowed, to follow "expected".</param>
/// <param name="least">Fewest items.</param>
internal sealed class ListShape<T>(Shape<T> item, int most, string expected, int least = 0) : Shape<IReadOnlyList<T>>
{
    public int Most => most;

    public Shape<T> Item => item;

    public override string Expected => expected;

    public override bool TryRead(DocumentNode node, string path, PortfileIssues issues, out IReadOnlyList<T> value)
    {
        value = [];
        if (node is DocumentScalar { IsNull: true } && least == 0)
            return true;  // Everything in it is commented out.
        if (node is not DocumentList list)
        {
            issues.Error(node, $"{path} is {node.Describe}; expected {Expected}");
            return false;
        }

        if (list.Items.Count > most || list.Items.Count < least)
        {
            var bound = list.Items.Count > most ? FormattableString.Invariant($"at most {most}") : FormattableString.Invariant($"at least {least}");
            issues.Error(node, FormattableString.Invariant($"{path} has {list.Items.Count} entries; expected {bound}"));
            return false;
        }

        var items = new List<T>(list.Items.Count);
        var complete = true;
        for (var index = 0; index < list.Items.Count; index++)
        {
            if (item.TryRead(list.Items[index], FormattableString.Invariant($"{path}[{index}]"), issues, out var read))
                items.Add(read);
            else
                complete = false;
        }

        value = items;
        return complete || items.Count > 0;
    }

    public override void Describe(JsonObject schema, JsonObject definitions)
    {
        schema["type"] = least == 0 ? new JsonArray("array", "null") : "array";
        var items = new JsonObject();
        item.Describe(items, definitions);
        schema["items"] = items;
        schema["maxItems"] = most;
        if (least > 0)
            schema["minItems"] = least;
    }
}
