using System.Text.Json.Nodes;
using Entrepot.Trust.Access;

namespace Entrepot.Server.Metadata;

/// <summary>What the OpenAPI document says of credentials (OpenAPI 3.1.1 §4.8.27, §4.8.30). Roles stand where a scheme has no scopes of its own.</summary>
internal static class ApiSecurity
{
    private const string Bearer = "bearer";
    private const string Certificate = "node";

    /// <summary>How somebody proves who it is.</summary>
    public static JsonObject Schemes() => new()
    {
        [Bearer] = new JsonObject
        {
            ["type"] = "http", ["scheme"] = "bearer",
            ["description"] = "A token of 'entrepot token create', or the session of somebody who signed in. Only over TLS, or from the machine itself.",
        },
        [Certificate] = new JsonObject { ["type"] = "mutualTLS", ["description"] = "The certificate of a node of this network." },
    };

    /// <summary>The credentials of which one is enough; one without a name is none at all.</summary>
    /// <param name="permission">What the operation needs.</param>
    /// <param name="openReading">True where content and network may be read by everybody.</param>
    public static JsonArray Of(Permission permission, bool openReading)
    {
        var ways = new JsonArray();
        if (AccessPolicy.Decide(permission, Principal.Nobody, openReading) == AccessVerdict.Allowed)
            ways.Add((JsonNode)new JsonObject());
        if (permission == Permission.Public)
            return ways;
        var holders = AccessPolicy.HoldersOf(permission);
        foreach (var role in Roles.WordsOf(holders & Roles.Grantable))
            ways.Add((JsonNode)new JsonObject { [Bearer] = new JsonArray(role) });
        if (holders.HasFlag(Role.Node))
            ways.Add((JsonNode)new JsonObject { [Certificate] = new JsonArray() });
        return ways;
    }
}
