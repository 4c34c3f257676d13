using System.Net;
using Entrepot.Core.Journal;

namespace Entrepot.FunctionalTests.OpenIdConnect;

/// <summary>What a provider, or whoever pretends to be one, does wrong.</summary>
public sealed class ProviderFaultTests : IAsyncLifetime
{
    private readonly Visitor _jane = new();
    private ProviderSite _site = null!;

    public async ValueTask InitializeAsync() => _site = await ProviderSite.StartAsync();

    public async ValueTask DisposeAsync()
    {
        _jane.Dispose();
        await _site.DisposeAsync();
    }

    [Theory]
    [InlineData("issuer", "oidc/issuer")]
    [InlineData("no issuer", "oidc/issuer")]
    [InlineData("audience", "oidc/audience")]
    [InlineData("several audiences", "oidc/audience")]
    [InlineData("another's azp", "oidc/audience")]
    [InlineData("expired", "oidc/expired")]
    [InlineData("without end", "oidc/malformed")]
    [InlineData("not yet", "oidc/not-yet-valid")]
    [InlineData("issued tomorrow", "oidc/not-yet-valid")]
    [InlineData("nonce", "oidc/nonce")]
    [InlineData("no nonce", "oidc/nonce")]
    [InlineData("no subject", "oidc/malformed")]
    [InlineData("access token", "oidc/subject")]
    [InlineData("alg none", "oidc/algorithm")]
    [InlineData("alg HS256", "oidc/algorithm")]
    [InlineData("signature", "oidc/signature")]
    [InlineData("another's claims", "oidc/signature")]
    [InlineData("no token", "oidc/malformed")]
    [InlineData("no name", "oidc/name")]
    [InlineData("strange name", "oidc/name")]
    [InlineData("long name", "oidc/name")]
    [InlineData("no groups", "oidc/no-role")]
    [InlineData("denied", "oidc/denied")]
    public async Task A_bad_word_lets_nobody_in_and_is_journalled(string what, string code)
    {
        Spoil(what);
        var answer = await _site.SignInAsync(_jane);

        answer.Code.ShouldBe(code, answer.Text);
        answer.Status.ShouldBe(HttpStatusCode.Forbidden);
        answer.Cookies.ShouldNotContain(static cookie => cookie.StartsWith("entrepot-session=es1.", StringComparison.Ordinal));
        var entry = (await _site.SignInsAsync()).ShouldHaveSingleItem();
        entry.Result.ShouldBe(JournalResult.Refused);
        entry.Details.GetProperty("reason").GetString().ShouldBe(code);
        entry.From.ShouldBe("127.0.0.1");

        _site.Provider.Error = null;
        _site.Provider.Spoil = static _ => { };
        _site.Provider.SpoilToken = static token => token;
        _site.Provider.Algorithm = "RS256";
        (await _site.SignInAsync(_jane)).Text.ShouldContain("Signed in as");
    }

    [Fact]
    public async Task A_new_key_is_asked_for_once()
    {
        await _site.SignInAsync(_jane);
        _site.Provider.KeyFetches.ShouldBe(1);
        _site.Provider.ChangeKey();
        (await _site.SignInAsync(_jane)).Text.ShouldContain("Signed in as");
        _site.Provider.KeyFetches.ShouldBe(2);

        // One that the provider does not publish stays unknown, and is asked for once more by each sign-in, no more often.
        _site.Provider.SpoilToken = static token => Replace(token, 0, static header => header.Replace("key-2", "key-9", StringComparison.Ordinal));
        (await _site.SignInAsync(_jane)).Code.ShouldBe("oidc/unknown-key");
        _site.Provider.KeyFetches.ShouldBe(3);
    }

    [Fact]
    public async Task A_sign_in_is_answered_once_and_by_the_browser_that_began_it()
    {
        var (_, way) = await _jane.FollowAsync(_site.Start);
        (await _jane.GetAsync(way[^1])).Code.ShouldBe("oidc/state", "the state was used");

        var begun = (await _jane.GetAsync(_site.Start)).Location!;
        var back = (await _jane.GetAsync(begun.AbsoluteUri)).Location!.AbsoluteUri;
        using var other = new Visitor();
        (await other.GetAsync(back)).Code.ShouldBe("oidc/state", "another browser would be signed in as somebody else");
        (await _jane.GetAsync(back)).Code.ShouldBe("oidc/state", "and it is used up");
        (await _jane.GetAsync($"{_site.Start}/callback?code=x")).Code.ShouldBe("oidc/state");
        (await _jane.GetAsync($"{_site.Start}/callback?code=x&state=x&state=y")).Code.ShouldBe("oidc/state");
    }

    [Fact]
    public async Task A_code_that_was_used_is_refused_by_the_provider_and_so_here()
    {
        var used = (await _jane.FollowAsync(_site.Start)).Way[^1];
        var fresh = (await _jane.GetAsync((await _jane.GetAsync(_site.Start)).Location!.AbsoluteUri)).Location!;
        var code = System.Web.HttpUtility.ParseQueryString(new Uri(used).Query)["code"];
        var state = System.Web.HttpUtility.ParseQueryString(fresh.Query)["state"];
        var answer = await _jane.GetAsync($"{_site.Start}/callback?code={code}&state={state}&iss={Uri.EscapeDataString(_site.Provider.Issuer)}");
        answer.Code.ShouldBe("oidc/exchange");
        answer.Text.ShouldContain("invalid_grant");
    }

