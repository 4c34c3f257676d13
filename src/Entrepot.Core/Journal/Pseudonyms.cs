using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Entrepot.Core.Journal;

/// <summary>Puts pseudonyms (GDPR Art. 4(5)) where people and addresses are: the same name has the same pseudonym, so that what one person did stays
/// one story, and only the journal's key tells whose.</summary>
internal sealed class Pseudonyms(byte[] key) : IDisposable
{
    private const int ShownBytes = 8;
    private const string Prefix = "pseudonym:";

    private static readonly JsonDocumentOptions Unique = new() { AllowDuplicateProperties = false };

    private static readonly string[] People = ["user:", "oidc:", "token:", "certificate:", "operator@"];

    /// <summary>The entry without people: those who did it, and whoever is named in what was done.</summary>
    /// <param name="entry">The entry.</param>
    /// <param name="identityChanged">True when the actor had to be replaced.</param>
    /// <param name="contentChanged">True when something else had to be.</param>
    public JournalEntry Cover(JournalEntry entry, out bool identityChanged, out bool contentChanged)
    {
        var actor = entry.By;
        var covered = entry with
        {
            By = new JournalActor(IsPerson(actor.Who) ? Of(actor.Who) : actor.Who, actor.From.Length > 0 ? Of(actor.From) : ""),
            Subject = Cover(entry.Subject, actor),
            Details = CoverJson(entry.Details, actor)!,
            Before = CoverJson(entry.Before, actor),
            After = CoverJson(entry.After, actor),
        };
        identityChanged = covered.By != entry.By;
        contentChanged = (covered.Subject, covered.Details, covered.Before, covered.After) != (entry.Subject, entry.Details, entry.Before, entry.After);
        return covered;
    }

    /// <summary>The pseudonym of a name or address.</summary>
    public string Of(string name) => $"{Prefix}{Convert.ToHexStringLower(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(name)).AsSpan(0, ShownBytes))}";

    /// <summary>True when an entry is another one in which people and addresses may have become pseudonyms, and nothing else differs. Takes no key.</summary>
    public static bool IsCoverOf(JournalEntry original, JournalEntry covered)
    {
        var actor = original.By;
        return (original.Sequence, original.At, original.Action, original.Result) == (covered.Sequence, covered.At, covered.Action, covered.Result)
            && (covered.By.Who == actor.Who || (IsPerson(actor.Who) && IsPseudonym(covered.By.Who)))
            && (covered.By.From == actor.From || (actor.From.Length > 0 && IsPseudonym(covered.By.From)))
            && IsCoverOf(original.Subject, covered.Subject, actor)
            && IsJsonCoverOf(original.Details, covered.Details, actor)
            && IsJsonCoverOf(original.Before, covered.Before, actor)
            && IsJsonCoverOf(original.After, covered.After, actor);
    }

    public void Dispose() => CryptographicOperations.ZeroMemory(key);

    private static bool IsPerson(string name) => People.Any(person => name.StartsWith(person, StringComparison.Ordinal));

    private string Cover(string text, JournalActor actor) => Names(text, actor) ? Of(text) : text;

    private static bool Names(string text, JournalActor actor)
        => IsPerson(text) || JournalActor.IsAddress(text) || text == actor.From || (IsPerson(actor.Who) && (text == actor.Who || text == actor.Who[(actor.Who.IndexOf(':', StringComparison.Ordinal) + 1)..]));

    private static bool IsPseudonym(string text)
        => text.Length == Prefix.Length + (2 * ShownBytes) && text.StartsWith(Prefix, StringComparison.Ordinal) && text.Skip(Prefix.Length).All(char.IsAsciiHexDigitLower);

    private static bool IsCoverOf(string original, string covered, JournalActor actor) => covered == original || (Names(original, actor) && IsPseudonym(covered));

    private static bool IsJsonCoverOf(string? original, string? covered, JournalActor actor)
    {
        if (original == covered || original is null || covered is null)
            return original == covered;
        try
        {
            using var before = JsonDocument.Parse(original, Unique);
            using var after = JsonDocument.Parse(covered, Unique);
            return IsCoverOf(before.RootElement, after.RootElement, actor);
        }
        catch (JsonException)
        {
            return IsCoverOf(original, covered, actor);
        }
    }

    private static bool IsCoverOf(JsonElement original, JsonElement covered, JournalActor actor) => (original.ValueKind, covered.ValueKind) switch
    {
        (JsonValueKind.Object, JsonValueKind.Object) => original.GetPropertyCount() == covered.GetPropertyCount()
            && original.EnumerateObject().All(member => covered.TryGetProperty(member.Name, out var same) && IsCoverOf(member.Value, same, actor)),
        (JsonValueKind.Array, JsonValueKind.Array) => original.GetArrayLength() == covered.GetArrayLength()
            && original.EnumerateArray().Zip(covered.EnumerateArray()).All(pair => IsCoverOf(pair.First, pair.Second, actor)),
        (JsonValueKind.String, JsonValueKind.String) => IsCoverOf(original.GetString()!, covered.GetString()!, actor),
        _ => JsonElement.DeepEquals(original, covered),
    };

    /// <summary>Replaces those texts in a document that are people or addresses; a document without any stays byte for byte.</summary>
    private string? CoverJson(string? json, JournalActor actor)
    {
        if (json is null)
            return null;
        JsonNode? document;
        try
        {
            document = JsonNode.Parse(json);
        }
        catch (JsonException)
        {
            return Cover(json, actor);
        }

        return CoverNode(document, actor, out var replaced) is var covered && replaced ? covered?.ToJsonString() ?? "null" : json;
    }

    private JsonNode? CoverNode(JsonNode? node, JournalActor actor, out bool replaced)
    {
        replaced = false;
        switch (node)
        {
            case JsonObject map:
                foreach (var name in map.Select(static pair => pair.Key).ToList())
                {
                    if (CoverNode(map[name], actor, out var below) is var covered && below)
                        (map[name], replaced) = (covered, true);
                }

                return map;
            case JsonArray list:
                for (var i = 0; i < list.Count; i++)
                {
                    if (CoverNode(list[i], actor, out var below) is var covered && below)
                        (list[i], replaced) = (covered, true);
                }

                return list;
            case JsonValue value when value.TryGetValue<string>(out var text) && Cover(text, actor) is var cover && cover != text:
                replaced = true;
                return JsonValue.Create(cover);
            default:
                return node;
        }
    }
}
