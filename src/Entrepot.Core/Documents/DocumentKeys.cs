namespace Entrepot.Core.Documents;

/// <summary>Checks the keys of a group.</summary>
public static class DocumentKeys
{
    /// <summary>The known keys of a group with the first value of each; unknown keys and keys given twice are reported.</summary>
    /// <param name="map">The group.</param>
    /// <param name="known">The keys that may stand here.</param>
    /// <param name="path">Where the group is; empty for the root.</param>
    /// <param name="errors">Takes the reports.</param>
    public static Dictionary<string, DocumentEntry> Distinct(DocumentMap map, IReadOnlyCollection<string> known, string path, DocumentErrors errors)
    {
        var first = new Dictionary<string, DocumentEntry>(StringComparer.Ordinal);
        foreach (var entry in map.Entries)
        {
            var key = entry.Key.Value;
            if (!first.TryAdd(key, entry))
            {
                errors.Add(entry.Key, $"the key '{key}' is given twice; it stands at line {first[key].Key.Line} already");
                continue;
            }

            if (!known.Contains(key))
            {
                var place = path.Length == 0 ? "" : $" in {path}";
                errors.Add(entry.Key, Suggestion.For(key, known) is { } near
                    ? $"unknown key {entry.Key.Describe}{place}; did you mean '{near}'?"
                    : $"unknown key {entry.Key.Describe}{place}; known are {string.Join(", ", known)}");
            }
        }

        return first.Where(pair => known.Contains(pair.Key)).ToDictionary(StringComparer.Ordinal);
    }
}
