using System.Collections.Immutable;
using Entrepot.Core.Documents;
using Entrepot.Trust.Access;

namespace Entrepot.Server.Configuration;

/// <summary>The settings of the OpenID Connect provider.</summary>
internal static class OpenIdConnectSchema
{
    private const string Group = "openIdConnect";

    private static readonly FieldType<string?> Issuer = FieldTypes.Optional(new ScalarType<string>(
        "the provider's identifier, a URL such as https://login.example.org/realms/staff",
        static (text, out value, out hint) =>
        {
            value = text;
            hint = !Uri.TryCreate(text, UriKind.Absolute, out var uri) || uri.Scheme is not ("https" or "http") ? "it begins with https://"
                : uri.Scheme == "http" && !uri.IsLoopback ? "http is for a provider on this machine only"
                : uri.Query.Length > 0 || uri.Fragment.Length > 0 || uri.UserInfo.Length > 0 ? "it has neither query, fragment nor name"
                : text.EndsWith("/.well-known/openid-configuration", StringComparison.Ordinal) ? "leave /.well-known/openid-configuration out"
                : null;
            return hint is null;
        },
        FieldTypes.Quote));

    private static readonly FieldType<string> Word = new ScalarType<string>(
        "a scope: 1–100 characters without blanks",
        static (text, out value, out hint) =>
        {
            (value, hint) = (text, null);
            return text.Length is > 0 and <= 100 && text.All(static letter => letter is > ' ' and <= '~' and not ('"' or '\\'));  // RFC 6749 §3.3
        },
        FieldTypes.Quote);

    /// <summary>The settings.</summary>
    public static IEnumerable<Setting> All =>
    [
        Of("issuer", Issuer, o => o.Issuer, (o, v) => o with { Issuer = v }, "the provider through which people sign in; null for none"),
        Of("clientId", FieldTypes.Optional(Line(200)), o => o.ClientId, (o, v) => o with { ClientId = v }, "what this network is called at the provider"),
        Of("clientSecretFile", SettingTypes.File, o => o.ClientSecretFile, (o, v) => o with { ClientSecretFile = v }, "file with the client's secret; null for a client without one"),
        Of("address", SettingTypes.Url, o => o.Address, (o, v) => o with { Address = v }, "by which browsers reach the metadata surface; null for its own"),
        Of("scopes", new ScopesType(Word), o => o.Scopes, (o, v) => o with { Scopes = v }, "what the provider is asked for"),
        Of("nameClaim", Line(200), o => o.NameClaim, (o, v) => o with { NameClaim = v }, "the claim that people are named by"),
        Of("roleClaim", Line(200), o => o.RoleClaim, (o, v) => o with { RoleClaim = v }, "the claim that roles follow from: a name, or a path with dots"),
        Of("roles", new RoleMapType(), o => o.Roles, (o, v) => o with { Roles = v }, "which value of that claim gives which roles"),
        Of("label", Line(60), o => o.Label, (o, v) => o with { Label = v }, "how people call the provider"),
        Of("clockSkew", FieldTypes.Span(TimeSpan.Zero, TimeSpan.FromMinutes(5)), o => o.ClockSkew, (o, v) => o with { ClockSkew = v }, "by how much the provider's clock may differ"),
    ];

    /// <summary>Reports what does not go together.</summary>
    public static void Check(Settings settings, IReadOnlyDictionary<string, DocumentNode> given, DocumentErrors errors)
    {
        var o = settings.OpenIdConnect;
        if (o.Issuer is null)
        {
            // What has a default says nothing of a provider.
            foreach (var (name, isSet) in new[] { ("clientId", o.ClientId is not null), ("clientSecretFile", o.ClientSecretFile is not null), ("address", o.Address is not null), ("roles", !o.Roles.IsEmpty) })
            {
                if (isSet && given.TryGetValue($"{Group}.{name}", out var stated))
                    errors.Add(stated, $"{Group}.{name} is given without {Group}.issuer; expected the provider's identifier beside it");
            }

            return;
        }

        var place = given[$"{Group}.issuer"];
        if (o.ClientId is null)
            errors.Add(place, $"{Group}.issuer is given without {Group}.clientId; expected what this network is called at the provider");
        if (o.Roles.IsEmpty)
            errors.Add(place, $"{Group}.issuer is given without {Group}.roles; expected which value of the claim '{o.RoleClaim}' gives which roles, as nobody comes in else");
        if (o.Address is { Scheme: "http", IsLoopback: false } address)
            errors.Add(given[$"{Group}.address"], $"{Group}.address is '{address.GetLeftPart(UriPartial.Authority)}'; expected https://, as nobody signs in over clear text on a network");
    }

