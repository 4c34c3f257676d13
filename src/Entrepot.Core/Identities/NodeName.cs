using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization;
using Entrepot.Core.Faults;

namespace Entrepot.Core.Identities;

/// <summary>The name of a node: a DNS label (RFC 1035 §2.3.1, lower case), so that it can become a host name.</summary>
[JsonConverter(typeof(NodeNameJsonConverter))]
public readonly record struct NodeName
{
    /// <summary>Longest name in characters (RFC 1035 §2.3.4).</summary>
    public const int MaxLength = 63;

    private readonly string? _value;

    private NodeName(string value) => _value = value;

    /// <summary>The name.</summary>
    public string Value => _value ?? "";

    /// <summary>Reads a name, or says why it can't be one.</summary>
    public static bool TryParse(string? text, out NodeName name, [NotNullWhen(false)] out Fault? fault)
    {
        name = default;
        fault = null;
        var ok = text is { Length: > 0 and <= MaxLength } && text[0] != '-' && text[^1] != '-'
            && text.All(static c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-');
        if (ok)
            name = new NodeName(text!);
        else
            fault = Fault.Of(
                IdentityFault.NodeName, FaultKind.Invalid, $"'{text}' is not a node name.",
                $"Use 1–{MaxLength} characters of a–z, 0–9 and '-', with a letter or digit at both ends.");
        return ok;
    }

    /// <summary>As <see cref="TryParse"/>, throwing the fault.</summary>
    /// <exception cref="FaultException">The text is not a node name.</exception>
    public static NodeName Parse(string? text)
        => TryParse(text, out var name, out var fault) ? name : throw fault.ToException();

    /// <inheritdoc/>
    public override string ToString() => Value;
}

/// <summary>Writes a node name as text.</summary>
public sealed class NodeNameJsonConverter : JsonConverter<NodeName>
{
    /// <inheritdoc/>
    public override NodeName Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        => NodeName.TryParse(reader.GetString(), out var name, out var fault) ? name : throw new JsonException(fault.Message);

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, NodeName value, JsonSerializerOptions options)
        => writer.WriteStringValue(value.Value);
}
