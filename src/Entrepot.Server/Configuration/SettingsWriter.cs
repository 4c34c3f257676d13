using System.Globalization;
using System.Text;
using System.Text.Json;
using Entrepot.Core.Documents;

namespace Entrepot.Server.Configuration;

/// <summary>Writes settings as the YAML that <see cref="SettingsReader"/> reads back.</summary>
public static class SettingsWriter
{
    /// <summary>Every setting with its value. Those that are not in <paramref name="given"/> are marked as defaults.</summary>
    public static string Write(Settings settings, IReadOnlySet<string> given)
    {
        var text = new StringBuilder();
        string[] open = [];
        foreach (var setting in SettingsSchema.All)
        {
            var parts = setting.Path.Split('.');
            var groups = parts[..^1];
            var shared = groups.Zip(open).TakeWhile(static pair => pair.First == pair.Second).Count();
            for (var level = shared; level < groups.Length; level++)
                text.Append(' ', level * 2).Append(groups[level]).Append(":\n");
            open = groups;
            text.Append(' ', groups.Length * 2).Append(parts[^1]).Append(": ").Append(setting.Write(settings));
            if (!given.Contains(setting.Path))
                text.Append("  # default");
            text.Append('\n');
        }

        return text.ToString();
    }

    /// <summary>Every setting with its value, as a JSON object of the same keys.</summary>
    public static byte[] WriteJson(Settings settings)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
            Write(writer, DocumentTree.Parse(Write(settings, new HashSet<string>()), "", out _)!);
        return buffer.ToArray();
    }

    private static void Write(Utf8JsonWriter writer, DocumentNode node)
    {
        switch (node)
        {
            case DocumentMap map:
                writer.WriteStartObject();
                foreach (var entry in map.Entries)
                {
                    writer.WritePropertyName(entry.Key.Value);
                    Write(writer, entry.Value);
                }

                writer.WriteEndObject();
                break;
            case DocumentList list:
                writer.WriteStartArray();
                foreach (var item in list.Items)
                    Write(writer, item);
                writer.WriteEndArray();
                break;
            case DocumentScalar { IsNull: true }:
                writer.WriteNullValue();
                break;
            case DocumentScalar { IsPlain: true, Value: "true" or "false" } flag:
                writer.WriteBooleanValue(flag.Value == "true");
                break;
            case DocumentScalar { IsPlain: true } number when long.TryParse(number.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var value):
                writer.WriteNumberValue(value);
                break;
            case DocumentScalar scalar:
                writer.WriteStringValue(scalar.Value);
                break;
        }
    }
}
