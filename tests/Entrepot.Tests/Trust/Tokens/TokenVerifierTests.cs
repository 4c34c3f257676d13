using System.Security.Cryptography;
using System.Text;
using Entrepot.Trust.Access;

namespace Entrepot.Tests.Trust.Tokens;

public sealed class TokenVerifierTests : IAsyncLifetime
{
    private TokenWorld _world = null!;

    public async ValueTask InitializeAsync() => _world = await TokenWorld.OpenAsync();

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task A_token_says_what_was_ordered()
    {
        var issued = await _world.IssueAsync(Role.Publisher | Role.Viewer, name: "ci", mirrors: ["images", "tools"]);

        _world.Authority.TryVerify(issued.Text, out var grant, out _).ShouldBeTrue();
        grant!.Name.ShouldBe("ci");
        grant.Id.ShouldBe(issued.Record.Grant.Id);
        grant.Roles.ShouldBe(Role.Publisher | Role.Viewer);
        grant.Mirrors.Order().ShouldBe(["images", "tools"]);
        grant.ExpiresAt.ShouldBe(_world.Time.GetUtcNow().AddHours(1));
        var principal = grant.ToPrincipal();
        principal.Name.ShouldBe("token:ci");
        principal.IsFor("images").ShouldBeTrue();
        principal.IsFor("other").ShouldBeFalse();
    }

    [Fact]
    public void The_forger_is_good_when_he_forges_nothing()
        => _world.Refusal(_world.Forge()).ShouldBeNull();

    [Theory]
    [InlineData("none")]
    [InlineData("None")]
    [InlineData("HS256")]
    [InlineData("ES384")]
    [InlineData("RS256")]
    [InlineData("es256")]
    public void Another_algorithm_is_refused_whatever_the_signature(string algorithm)
        => _world.Refusal(_world.Forge(header => header["alg"] = algorithm)).ShouldBe("token/algorithm");

    [Fact]
    public void A_token_without_signature_is_refused()
    {
        var signed = _world.Forge().Split('.');
        var none = TokenWorld.Encode($$"""{"alg":"none","kid":"{{_world.Key.Id}}","typ":"entrepot+jwt"}""");
        _world.Refusal($"{none}.{signed[1]}.").ShouldBe("token/malformed");
        _world.Refusal($"{none}.{signed[1]}.AA").ShouldBe("token/algorithm");
        _world.Refusal($"{signed[0]}.{signed[1]}.").ShouldBe("token/malformed");
    }

