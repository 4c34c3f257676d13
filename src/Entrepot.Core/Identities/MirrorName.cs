using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization;
using Entrepot.Core.Faults;

namespace Entrepot.Core.Identities;

/// <summary>The name of a mirror: 1–64 characters of <c>a–z 0–9 . _ -</c>, starting and ending with a letter or digit.
/// It is the first segment of every download address, so the names that surfaces use themselves are refused.</summary>
[JsonConverter(typeof(MirrorNameJsonConverter))]
public readonly record struct MirrorName : IComparable<MirrorName>
{
    /// <summary>Longest name in characters; a DNS label's limit (RFC 1035 §2.3.4) plus one.</summary>
    public const int MaxLength = 64;

    /// <summary>First segments that surfaces answer themselves, now or by convention.</summary>
    private static readonly FrozenSet<string> Reserved = new[]
    {
        "v1", "v2", "healthz", "readyz", "livez", "metrics", "openapi", "reference", "console", "robots.txt", "favicon.ico",
        "assets", "token", "api",
    }.ToFrozenSet(StringComparer.Ordinal);

    private readonly string? _value;

    private MirrorName(string value) => _value = value;

    /// <summary>The name.</summary>
    public string Value => _value ?? "";

    /// <summary>Reads a name, or says why it can't be one.</summary>
    public static bool TryParse(string? text, out MirrorName name, [NotNullWhen(false)] out Fault? fault)
    {
        name = default;
        if (text is null || !IsWellFormed(text))
        {
            fault = Fault.Of(
                IdentityFault.MirrorName, FaultKind.Invalid, $"'{text}' is not a mirror name.",
                $"Use 1–{MaxLength} characters of a–z, 0–9, '.', '_' and '-', starting and ending with a letter or digit.");
            return false;
        }

        if (Reserved.Contains(text))
        {
            fault = Fault.Of(
                IdentityFault.ReservedMirrorName, FaultKind.Invalid, $"'{text}' is reserved for the surfaces themselves.",
                "Choose another name.");
            return false;
        }

        name = new MirrorName(text);
        fault = null;
        return true;
    }

    /// <summary>As <see cref="TryParse"/>, throwing the fault.</summary>
    /// <exception cref="FaultException">The text is not a mirror name.</exception>
    public static MirrorName Parse(string? text)
        => TryParse(text, out var name, out var fault) ? name : throw fault.ToException();

    /// <inheritdoc/>
    public int CompareTo(MirrorName other) => string.CompareOrdinal(Value, other.Value);

    /// <inheritdoc/>
    public override string ToString() => Value;

    /// <summary>Ordinal order.</summary>
    public static bool operator <(MirrorName left, MirrorName right) => left.CompareTo(right) < 0;

    /// <summary>Ordinal order.</summary>
    public static bool operator >(MirrorName left, MirrorName right) => left.CompareTo(right) > 0;

    /// <summary>Ordinal order.</summary>
    public static bool operator <=(MirrorName left, MirrorName right) => left.CompareTo(right) <= 0;

    /// <summary>Ordinal order.</summary>
    public static bool operator >=(MirrorName left, MirrorName right) => left.CompareTo(right) >= 0;

    private static bool IsWellFormed(string text)
    {
        if (text.Length is 0 or > MaxLength || !char.IsAsciiLetterOrDigit(text[0]) || !char.IsAsciiLetterOrDigit(text[^1]))
            return false;
        foreach (var c in text)
        {
            if (!char.IsAsciiLetterLower(c) && !char.IsAsciiDigit(c) && c is not ('.' or '_' or '-'))
                return false;
        }

        return true;
    }
}

/// <summary>Writes a mirror name as text.</summary>
public sealed class MirrorNameJsonConverter : JsonConverter<MirrorName>
{
    /// <inheritdoc/>
    public override MirrorName Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        => MirrorName.TryParse(reader.GetString(), out var name, out var fault) ? name : throw new JsonException(fault.Message);

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, MirrorName value, JsonSerializerOptions options)
        => writer.WriteStringValue(value.Value);
}
