using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Entrepot.Ports.Enforcement;
using Entrepot.Server.Api;
using Entrepot.Server.Client;

namespace Entrepot.Cli.Rendering;

/// <summary>Writes documents for programs.</summary>
internal static class JsonOutput
{
    private static readonly JsonSerializerOptions Options = WithAddresses(new(ApiJson.Default.Options)
    {
        WriteIndented = true,
        IndentSize = 2,
        // The output is JSON in a terminal or a file, never HTML: names stay readable.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        TypeInfoResolver = JsonTypeInfoResolver.Combine(ApiJson.Default, ClientJson.Default, CliJson.Default, EnforcementJson.Default),
    });

    /// <summary>One indented document and a line end.</summary>
    public static void Write<T>(TextWriter writer, T document, JsonTypeInfo<T> type)
        => writer.WriteLine(JsonSerializer.Serialize(document, Options.GetTypeInfo(type.Type)));

    private static JsonSerializerOptions WithAddresses(JsonSerializerOptions options)
    {
        foreach (var converter in EnforcementJson.AddressConverters)
            options.Converters.Add(converter);
        return options;
    }
}
