using System.Text.Json;
using Entrepot.Server.Api;
using Entrepot.Trust.Access;
using Entrepot.Trust.Tokens;

namespace Entrepot.Tests.Trust.Tokens;

/// <summary>Another node judges as the origin does, by what it was told.</summary>
public sealed class LearnedTokensTests : IAsyncLifetime
{
    private TokenWorld _world = null!;
    private LearnedTokens _learned = null!;

    public async ValueTask InitializeAsync()
    {
        _world = await TokenWorld.OpenAsync();
        _learned = new LearnedTokens(_world.Time);
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task Nothing_is_good_before_anything_was_told()
    {
        var token = (await _world.IssueAsync()).Text;

        _learned.Version.ShouldBeNull();
        Refusal(token).ShouldBe("token/unknown-key");
        Learn();
        Refusal(token).ShouldBeNull();
        _learned.Network.ShouldBe(_world.Authority.Network);
    }

    [Fact]
    public async Task Revoked_expired_and_outdated_ones_are_refused_as_at_the_origin()
    {
        var (kept, revoked) = (await _world.IssueAsync(), await _world.IssueAsync());
        Learn();
        var before = _learned.Version;
        await _world.Authority.RevokeAsync(revoked.Record.Grant.Id, TokenWorld.Actor, TestContext.Current.CancellationToken);
        Refusal(revoked.Text).ShouldBeNull("it was not told yet");
        Learn();
        (Refusal(kept.Text), Refusal(revoked.Text)).ShouldBe((null, "token/revoked"));
        _learned.Version.ShouldNotBe(before);

        await _world.Authority.RotateAsync(TimeSpan.Zero, TokenWorld.Actor, TestContext.Current.CancellationToken);
        var renewed = await _world.IssueAsync();
        Refusal(renewed.Text).ShouldBe("token/unknown-key");
        Learn();
        _world.Time.Advance(TimeSpan.FromSeconds(1));
        (Refusal(kept.Text), Refusal(renewed.Text)).ShouldBe(("token/unknown-key", null));
        _world.Time.Advance(TimeSpan.FromHours(2));
        Refusal(renewed.Text).ShouldBe("token/expired");
    }

    [Fact]
    public async Task Whatever_is_made_of_good_tokens_is_judged_as_the_origin_judges_it()
    {
        List<string> good =
        [
            (await _world.IssueAsync(Role.Publisher, mirrors: ["images"])).Text, (await _world.IssueAsync(Role.Viewer | Role.Auditor)).Text, (await _world.IssueAsync(Role.Admin)).Text,
        ];
        Learn();
        var random = new Random(4);

        for (var i = 0; i < 5_000; i++)
        {
            var token = TokenMutation.Apply(good, random);
            Refusal(token).ShouldBe(_world.Refusal(token), token);
        }
    }

    [Fact]
    public void What_is_told_has_no_private_half()
    {
        var told = JsonSerializer.Serialize(_world.Authority.Notice, ApiJson.Default.TokenNotice);

        told.ShouldNotContain(_world.Key.Private.D);
        told.ShouldContain(_world.Key.Public.X);
    }

    [Fact]
    public void A_key_that_is_none_is_left_out()
    {
        foreach (var bad in new[] { "", "AA", new string('=', 43), new string('A', 44) })
        {
            _learned.Learn(new TokenNotice("net", [new TokenKeyNotice(bad, bad, null)], []));
            Refusal(_world.Forge()).ShouldBe("token/unknown-key");
        }
    }

    /// <summary>As it goes over the wire.</summary>
    private void Learn()
    {
        var told = JsonSerializer.SerializeToUtf8Bytes(_world.Authority.Notice, ApiJson.Default.TokenNotice);
        var notice = JsonSerializer.Deserialize(told, ApiJson.Default.TokenNotice)!;
        notice.Version.ShouldBe(_world.Authority.Notice.Version);
        _learned.Learn(notice);
    }

    private string? Refusal(string token) => _learned.TryVerify(token, out _, out var fault) ? null : fault.Code;
}
