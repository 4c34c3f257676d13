using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Entrepot.Server.Http;

/// <summary>Writes JSON as people expect to read it: only what JSON itself needs is escaped. The usual encoder also escapes quotes, plus
/// signs and all of Unicode for documents that are pasted into HTML, which is never done with these.</summary>
internal static class PlainJson
{
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The document in UTF-8.</summary>
    public static ReadOnlyMemory<byte> Write<T>(T document, JsonTypeInfo<T> type)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using var writer = new Utf8JsonWriter(buffer, Options);
        JsonSerializer.Serialize(writer, document, type);
        return buffer.WrittenMemory;
    }
}
