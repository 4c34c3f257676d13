using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Entrepot.Ports.Declarations.Reading;

namespace Entrepot.Ports.Declarations;

/// <summary>The JSON Schema (2020-12) of portfiles, for editors. It is written from the keys that <see cref="PortfileReader"/> reads, and
/// refuses nothing that the reader takes; what several values mean together only the reader knows.</summary>
public static class PortfileSchema
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, IndentSize = 2, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The schema, indented, with a line end.</summary>
    public static string Text { get; } = Write();

    private static string Write()
    {
        var definitions = new JsonObject();
        var root = PortfileKeys.Root.Definition(definitions);
        var schema = new JsonObject
        {
            ["$schema"] = "https://json-schema.org/draft/2020-12/schema",
            ["$id"] = "urn:entrepot:schema:portfile",
            ["title"] = "Entrepot portfile",
            ["description"] = "The declaration of ports: services, who may reach them, zones, identities and pools.",
        };
        foreach (var (name, value) in root)
            schema[name] = value?.DeepClone();
        schema["$defs"] = definitions;
        return schema.ToJsonString(Indented) + "\n";
    }
}
