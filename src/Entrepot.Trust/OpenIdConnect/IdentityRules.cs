using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Json;
using Entrepot.Core.Faults;
using Entrepot.Trust.Access;

namespace Entrepot.Trust.OpenIdConnect;

/// <summary>Decides who somebody is here by what the provider says of it. Pure.</summary>
internal static class IdentityRules
{
    /// <summary>Longest name.</summary>
    public const int MaxName = 128;

    private static readonly SearchValues<char> NameLetters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789.-_+@|");

    /// <summary>True when the token alone does not tell all that is asked of it, so that the provider has to be asked for more.</summary>
    public static bool NeedsMore(JsonElement claims, ProviderOptions options)
        => Find(claims, options.NameClaim) is null || Find(claims, options.RoleClaim) is null;

    /// <summary>Decides.</summary>
    /// <param name="claims">What the identity token says.</param>
    /// <param name="more">What the provider told beside, or null.</param>
    /// <param name="options">What its words mean.</param>
    /// <param name="identity">Who it is.</param>
    /// <param name="fault">Why it can't be said.</param>
    public static bool TryDecide(
        JsonElement claims, JsonElement? more, ProviderOptions options, [NotNullWhen(true)] out ProvenIdentity? identity, [NotNullWhen(false)] out Fault? fault)
    {
        identity = null;
        var subject = ProviderJson.Text(claims, "sub")!;
        // Core §5.3.2: else the answer may be of somebody else's token.
        if (more is { } told && ProviderJson.Text(told, "sub") != subject)
        {
            fault = Fault.Of(OidcFault.Subject, FaultKind.Forbidden, "What the provider tells of the person is of another one than its token.", "Sign in again from the start.");
            return false;
        }

        var (named, source) = Find(claims, options.NameClaim) is { } own ? (own, claims) : (more is { } rest ? Find(rest, options.NameClaim) : null, more ?? claims);
        if (NameOf(named) is not { } name)
        {
            fault = Fault.Of(
                OidcFault.Name, FaultKind.Forbidden,
                named is null
                    ? $"The provider does not tell '{options.NameClaim}', which people are named by here."
                    : $"What the provider tells as '{options.NameClaim}' can't be a name here: it has 1–{MaxName} characters of a–z 0–9 . - _ + @ |.",
                "An admin can add a scope to openIdConnect.scopes, or name another claim in openIdConnect.nameClaim; 'sub' is always there.");
            return false;
        }

        if (options.NameClaim == "email" && source.TryGetProperty("email_verified", out var verified) && verified.ValueKind == JsonValueKind.False)
        {
            fault = Fault.Of(OidcFault.Name, FaultKind.Forbidden, "The provider has not verified the person's mail address, and people are named by it here.", "Verify it at the provider.");
            return false;
        }

        var values = Find(claims, options.RoleClaim) ?? (more is { } others ? Find(others, options.RoleClaim) : null);
        identity = new ProvenIdentity(options.Issuer, subject, name, RolesOf(values, options.Roles));
        fault = null;
        return true;
    }

    /// <summary>A name as it is kept: in lower case, as two people must not differ by that alone.</summary>
    private static string? NameOf(JsonElement? claim)
    {
        // Ascii first: some letters of other scripts become Latin ones in lower case.
        if (claim is not { ValueKind: JsonValueKind.String } text || text.GetString() is not { Length: > 0 and <= MaxName } given || !Ascii.IsValid(given))
            return null;
        var name = given.ToLowerInvariant();
        return name.AsSpan().ContainsAnyExcept(NameLetters) ? null : name;
    }

    private static Role RolesOf(JsonElement? claim, IReadOnlyDictionary<string, Role> map)
    {
        var words = claim switch
        {
            { ValueKind: JsonValueKind.String } one => [one.GetString()!],
            { ValueKind: JsonValueKind.Array } many => many.EnumerateArray().Where(static item => item.ValueKind == JsonValueKind.String).Select(static item => item.GetString()!),
            _ => (IEnumerable<string>)[],
        };
        return words.Aggregate(Role.None, (roles, word) => roles | map.GetValueOrDefault(word));
    }

    /// <summary>A member by its whole name, which may be a URL; else by a path such as <c>realm_access.roles</c>.</summary>
    private static JsonElement? Find(JsonElement claims, string name)
    {
        if (claims.TryGetProperty(name, out var whole))
            return whole.ValueKind == JsonValueKind.Null ? null : whole;
        foreach (var step in name.Split('.'))
        {
            if (claims.ValueKind != JsonValueKind.Object || !claims.TryGetProperty(step, out claims))
                return null;
        }

        return claims;
    }
}
