using System.Text.Json;

namespace Entrepot.Ports.Firewalls.Nftables;

/// <summary>Access to JSON of any shape that never throws.</summary>
internal static class NftJson
{
    private const int LongestText = 200;

    public static JsonElement? Member(this JsonElement element, string name)
        => element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var member) ? member : null;

    public static string? Text(this JsonElement? element) => element is { ValueKind: JsonValueKind.String } text ? text.GetString() : null;

    public static string? Text(this JsonElement element, string name) => element.Member(name).Text();

    public static long? Number(this JsonElement element, string name)
        => element.Member(name) is { ValueKind: JsonValueKind.Number } number && number.TryGetInt64(out var value) ? value : null;

    public static IEnumerable<JsonElement> Items(this JsonElement? element)
        => element is { ValueKind: JsonValueKind.Array } array ? array.EnumerateArray() : [];

    /// <summary>The only member of an object, as nft writes statements and expressions.</summary>
    public static (string Name, JsonElement Value)? Single(this JsonElement element)
    {
        if (element.ValueKind != JsonValueKind.Object)
            return null;
        using var members = element.EnumerateObject();
        return members.MoveNext() ? (members.Current.Name, members.Current.Value) : null;
    }

    /// <summary>Both operands of a binary operator.</summary>
    public static (JsonElement Left, JsonElement Right)? Pair(this JsonElement element)
        => element.ValueKind == JsonValueKind.Array && element.GetArrayLength() == 2 ? (element[0], element[1]) : null;

    /// <summary>For messages.</summary>
    public static string Shown(this JsonElement element)
    {
        var text = element.GetRawText();
        return text.Length <= LongestText ? text : string.Concat(text.AsSpan(0, LongestText), "…");
    }
}
