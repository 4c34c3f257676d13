using System.Text;
using System.Text.Json;
using Entrepot.Core.Documents;
using Entrepot.Core.Faults;
using Entrepot.Core.Journal;
using Entrepot.Core.Secrets;
using Entrepot.Trust.Access;
using Entrepot.Trust.Tokens;

namespace Entrepot.Tests.Trust.Tokens;

public sealed class TokenAuthorityTests : IAsyncLifetime
{
    private TokenWorld _world = null!;

    private TokenAuthority Authority => _world.Authority;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _world = await TokenWorld.OpenAsync();

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task Network_keys_tokens_and_revocations_survive_a_restart()
    {
        var (network, kept, gone) = (Authority.Network, await _world.IssueAsync(name: "kept"), await _world.IssueAsync(name: "gone"));
        await Authority.RevokeAsync("gone", TokenWorld.Actor, Cancellation);

        await _world.RestartAsync();

        Authority.Network.ShouldBe(network);
        _world.Refusal(kept.Text).ShouldBeNull();
        _world.Refusal(gone.Text).ShouldBe("token/revoked");
    }

    [Fact]
    public async Task A_revoked_token_is_refused_at_once_and_stays_revoked()
    {
        var issued = await _world.IssueAsync();
        var first = await Authority.RevokeAsync(issued.Record.Grant.Id, "operator@a", Cancellation);
        _world.Refusal(issued.Text).ShouldBe("token/revoked");

        _world.Time.Advance(TimeSpan.FromMinutes(1));
        (await Authority.RevokeAsync(issued.Record.Grant.Id, "operator@b", Cancellation)).RevokedAt.ShouldBe(first.RevokedAt);
        (await Should.ThrowAsync<FaultException>(() => Authority.RevokeAsync("nobody", TokenWorld.Actor, Cancellation))).Fault.Is(TokenFault.NotFound).ShouldBeTrue();
    }

    [Fact]
    public async Task After_a_rotation_old_tokens_are_good_until_they_expire()
    {
        var old = await _world.IssueAsync(lifetime: TimeSpan.FromHours(2));
        var rotation = await Authority.RotateAsync(null, TokenWorld.Actor, Cancellation);
        var young = await _world.IssueAsync(lifetime: TimeSpan.FromDays(1), name: "young");

        young.Record.KeyId.ShouldBe(rotation.KeyId);
        rotation.OldKeysEnd.ShouldBeGreaterThanOrEqualTo(old.Record.Grant.ExpiresAt);
        KeyIds().ShouldBe([old.Record.KeyId, rotation.KeyId], ignoreOrder: true);
        _world.Time.Advance(TimeSpan.FromHours(2) - TimeSpan.FromSeconds(1));
        _world.Refusal(old.Text).ShouldBeNull();

        _world.Time.Advance(TimeSpan.FromHours(1));
        KeyIds().ShouldBe([rotation.KeyId]);
        _world.Refusal(young.Text).ShouldBeNull();
    }

    [Fact]
    public async Task A_rotation_without_overlap_drops_the_old_key()
    {
        var old = await _world.IssueAsync();
        var changed = false;
        Authority.KeysChanged = () => changed = true;
        await Authority.RotateAsync(TimeSpan.Zero, TokenWorld.Actor, Cancellation);

        changed.ShouldBeTrue();
        _world.Refusal(old.Text).ShouldBe("token/unknown-key");
        KeyIds().Count.ShouldBe(1);
    }