    private static ScalarType<string> Line(int longest) => new(
        $"1–{longest} characters",
        (text, out value, out hint) =>
        {
            (value, hint) = (text, null);
            return text.Length > 0 && text.Length <= longest && !text.Any(char.IsControl);
        },
        FieldTypes.Quote);

    private static Setting<T> Of<T>(string name, FieldType<T> type, Func<OpenIdConnectSettings, T> get, Func<OpenIdConnectSettings, T, OpenIdConnectSettings> set, string help)
        => new($"{Group}.{name}", type, settings => get(settings.OpenIdConnect), (settings, value) => settings with { OpenIdConnect = set(settings.OpenIdConnect, value) }, help);
}

/// <summary>A list of scopes with <c>openid</c> among them.</summary>
internal sealed class ScopesType(FieldType<string> word) : FieldType<ImmutableArray<string>>
{
    private const int Max = 16;

    public override string Expected => $"a list of at most {Max} scopes such as [openid, profile], openid among them";

    public override bool TryRead(DocumentNode node, string path, DocumentErrors errors, out ImmutableArray<string> value)
    {
        value = [];
        if (node is not DocumentList { Items.Count: <= Max } list)
        {
            errors.Add(node, $"{path} is {node.Describe}; expected {Expected}");
            return false;
        }

        var words = ImmutableArray.CreateBuilder<string>(list.Items.Count);
        for (var i = 0; i < list.Items.Count; i++)
        {
            if (word.TryRead(list.Items[i], $"{path}[{i}]", errors, out var one))
                words.Add(one);
        }

        value = words.ToImmutable();
        if (value.Length < list.Items.Count)
            return false;
        if (value.Contains("openid", StringComparer.Ordinal))
            return true;
        errors.Add(node, $"{path} lacks openid; expected {Expected}");
        return false;
    }

    public override string Write(ImmutableArray<string> value) => $"[{string.Join(", ", value.Select(word.Write))}]";
}

/// <summary>Which word of the provider gives which roles.</summary>
internal sealed class RoleMapType : FieldType<ImmutableSortedDictionary<string, Role>>
{
    private const int Max = 200;

    public override string Expected => $"a map such as {{mirror-admins: [admin], staff: [viewer]}} to roles of {string.Join(", ", Roles.Words)}";

    public override bool TryRead(DocumentNode node, string path, DocumentErrors errors, out ImmutableSortedDictionary<string, Role> value)
    {
        var roles = ImmutableSortedDictionary.CreateBuilder<string, Role>(StringComparer.Ordinal);
        value = roles.ToImmutable();
        if (node is not DocumentMap { Entries.Count: <= Max } map)
        {
            errors.Add(node, $"{path} is {node.Describe}; expected {Expected}");
            return false;
        }

        foreach (var entry in map.Entries)
        {
            var key = entry.Key.Value;
            var items = entry.Value is DocumentList list ? list.Items : [entry.Value];
            var words = items.OfType<DocumentScalar>().Where(static item => !item.IsNull).Select(static item => item.Value).ToList();
            if (words.Count != items.Count || words.Count == 0)
                errors.Add(entry.Value, $"{path}.{key} is {entry.Value.Describe}; expected roles such as [viewer] of {string.Join(", ", Roles.Words)}");
            else if (!Roles.TryParse(words, out var role, out var fault))
                errors.Add(entry.Value, $"{path}.{key}: {fault.Message} {fault.Cure}");
            else if (!roles.TryAdd(key, role))
                errors.Add(entry.Key, $"{path} has '{key}' twice; put its roles in one list");
        }

        value = roles.ToImmutable();
        return value.Count == map.Entries.Count;
    }

    public override string Write(ImmutableSortedDictionary<string, Role> value)
        => $"{{{string.Join(", ", value.Select(static pair => $"{FieldTypes.Quote(pair.Key)}: [{string.Join(", ", Roles.WordsOf(pair.Value))}]"))}}}";
}
