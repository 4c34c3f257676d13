using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Entrepot.Mirror.Uploads;

/// <summary>The name of a resumable upload: 128 random bits as 32 lower-case hex digits. Whoever knows it may continue or
/// cancel the upload, so it can't be guessed and is never logged whole.</summary>
[JsonConverter(typeof(UploadIdJsonConverter))]
public readonly record struct UploadId
{
    /// <summary>Length of the text form in characters.</summary>
    public const int Length = 32;

    private readonly string? _value;

    private UploadId(string value) => _value = value;

    /// <summary>The 32 hex digits; safe as a file name.</summary>
    public string Value => _value ?? "";

    /// <summary>The first digits, for logs.</summary>
    public string Prefix => Value.Length == Length ? Value[..8] : "";

    /// <summary>Draws a new name from the system's random source.</summary>
    public static UploadId Draw() => new(RandomNumberGenerator.GetHexString(Length, lowercase: true));

    /// <summary>Reads the text form; nothing but 32 lower-case hex digits is taken.</summary>
    public static bool TryParse(string? text, out UploadId id)
    {
        id = default;
        if (text is not { Length: Length } || !text.All(static c => char.IsAsciiHexDigitLower(c)))
            return false;
        id = new UploadId(text);
        return true;
    }

    /// <inheritdoc/>
    public override string ToString() => Value;
}

/// <summary>Writes an upload's name as text.</summary>
public sealed class UploadIdJsonConverter : JsonConverter<UploadId>
{
    /// <inheritdoc/>
    public override UploadId Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        => UploadId.TryParse(reader.GetString(), out var id) ? id : throw new JsonException("expected 32 lower-case hex digits");

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, UploadId value, JsonSerializerOptions options)
        => writer.WriteStringValue(value.Value);
}
