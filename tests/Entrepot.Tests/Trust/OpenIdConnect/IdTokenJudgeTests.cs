using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using CsCheck;
using Entrepot.Trust.Access;
using Entrepot.Trust.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;

namespace Entrepot.Tests.Trust.OpenIdConnect;

/// <summary>Tokens that are good to the letter, and everything beside them.</summary>
public sealed class IdTokenJudgeTests : IDisposable
{
    private const string Nonce = "n-0S6_WzA2Mj";

    private static readonly DateTimeOffset Now = new(2026, 3, 14, 15, 9, 26, TimeSpan.Zero);
    private static readonly ProviderOptions Options = new("https://login.example", "entrepot", new Dictionary<string, Role>());

    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly RSA _other = RSA.Create(2048);

    public void Dispose()
    {
        _key.Dispose();
        _other.Dispose();
    }

    [Fact]
    public void A_good_token_is_good_by_name_of_its_key_and_by_the_only_key()
    {
        Judge(Token()).ShouldBe("");
        Judge(Token(header: """{"alg":"ES256"}"""), keys: [Key("a")]).ShouldBe("");
        Judge(Token(header: """{"alg":"ES256"}"""), keys: [Key("a"), new RsaSecurityKey(_other) { KeyId = "b" }]).ShouldBe("oidc/unknown-key", "which of two is not said");
        Judge(Token(), keys: [Key("z")]).ShouldBe("oidc/unknown-key");
        Judge(Token(), keys: []).ShouldBe("oidc/unknown-key");
        // A shared secret is no key to judge by, whatever the provider publishes.
        Judge(Token(), keys: [new SymmetricSecurityKey(new byte[64]) { KeyId = "a" }]).ShouldBe("oidc/unknown-key");
        Judge(Token(), keys: [new RsaSecurityKey(_other) { KeyId = "a" }]).ShouldNotBe("");
    }

    [Theory]
    [InlineData("""{"alg":"ES256","kid":"a","crit":["exp"]}""")]
    [InlineData("""{"alg":"ES256","kid":"a","typ":"at+jwt"}""")]
    [InlineData("""{"alg":"ES256","kid":"a","alg":"none"}""")]
    [InlineData("""["ES256"]""")]
    public void A_header_of_something_else_is_refused(string header) => Judge(Token(header)).ShouldBe("oidc/malformed");

    [Theory]
    [InlineData(0, "")]
    [InlineData(359, "")]
    [InlineData(360, "oidc/expired")]
    [InlineData(-60, "")]
    [InlineData(-61, "oidc/not-yet-valid")]
    public void Its_time_is_judged_with_the_stated_difference_of_clocks(int seconds, string expected) => Judge(Token(), Now.AddSeconds(seconds)).ShouldBe(expected);

    [Fact]
    public void Of_several_audiences_the_party_says_whose_it_is()
    {
        Judge(Token(claims => claims["aud"] = new[] { "entrepot", "api" })).ShouldBe("oidc/audience");
        Judge(Token(claims => (claims["aud"], claims["azp"]) = (new[] { "entrepot", "api" }, "entrepot"))).ShouldBe("");
        Judge(Token(claims => (claims["aud"], claims["azp"]) = (new[] { "api" }, "entrepot"))).ShouldBe("oidc/audience");
    }

    [Fact]
    public void An_access_token_belongs_to_it_where_it_says_so()
    {
        // The example of OpenID Connect Core, appendix A.4.
        IdTokenJudge.HashOf("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y", "RS256").ShouldBe("77QmUPtjPfzWtF2AnpK9RQ");
        Judge(Token(static claims => claims["at_hash"] = IdTokenJudge.HashOf("access", "ES256"))).ShouldBe("");
        Judge(Token(static claims => claims["at_hash"] = IdTokenJudge.HashOf("another", "ES256"))).ShouldBe("oidc/subject");
    }

    [Fact]
    public void A_token_with_one_letter_changed_is_never_good()
    {
        var token = Token();
        Gen.Select(Gen.Int[0, token.Length - 1], Gen.Char["ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.="]).Sample(change =>
        {
            var (at, letter) = change;
            if (token[at] == letter)
                return true;
            var changed = $"{token[..at]}{letter}{token[(at + 1)..]}";
            // Bits behind the last byte of a part say nothing; what they encode is the same.
            return Judge(changed).Length > 0 || Same(token, changed);
        });
    }

    [Fact]
    public void Any_text_is_judged_without_an_exception()
        => Gen.String.Sample(text => Judge(text) == "oidc/malformed");

    private static bool Same(string one, string other)
        => one.Split('.').Zip(other.Split('.')).All(static pair => Base64Url.IsValid(pair.Second) && Base64Url.DecodeFromChars(pair.First).AsSpan().SequenceEqual(Base64Url.DecodeFromChars(pair.Second)));

    private string Judge(string token, DateTimeOffset? now = null, IReadOnlyCollection<SecurityKey>? keys = null)
        => IdTokenJudge.TryJudge(token, keys ?? [Key("a")], Options, Nonce, "access", now ?? Now, out _, out var fault) ? "" : fault.Code;

    private ECDsaSecurityKey Key(string name) => new(_key) { KeyId = name };

    private string Token(Action<Dictionary<string, object>> change) => Token("""{"alg":"ES256","kid":"a","typ":"JWT"}""", change);

    private string Token(string header = """{"alg":"ES256","kid":"a"}""", Action<Dictionary<string, object>>? change = null)
    {
        var claims = new Dictionary<string, object>
        {
            ["iss"] = Options.Issuer, ["aud"] = Options.ClientId, ["sub"] = "1", ["nonce"] = Nonce, ["iat"] = Now.ToUnixTimeSeconds(), ["exp"] = Now.ToUnixTimeSeconds() + 300,
        };
        change?.Invoke(claims);
        var signed = $"{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(header))}.{Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(claims))}";
        return $"{signed}.{Base64Url.EncodeToString(_key.SignData(Encoding.ASCII.GetBytes(signed), HashAlgorithmName.SHA256))}";
    }
}
