using System.Text.Json;

namespace Entrepot.Trust.OpenIdConnect;

/// <summary>Reads JSON that comes from outside and says who somebody is: of one meaning, or not at all.</summary>
internal static class ProviderJson
{
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 16 };

    /// <summary>Reads an object.</summary>
    /// <exception cref="JsonException">It is none, names a member twice, or has text that is no Unicode.</exception>
    public static JsonElement Parse(ReadOnlyMemory<byte> json)
    {
        try
        {
            using var document = JsonDocument.Parse(json, Strict);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                throw new JsonException("it is no object");
            ReadTexts(document.RootElement);
            return document.RootElement.Clone();
        }
        catch (InvalidOperationException error)
        {
            throw new JsonException("it has text that is no Unicode", error);
        }
    }

    /// <summary>A member that is text, or null.</summary>
    public static string? Text(JsonElement element, string name)
        => element.TryGetProperty(name, out var member) && member.ValueKind == JsonValueKind.String ? member.GetString() : null;

    /// <summary>The parser looks at no text before it is asked for: half a surrogate pair would come out only then.</summary>
    private static void ReadTexts(JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.String:
                _ = element.GetString();
                break;
            case JsonValueKind.Array:
                foreach (var item in element.EnumerateArray())
                    ReadTexts(item);
                break;
            case JsonValueKind.Object:
                foreach (var member in element.EnumerateObject())
                {
                    _ = member.Name;
                    ReadTexts(member.Value);
                }

                break;
        }
    }
}