    [Fact]
    public async Task What_is_kept_and_journalled_is_not_the_token()
    {
        var issued = await _world.IssueAsync(Role.Publisher, name: "ci", mirrors: "images");
        await Authority.RevokeAsync("ci", TokenWorld.Actor, Cancellation);

        var kept = Authority.List().ShouldHaveSingleItem();
        (kept.Grant.Name, kept.Grant.Roles, kept.IssuedBy, kept.RevokedBy).ShouldBe(("ci", Role.Publisher, TokenWorld.Actor, TokenWorld.Actor));
        kept.Grant.Mirrors.ShouldBe(["images"]);
        var journal = JournalTable.Read(_world.State, 0, 100, "token.");
        journal.Select(static entry => entry.Action).ShouldBe(["token.rotate-keys", "token.create", "token.revoke"]);
        journal.Select(static entry => (entry.Before is not null, entry.After is not null)).ShouldBe([(false, true), (false, true), (true, true)]);
        (journal[2].Before!.Contains("\"state\":\"live\"", StringComparison.Ordinal), journal[2].After!.Contains("\"state\":\"revoked\"", StringComparison.Ordinal)).ShouldBe((true, true));
        var signature = issued.Text.Split('.')[2];
        var bytes = await File.ReadAllBytesAsync(_world.State.File + "-wal", Cancellation);
        Encoding.Latin1.GetString(bytes).ShouldNotContain(signature);
        journal.ShouldAllBe(entry => !entry.Details.Contains(signature, StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_private_key_is_not_in_the_state_and_needs_the_sealing_key()
    {
        var secret = System.Buffers.Text.Base64Url.DecodeFromChars(_world.Key.Private.D!);
        var bytes = await File.ReadAllBytesAsync(_world.State.File + "-wal", Cancellation);
        bytes.AsSpan().IndexOf(secret).ShouldBe(-1);

        using var other = SealingKey.CreateEphemeral();
        var error = await Should.ThrowAsync<FaultException>(() => TokenAuthority.OpenAsync(_world.State, other, new TokenOptions(), _world.Time, Cancellation));
        error.Fault.Is(SecretFault.Broken).ShouldBeTrue();
    }

    [Theory]
    [InlineData("1m", true)]
    [InlineData("90d", true)]
    [InlineData("59s", false)]
    [InlineData("90d1s", false)]
    public async Task A_token_lives_as_long_as_is_allowed(string lifetime, bool allowed)
    {
        Duration.TryParse(lifetime, out var span).ShouldBeTrue();
        var order = () => _world.IssueAsync(lifetime: span);
        if (allowed)
            await order();
        else
            (await Should.ThrowAsync<FaultException>(order)).Fault.Is(TokenFault.Lifetime).ShouldBeTrue();
    }

    [Fact]
    public async Task Names_are_of_one_live_token_and_the_operator_is_none()
    {
        await _world.IssueAsync(name: "ci");
        (await Should.ThrowAsync<FaultException>(() => _world.IssueAsync(name: "ci"))).Fault.Is(TokenFault.NameTaken).ShouldBeTrue();
        await Authority.RevokeAsync("ci", TokenWorld.Actor, Cancellation);
        await _world.IssueAsync(name: "ci");
        foreach (var name in new[] { "operator", "", "CI", "a b", "-a" })
            (await Should.ThrowAsync<FaultException>(() => _world.IssueAsync(name: name))).Fault.Is(TokenFault.Name).ShouldBeTrue(name);
    }

    [Theory]
    [InlineData(Role.None)]
    [InlineData(Role.Node)]
    [InlineData(Role.Admin | Role.Node)]
    public async Task Nobody_makes_a_token_a_node(Role roles)
        => (await Should.ThrowAsync<FaultException>(() => _world.IssueAsync(roles))).Fault.Is(AccessFault.Role).ShouldBeTrue();

    [Fact]
    public void The_operators_credential_is_good_and_not_listed()
    {
        var text = Authority.IssueOperator(Role.Operator, TokenAuthority.OperatorLifetime);
        Authority.TryVerify(text, out var grant, out _).ShouldBeTrue();
        grant!.ToPrincipal().Name.ShouldBe("operator");
        Authority.List().ShouldBeEmpty();
    }

    [Fact]
    public void The_key_set_is_public_halves_only()
    {
        using var set = JsonDocument.Parse(Authority.KeySet);
        var key = set.RootElement.GetProperty("keys").EnumerateArray().ShouldHaveSingleItem();
        key.EnumerateObject().Select(static member => member.Name).ShouldBe(["kty", "crv", "x", "y", "kid", "alg", "use"]);
    }

    private List<string> KeyIds()
    {
        using var set = JsonDocument.Parse(Authority.KeySet);
        return [.. set.RootElement.GetProperty("keys").EnumerateArray().Select(static key => key.GetProperty("kid").GetString()!)];
    }
}
