using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Core.Journal;
using Entrepot.Tests.Trust.Authority;
using Entrepot.Trust.Authority;
using Entrepot.Trust.Enrolment;

namespace Entrepot.Tests.Trust.Enrolment;

public sealed class NodeEnrolmentTests
{
    private static readonly NodeName Cache = NodeName.Parse("cache-1");

    [Fact]
    public async Task A_token_lets_one_node_in_once_however_many_ask_at_the_same_time()
    {
        await using var world = await TrustWorld.CreateAsync();
        var enrolment = Open(world);
        var (token, _) = await enrolment.CreateTokenAsync(Order(), "test");

        var joined = 0;
        await Task.WhenAll(Enumerable.Range(1, 20).Select(async i =>
        {
            try
            {
                await enrolment.JoinAsync(token, Wish($"cache-{i}"));
                Interlocked.Increment(ref joined);
            }
            catch (FaultException error)
            {
                error.Fault.Is(EnrolmentFault.UsedToken).ShouldBeTrue();
            }
        }));

        joined.ShouldBe(1);
        Open(world).Nodes.ShouldHaveSingleItem();
    }

    [Fact]
    public async Task The_journal_tells_what_a_node_was_and_is_at_each_change()
    {
        await using var world = await TrustWorld.CreateAsync();
        var enrolment = Open(world);
        await enrolment.JoinAsync((await enrolment.CreateTokenAsync(Order(), "test")).Token, Wish("cache-1"));
        await ReasonAsync(async () => await enrolment.JoinAsync((await enrolment.CreateTokenAsync(Order(), "test")).Token, Wish("cache-1")));
        await enrolment.DrainAsync(Cache, true, "test");
        await enrolment.RevokeAsync(Cache, "lost", "test");
        await enrolment.RemoveAsync(Cache, "test");

        JournalTable.Read(world.State, 0, 100, "node.").Where(static entry => entry.Action != "node.token")
            .Select(static entry => $"{entry.Action} {entry.Result}: {State(entry.Before)} → {State(entry.After)}").ShouldBe(
        [
            "node.join Done:  → enrolled", "node.refuse Refused:  → ", "node.drain Done: enrolled → draining", "node.revoke Done: draining → revoked", "node.remove Done: revoked → ",
        ]);

        static string State(string? json) => json is null ? "" : System.Text.Json.JsonDocument.Parse(json).RootElement.GetProperty("state").GetString()!;
    }

    [Fact]
    public async Task A_token_is_bound_to_its_time_its_role_and_its_node()
    {
        await using var world = await TrustWorld.CreateAsync();
        var enrolment = Open(world);
        var (token, expires) = await enrolment.CreateTokenAsync(Order() with { Node = Cache, Life = TimeSpan.FromMinutes(1) }, "test");

        expires.ShouldBe(world.Now.AddMinutes(1));
        (await ReasonAsync(() => enrolment.JoinAsync(token, Wish("cache-2")))).ShouldBe(EnrolmentFault.WrongToken);
        (await ReasonAsync(() => enrolment.JoinAsync(token, Wish("cache-1") with { Role = NodeRole.Scheduler }))).ShouldBe(EnrolmentFault.WrongToken);
        world.Time.Advance(TimeSpan.FromMinutes(1));
        (await ReasonAsync(() => enrolment.JoinAsync(token, Wish("cache-1")))).ShouldBe(EnrolmentFault.ExpiredToken);
        enrolment.Nodes.ShouldBeEmpty();
    }

    [Theory]
    [InlineData(59, false)]
    [InlineData(60, true)]
    [InlineData(7 * 86_400, true)]
    [InlineData((7 * 86_400) + 1, false)]
    public async Task A_token_lives_a_minute_to_a_week(int seconds, bool allowed)
    {
        await using var world = await TrustWorld.CreateAsync();
        var enrolment = Open(world);
        var order = Order() with { Life = TimeSpan.FromSeconds(seconds) };

        if (allowed)
            await enrolment.CreateTokenAsync(order, "test");
        else
            (await ReasonAsync(() => enrolment.CreateTokenAsync(order, "test"))).ShouldBe(EnrolmentFault.Value);
    }