    [Fact]
    public async Task The_answer_must_be_the_providers()
    {
        foreach (var issuer in new[] { "", "&iss=https%3A%2F%2Fevil.example" })
        {
            var back = (await _jane.GetAsync((await _jane.GetAsync(_site.Start)).Location!.AbsoluteUri)).Location!;
            var query = System.Web.HttpUtility.ParseQueryString(back.Query);
            (await _jane.GetAsync($"{_site.Start}/callback?code={query["code"]}&state={query["state"]}{issuer}")).Code.ShouldBe("oidc/issuer");
        }

        _site.Provider.Exchanges.ShouldBe(0, "no code goes to a provider that may not have sent it");
    }

    [Fact]
    public async Task A_provider_that_is_away_keeps_nobody_from_anything_else()
    {
        _site.Provider.IsDown = true;
        var answer = await _jane.GetAsync(_site.Start);
        (answer.Status, answer.Code).ShouldBe((HttpStatusCode.ServiceUnavailable, "oidc/provider"));
        answer.Text.ShouldContain("Example Org");
        (await _jane.GetAsync($"{_site.Metadata}/readyz")).Status.ShouldBe(HttpStatusCode.OK);
        (await _jane.GetAsync($"{_site.Metadata}/v1/mirrors")).Status.ShouldBe(HttpStatusCode.OK);
        (await _site.SignInsAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_provider_that_goes_away_in_between_says_so_too()
    {
        var back = (await _jane.GetAsync((await _jane.GetAsync(_site.Start)).Location!.AbsoluteUri)).Location!;
        _site.Provider.IsDown = true;
        (await _jane.GetAsync(back.AbsoluteUri)).Code.ShouldBe("oidc/provider");
        _site.Provider.IsDown = false;
        (await _site.SignInAsync(_jane)).Text.ShouldContain("Signed in as");
    }

    [Theory]
    [InlineData("issuer", "https://evil.example", "oidc/issuer")]
    [InlineData("token_endpoint", "http://10.0.0.1/token", "oidc/provider")]
    [InlineData("authorization_endpoint", "javascript:alert(1)", "oidc/provider")]
    [InlineData("jwks_uri", "http://10.0.0.1/keys", "oidc/provider")]
    [InlineData("token_endpoint", null, "oidc/provider")]
    public async Task A_description_that_leads_elsewhere_is_not_followed(string member, string? value, string code)
    {
        _site.Provider.Discovery[member] = value;
        (await _jane.GetAsync(_site.Start)).Code.ShouldBe(code);
    }

    [Fact]
    public async Task What_the_token_does_not_tell_the_provider_is_asked_for()
    {
        _site.Provider.Spoil = static claims => (claims["groups"], claims["preferred_username"]) = (null, null);
        _site.Provider.More = new() { ["sub"] = "248289761001", ["preferred_username"] = "jane", ["groups"] = new[] { "staff" } };
        (await _site.SignInAsync(_jane)).Text.ShouldContain("Signed in as <code>oidc:jane</code>");
        _site.Provider.More["sub"] = "somebody else";
        (await _site.SignInAsync(_jane)).Code.ShouldBe("oidc/subject");
    }

    private void Spoil(string what)
    {
        var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        var provider = _site.Provider;
        switch (what)
        {
            case "alg none":
                provider.Algorithm = "none";
                break;
            case "alg HS256":
                provider.Algorithm = "HS256";
                break;
            case "signature":
                provider.SpoilToken = static token => $"{token[..^8]}AAAAAAAA";
                break;
            case "another's claims":
                provider.SpoilToken = static token => Replace(token, 1, static claims => claims.Replace("\"staff\"", "\"mirror-admins\"", StringComparison.Ordinal));
                break;
            case "no token":
                provider.SpoilToken = static _ => "nonsense";
                break;
            case "denied":
                provider.Error = "access_denied";
                break;
            default:
                provider.Spoil = claims => _ = what switch
                {
                    "issuer" => claims["iss"] = "https://evil.example",
                    "no issuer" => claims["iss"] = null,
                    "audience" => claims["aud"] = "another",
                    "several audiences" => claims["aud"] = new[] { FakeProvider.ClientId, "another" },
                    "another's azp" => claims["azp"] = "another",
                    "expired" => claims["exp"] = now - 61,
                    "without end" => claims["exp"] = null,
                    "not yet" => claims["nbf"] = now + 120,
                    "issued tomorrow" => claims["iat"] = now + 86_400,
                    "nonce" => claims["nonce"] = "of another sign-in",
                    "no nonce" => claims["nonce"] = null,
                    "no subject" => claims["sub"] = null,
                    "access token" => claims["at_hash"] = "AAAAAAAAAAAAAAAAAAAAAA",
                    "no name" => claims["preferred_username"] = null,
                    "strange name" => claims["preferred_username"] = "jane\nadmin",
                    "long name" => claims["preferred_username"] = new string('a', 129),
                    "no groups" => claims["groups"] = null,
                    _ => throw new ArgumentOutOfRangeException(nameof(what)),
                };
                break;
        }
    }

    private static string Replace(string token, int part, Func<string, string> change)
    {
        var parts = token.Split('.');
        parts[part] = System.Buffers.Text.Base64Url.EncodeToString(System.Text.Encoding.UTF8.GetBytes(change(System.Text.Encoding.UTF8.GetString(System.Buffers.Text.Base64Url.DecodeFromChars(parts[part])))));
        return string.Join('.', parts);
    }
}