    [Fact]
    public void The_public_key_is_no_secret_to_sign_with()
    {
        var key = _world.Key.Public;
        foreach (var secret in new[] { Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(_world.Authority.KeySet)), Encoding.UTF8.GetBytes(key.X + key.Y) })
        {
            var text = $"{TokenWorld.Encode($$"""{"alg":"HS256","kid":"{{key.KeyId}}","typ":"entrepot+jwt"}""")}.{_world.Forge().Split('.')[1]}";
            var signature = System.Buffers.Text.Base64Url.EncodeToString(HMACSHA256.HashData(secret, Encoding.ASCII.GetBytes(text)));
            _world.Refusal($"{text}.{signature}").ShouldBe("token/algorithm");
        }
    }

    [Fact]
    public void The_key_must_be_named_and_known()
    {
        _world.Refusal(_world.Forge(header => header.Remove("kid"))).ShouldBe("token/malformed");
        _world.Refusal(_world.Forge(header => header["kid"] = "another")).ShouldBe("token/unknown-key");
        _world.Refusal(_world.Forge(header => header["kid"] = 7)).ShouldBe("token/unknown-key");
        _world.Refusal(_world.Sign("""{"alg":"ES256","kid":"\ud800","typ":"entrepot+jwt"}""", "{}")).ShouldBe("token/unknown-key");
    }

    [Theory]
    [InlineData("jku", "https://example.org/keys")]
    [InlineData("crit", "exp")]
    [InlineData("zip", "DEF")]
    public void A_header_of_more_members_is_refused(string member, string value)
        => _world.Refusal(_world.Forge(header => header[member] = value)).ShouldBe("token/malformed");

    [Fact]
    public void A_jwt_of_another_kind_is_refused()
        => _world.Refusal(_world.Forge(header => header["typ"] = "JWT")).ShouldBe("token/type");

    [Fact]
    public async Task Issuer_and_audience_must_be_exact()
    {
        await using var other = await TokenWorld.OpenAsync();
        _world.Refusal(_world.Forge(claims: claims => claims["iss"] = other.Authority.Network)).ShouldBe("token/issuer");
        _world.Refusal(_world.Forge(claims: claims => claims["iss"] = _world.Authority.Network.ToUpperInvariant() + "A")).ShouldBe("token/issuer");
        _world.Refusal(_world.Forge(claims: claims => claims["aud"] = "entrepot/")).ShouldBe("token/audience");
        _world.Refusal(_world.Forge(claims: claims => claims["aud"] = "Entrepot")).ShouldBe("token/audience");
        _world.Refusal(_world.Forge(claims: claims => claims["aud"] = new[] { "entrepot", "other" })).ShouldBe("token/malformed");
        _world.Refusal((await other.IssueAsync()).Text).ShouldBe("token/unknown-key");
    }

    [Fact]
    public async Task Clocks_may_differ_by_a_minute()
    {
        var token = (await _world.IssueAsync(lifetime: TimeSpan.FromMinutes(10))).Text;
        _world.Time.Advance(TimeSpan.FromMinutes(11) - TimeSpan.FromSeconds(1));
        _world.Refusal(token).ShouldBeNull();
        _world.Time.Advance(TimeSpan.FromSeconds(1));
        _world.Refusal(token).ShouldBe("token/expired");

        var now = _world.Time.GetUtcNow().ToUnixTimeSeconds();
        _world.Refusal(_world.Forge(claims: claims => claims["nbf"] = now + 60)).ShouldBeNull();
        _world.Refusal(_world.Forge(claims: claims => claims["nbf"] = now + 61)).ShouldBe("token/not-yet-valid");
    }

    [Theory]
    [InlineData("exp")]
    [InlineData("nbf")]
    [InlineData("iat")]
    [InlineData("iss")]
    [InlineData("aud")]
    [InlineData("sub")]
    [InlineData("jti")]
    [InlineData("roles")]
    [InlineData("mirrors")]
    public void No_claim_may_be_missing_or_of_another_kind(string claim)
    {
        _world.Refusal(_world.Forge(claims: claims => claims.Remove(claim))).ShouldNotBeNull();
        _world.Refusal(_world.Forge(claims: claims => claims[claim] = null)).ShouldNotBeNull();
        _world.Refusal(_world.Forge(claims: claims => claims[claim] = true)).ShouldNotBeNull();
        _world.Refusal(_world.Forge(claims: claims => claims[claim] = new Dictionary<string, int> { ["a"] = 1 })).ShouldNotBeNull();
    }

    [Fact]
    public void A_claim_that_is_there_twice_is_refused()
    {
        var parts = _world.Forge().Split('.');
        var claims = TokenWorld.Decode(parts[1]);
        foreach (var twice in new[] { "\"roles\":[\"admin\"]", "\"exp\":99999999999", "\"sub\":\"other\"" })
            _world.Refusal(_world.Sign(TokenWorld.Decode(parts[0]), $"{{{twice},{claims[1..]}")).ShouldBe("token/malformed");
        var header = TokenWorld.Decode(parts[0]);
        _world.Refusal(_world.Sign($"{{\"alg\":\"none\",{header[1..]}", claims)).ShouldBe("token/malformed");
    }

    [Theory]
    [InlineData("node")]
    [InlineData("none")]
    [InlineData("32")]
    [InlineData("Admin")]
    [InlineData("admin,viewer")]
    public void A_role_that_is_not_given_is_refused(string role)
        => _world.Refusal(_world.Forge(claims: claims => claims["roles"] = new[] { role })).ShouldBe("token/malformed");

    [Fact]
    public void Every_truncated_prefix_and_every_changed_character_is_refused()
    {
        var token = _world.Forge();
        for (var i = 0; i < token.Length; i++)
        {
            _world.Refusal(token[..i]).ShouldNotBeNull();
            foreach (var c in "AB_.=")
            {
                if (token[i] != c)
                    _world.Refusal($"{token[..i]}{c}{token[(i + 1)..]}").ShouldNotBeNull();
            }
        }
    }

    [Fact]
    public void A_signature_has_one_text_only()
    {
        // 64 bytes are 86 characters, of which the last has four bits to spare.
        var token = _world.Forge();
        foreach (var c in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
        {
            if (c != token[^1])
                _world.Refusal(token[..^1] + c).ShouldNotBeNull();
        }

        _world.Refusal(token + "==").ShouldBe("token/malformed");
        _world.Refusal(" " + token).ShouldBe("token/malformed");
    }

    [Fact]
    public void A_long_text_is_not_looked_at()
        => _world.Refusal(new string('a', 8 * 1024 + 1)).ShouldBe("token/too-large");

    [Fact]
    public async Task Of_a_hundred_thousand_mutated_tokens_none_is_let_through()
    {
        const int count = 100_000;
        string[] good = [(await _world.IssueAsync()).Text, (await _world.IssueAsync(Role.Admin, name: "ops")).Text, _world.Forge()];
        var reasons = new System.Collections.Concurrent.ConcurrentDictionary<string, int>();
        var through = new System.Collections.Concurrent.ConcurrentBag<string>();

        Parallel.For(0, count, i =>
        {
            var random = new Random(i);
            string mutated;
            do
                mutated = TokenMutation.Apply(good, random);
            while (good.Contains(mutated));
            if (_world.Refusal(mutated) is { } reason)
                reasons.AddOrUpdate(reason, 1, static (_, seen) => seen + 1);
            else
                through.Add(mutated);
        });

        through.ShouldBeEmpty();
        reasons.Values.Sum().ShouldBe(count);
        // The mutations reach every step of the verifier that text alone can reach.
        reasons.Keys.ShouldBe(["token/malformed", "token/algorithm", "token/signature", "token/unknown-key", "token/type", "token/too-large"], ignoreOrder: true);
    }
}
