using System.Text;
using System.Text.Json;

namespace Entrepot.Server.Hosting;

/// <summary>Details of a journal entry as the JSON object that the table asks for.</summary>
internal static class JournalDetails
{
    /// <summary>Writes pairs of name and text; null stays out.</summary>
    public static string Of(params ReadOnlySpan<(string Name, string? Value)> pairs)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            writer.WriteStartObject();
            foreach (var (name, value) in pairs)
            {
                if (value is not null)
                    writer.WriteString(name, value);
            }

            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.GetBuffer(), 0, (int)stream.Length);
    }
}
