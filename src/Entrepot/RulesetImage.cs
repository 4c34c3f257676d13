using System.Text.Json;
using System.Text.Json.Nodes;
using Entrepot.Ports.Firewalls.Rulesets;

namespace Entrepot.Cli;

/// <summary>A ruleset without what changes by itself: handles, counters, time left, meters. Two that are equal do the same.</summary>
internal static class RulesetImage
{
    private static readonly string[] Fleeting = ["handle", "expires", "packets", "bytes", "metainfo"];

    /// <summary>Of everything that filters packets on a machine.</summary>
    public static string Of(LiveRuleset ruleset)
        => string.Join('\n', ruleset.Iptables.Select(static listing => listing.Text).Prepend(OfNft(ruleset.Nft)));

    private static string OfNft(string? listing)
    {
        if (listing is null)
            return "";
        var root = JsonNode.Parse(listing, documentOptions: new JsonDocumentOptions { MaxDepth = 256 })!;
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
}
