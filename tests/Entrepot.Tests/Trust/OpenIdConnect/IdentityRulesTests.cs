using System.Text.Json;
using CsCheck;
using Entrepot.Trust.Access;
using Entrepot.Trust.OpenIdConnect;

namespace Entrepot.Tests.Trust.OpenIdConnect;

/// <summary>Who somebody is here by what a provider says.</summary>
public sealed class IdentityRulesTests
{
    private static readonly Dictionary<string, Role> Map = new() { ["staff"] = Role.Viewer, ["ops"] = Role.Operator | Role.Viewer, ["admins"] = Role.Admin };

    [Theory]
    [InlineData("""{"groups":["staff","ops"]}""", "groups", Role.Viewer | Role.Operator)]
    [InlineData("""{"groups":"admins"}""", "groups", Role.Admin)]
    [InlineData("""{"groups":["Staff","staff ","STAFF"]}""", "groups", Role.None)]
    [InlineData("""{"groups":[1,null,{"a":1},["staff"]]}""", "groups", Role.None)]
    [InlineData("""{"groups":{"staff":true}}""", "groups", Role.None)]
    [InlineData("""{"realm_access":{"roles":["ops"]}}""", "realm_access.roles", Role.Viewer | Role.Operator)]
    [InlineData("""{"https://example.org/roles":["ops"]}""", "https://example.org/roles", Role.Viewer | Role.Operator)]
    [InlineData("""{"a.b":["staff"],"a":{"b":["admins"]}}""", "a.b", Role.Viewer)]
    [InlineData("""{}""", "groups", Role.None)]
    public void Roles_follow_from_the_named_claim(string claims, string claim, Role expected)
    {
        IdentityRules.TryDecide(Claims($$"""{"sub":"1","preferred_username":"jane",{{claims[1..]}}""".Replace(",}", "}", StringComparison.Ordinal)), null, Options(claim), out var identity, out _).ShouldBeTrue();
        identity!.Roles.ShouldBe(expected);
    }

    [Theory]
    [InlineData("Jane.Doe@Example.org", "jane.doe@example.org")]
    [InlineData("auth0|5f7c8ec7", "auth0|5f7c8ec7")]
    [InlineData("a", "a")]
    [InlineData("", null)]
    [InlineData("jane doe", null)]
    [InlineData("oidc:jane", null)]
    [InlineData("jane/../admin", null)]
    [InlineData("j\u0430ne", null)]  // a Cyrillic letter
    [InlineData("\u212Aate", null)]  // the Kelvin sign is k in lower case
    public void A_name_is_in_one_spelling_or_none(string given, string? expected)
    {
        IdentityRules.TryDecide(Claims($$"""{"sub":"1","preferred_username":{{JsonSerializer.Serialize(given)}}}"""), null, Options(), out var identity, out var fault).ShouldBe(expected is not null);
        identity?.Name.ShouldBe(expected);
        (fault is null || fault.Is(OidcFault.Name)).ShouldBeTrue();
    }

    [Fact]
    public void No_text_makes_a_name_that_is_not_lower_case_of_known_letters()
        => Gen.String.Sample(text =>
        {
            var isGood = IdentityRules.TryDecide(Claims(JsonSerializer.Serialize(new Dictionary<string, string> { ["sub"] = "1", ["preferred_username"] = text })), null, Options(), out var identity, out _);
            return !isGood || identity!.Name.All(static letter => char.IsAsciiLetterLower(letter) || char.IsAsciiDigit(letter) || ".-_+@|".Contains(letter, StringComparison.Ordinal));
        });

    [Fact]
    public void More_is_of_the_same_person_and_completes_only_what_is_missing()
    {
        var token = Claims("""{"sub":"1","groups":["staff"]}""");
        IdentityRules.NeedsMore(token, Options()).ShouldBeTrue();
        IdentityRules.TryDecide(token, Claims("""{"sub":"1","preferred_username":"jane","groups":["admins"]}"""), Options(), out var identity, out _).ShouldBeTrue();
        (identity!.Name, identity.Roles).ShouldBe(("jane", Role.Viewer));
        IdentityRules.TryDecide(token, Claims("""{"sub":"2","preferred_username":"jane"}"""), Options(), out _, out var fault).ShouldBeFalse();
        fault!.Is(OidcFault.Subject).ShouldBeTrue();
        IdentityRules.NeedsMore(Claims("""{"sub":"1","preferred_username":"jane","groups":[]}"""), Options()).ShouldBeFalse();
    }

    [Fact]
    public void A_mail_address_that_nobody_verified_names_nobody()
    {
        var options = Options() with { NameClaim = "email" };
        IdentityRules.TryDecide(Claims("""{"sub":"1","email":"ann@example.org","email_verified":false}"""), null, options, out _, out var fault).ShouldBeFalse();
        fault!.Is(OidcFault.Name).ShouldBeTrue();
        IdentityRules.TryDecide(Claims("""{"sub":"1","email":"ann@example.org","email_verified":true}"""), null, options, out _, out _).ShouldBeTrue();
    }

    private static ProviderOptions Options(string claim = "groups") => new("https://login.example", "entrepot", Map) { RoleClaim = claim };

    private static JsonElement Claims(string json)
    {
        using var document = JsonDocument.Parse(json);
        return document.RootElement.Clone();
    }
}