    [Fact]
    public async Task A_revoked_node_stays_out_until_it_is_removed_and_its_old_certificate_for_good()
    {
        await using var world = await TrustWorld.CreateAsync();
        var enrolment = Open(world);
        await JoinAsync(enrolment);
        using var old = world.Issue(name: Cache.Value);
        world.Time.Advance(TimeSpan.FromMinutes(1));
        NodeName? shut = null;
        enrolment.ShutOut = node => shut = node;

        await enrolment.RevokeAsync(Cache, "stolen", "test");

        shut.ShouldBe(Cache);
        (await ReasonAsync(() => enrolment.RevokeAsync(Cache, "again", "test"))).ShouldBe(EnrolmentFault.Revoked);
        (await ReasonAsync(() => JoinAsync(enrolment))).ShouldBe(EnrolmentFault.Revoked);
        (await ReasonAsync(() => enrolment.RenewAsync(Cache, ["localhost"]))).ShouldBe(EnrolmentFault.Revoked);

        await enrolment.RemoveAsync(Cache, "test");
        world.Time.Advance(TimeSpan.FromSeconds(1));
        await JoinAsync(enrolment);

        var trust = world.Trust with { Revocations = Open(world).Revocations };
        trust.TryIdentify(old, Certificates.ClientUse, null, world.Now, out _, out var fault).ShouldBeFalse();
        fault!.Is(AuthorityFault.Revoked).ShouldBeTrue();
        using var fresh = world.Issue(name: Cache.Value);
        trust.TryIdentify(fresh, Certificates.ClientUse, null, world.Now, out _, out _).ShouldBeTrue();
    }

    [Fact]
    public async Task A_revoked_node_stays_out_when_the_clock_was_set_back_a_little_before()
    {
        await using var world = await TrustWorld.CreateAsync();
        await JoinAsync(Open(world));
        using var made = world.Issue(name: Cache.Value);
        var back = new Microsoft.Extensions.Time.Testing.FakeTimeProvider(world.Now - TimeSpan.FromMinutes(2));
        var enrolment = NodeEnrolment.Open(world.State, world.Authority, ["origin.example"], back);

        await enrolment.RevokeAsync(Cache, "stolen", "test");

        (world.Trust with { Revocations = enrolment.Revocations }).TryIdentify(made, Certificates.ClientUse, null, back.GetUtcNow(), out NodeIdentity? _, out var fault).ShouldBeFalse();
        fault!.Is(AuthorityFault.Revoked).ShouldBeTrue();
    }

    [Fact]
    public async Task A_revocation_is_forgotten_when_nothing_that_it_concerns_lives()
    {
        await using var world = await TrustWorld.CreateAsync();
        var enrolment = Open(world);
        await JoinAsync(enrolment);
        await enrolment.RevokeAsync(Cache, "stolen", "test");

        world.Time.Advance(CertificateTimes.Lifetime);
        enrolment.Revocations.ShouldHaveSingleItem();
        world.Time.Advance(TimeSpan.FromSeconds(1));
        enrolment.Revocations.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_host_name_is_certified_for_one_node_alone()
    {
        await using var world = await TrustWorld.CreateAsync();
        var enrolment = Open(world);
        var first = await enrolment.JoinAsync(await TokenAsync(enrolment), Wish("cache-1", "a.example", "localhost", "origin.example"));
        var second = await enrolment.JoinAsync(await TokenAsync(enrolment), Wish("cache-2", "A.example", "b.example", "127.0.0.1"));

        first.Hosts.ShouldBe(["a.example", "localhost"]);
        second.Hosts.ShouldBe(["b.example", "127.0.0.1"]);
        (await ReasonAsync(async () => await enrolment.JoinAsync(await TokenAsync(enrolment), Wish("cache-3", "no host")))).ShouldBe(EnrolmentFault.Value);
        (await ReasonAsync(async () => await enrolment.JoinAsync(await TokenAsync(enrolment), Wish("cache-3") with { Hosts = [] }))).ShouldBe(EnrolmentFault.Value);
    }

    private static NodeEnrolment Open(TrustWorld world) => NodeEnrolment.Open(world.State, world.Authority, ["origin.example", "localhost"], world.Time);

    private static TokenOrder Order() => new(NodeRole.Edge, "berlin", null, TimeSpan.FromHours(1));

    private static JoinWish Wish(string name, params string[] hosts)
        => new(NodeName.Parse(name), NodeRole.Edge, hosts.Length == 0 ? ["localhost"] : [.. hosts], "192.0.2.1");

    private static async Task<JoinToken> TokenAsync(NodeEnrolment enrolment) => (await enrolment.CreateTokenAsync(Order(), "test")).Token;

    private static async Task JoinAsync(NodeEnrolment enrolment) => await enrolment.JoinAsync(await TokenAsync(enrolment), Wish(Cache.Value));

    private static async Task<EnrolmentFault> ReasonAsync(Func<Task> action)
    {
        var fault = (await Should.ThrowAsync<FaultException>(action)).Fault;
        return Enum.GetValues<EnrolmentFault>().Single(reason => fault.Is(reason));
    }
}
