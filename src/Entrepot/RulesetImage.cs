using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Entrepot.Cli;

/// <summary>A ruleset without what changes by itself: handles, counters, time left, meters. Two that are equal do the same.</summary>
internal static partial class RulesetImage
{
    private static readonly string[] Fleeting = ["handle", "expires", "packets", "bytes", "metainfo"];

    /// <summary>Of what <c>nft -j list ruleset</c> or <c>iptables-save</c> printed.</summary>
    public static string Of(string ruleset)
    {
        if (!ruleset.StartsWith('{'))
            return Comments().Replace(Counters().Replace(ruleset, "[0:0]"), "");
        var root = JsonNode.Parse(ruleset, documentOptions: new JsonDocumentOptions { MaxDepth = 256 })!;
        Strip(root);
        return root.ToJsonString();
    }

    private static void Strip(JsonNode? node)
    {
        switch (node)
        {
            case JsonObject fields:
                foreach (var name in Fleeting)
                    fields.Remove(name);
                if (fields["flags"] is JsonArray flags && flags.Any(static flag => flag?.ToString() == "dynamic"))
                    fields.Remove("elem");
                foreach (var (_, value) in fields)
                    Strip(value);
                break;
            case JsonArray items:
                foreach (var item in items)
                    Strip(item);
                break;
        }
    }

    [GeneratedRegex(@"\[[0-9]+:[0-9]+\]", RegexOptions.NonBacktracking)]
    private static partial Regex Counters();

    [GeneratedRegex("^#[^\n]*\n", RegexOptions.Multiline | RegexOptions.NonBacktracking)]
    private static partial Regex Comments();
}
