using System.Net;
using CsCheck;
using Entrepot.Core.Identities;
using Entrepot.Core.Journal;
using Entrepot.Core.State;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Pools;
using Microsoft.Extensions.Time.Testing;

namespace Entrepot.Tests.Ports.Allocation;

public sealed class LeaseTermTests : IAsyncDisposable
{
    private static readonly NodeName Node = NodeName.Parse("n1");
    private static readonly TimeSpan Term = TimeSpan.FromMinutes(10);

    private readonly string _folder = Directory.CreateTempSubdirectory("entrepot-ports-").FullName;
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2030, 1, 2, 3, 4, 5, TimeSpan.Zero));
    private readonly StateDatabase _state;
    private readonly PortBook _book;
    private bool _listens;

    public LeaseTermTests()
    {
        _state = StateDatabase.Open(Path.Combine(_folder, "state.db"), typeof(PortBook).Assembly);
        _book = new PortBook(_state, PortPolicy.Default with { LeaseTerm = Term }, _time);
    }

    public async ValueTask DisposeAsync()
    {
        await _state.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task A_lease_that_is_renewed_holds()
    {
        await GrantAsync("push");
        for (var times = 0; times < 5; times++)
        {
            _time.Advance(Term - TimeSpan.FromSeconds(1));
            await _book.RenewAsync(Node, ["push"]);
            (await SweepAsync()).ShouldBeEmpty();
        }

        _book.Leases().Single().State.ShouldBe(PortLeaseState.Granted);
    }

    [Fact]
    public async Task A_lease_that_nobody_renews_lapses_and_is_released_after_three_sightings_of_nobody()
    {
        var lease = await GrantAsync("push");
        _time.Advance(Term);
        (await SweepAsync()).ShouldBe([LeaseAction.Lapse]);
        (_book.Leases().Single().State, _book.Leases().Single().Unseen).ShouldBe((PortLeaseState.Lapsed, 1));
        (await SweepAsync()).ShouldBe([LeaseAction.Miss]);
        (await GrantAsync("other")).Port.ShouldNotBe(lease.Port);
        (await SweepAsync()).ShouldBe([LeaseAction.Release]);

        _book.Leases().ShouldNotContain(static left => left.Service == "push");
        var journal = JournalTable.Read(_state, 0, 100);
        journal.Select(static entry => entry.Action).ShouldBe(["lease.grant", "lease.lapse", "lease.grant", "lease.release"]);
        journal[^1].Details.ShouldContain("nobody listened there 3 times in a row");
    }

    [Fact]
    public async Task A_listener_renews_the_lease_and_begins_the_count_anew()
    {
        await GrantAsync("push");
        _time.Advance(Term);
        await SweepAsync();
        await SweepAsync();
        _listens = true;
        (await SweepAsync()).ShouldBe([LeaseAction.Renew]);
        (_book.Leases().Single().State, _book.Leases().Single().Unseen).ShouldBe((PortLeaseState.Bound, 0));
        _listens = false;
        _time.Advance(Term);
        (await SweepAsync()).ShouldBe([LeaseAction.Lapse]);
    }

    [Fact]
    public async Task An_owner_who_comes_back_has_his_lease_again()
    {
        var lease = await GrantAsync("push");
        _time.Advance(Term);
        await SweepAsync();
        await _book.RenewAsync(Node, ["push"]);
        _book.Leases().Single().State.ShouldBe(PortLeaseState.Bound);
        (await GrantAsync("push")).Port.ShouldBe(lease.Port);
        (await SweepAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_lease_without_term_never_ends()
    {
        var book = new PortBook(_state, PortPolicy.Default with { LeaseTerm = null }, _time);
        await book.GrantAsync(Wanting("push"), IPAddress.Loopback, PortObservation.None);
        _time.Advance(TimeSpan.FromDays(1000));
        (await SweepAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task Leases_of_other_nodes_are_left_to_those()
    {
        await _book.GrantAsync(Wanting("push") with { Node = NodeName.Parse("n2") }, IPAddress.Loopback, PortObservation.None);
        _time.Advance(Term);
        (await SweepAsync()).ShouldBeEmpty();
    }

    [Fact]
    public void Nothing_is_released_without_enough_sightings_whatever_happens()
        => Gen.Select(Gen.Int[0, 20].Select(static minutes => TimeSpan.FromMinutes(minutes)), Gen.Bool).Array[1, 60].Sample(looks =>
        {
            var now = DateTimeOffset.UnixEpoch;
            var lease = new PortLease(Node, "push", PortProtocol.Tcp, IPAddress.Loopback, 8333, 8333, 1, now, PortLeaseState.Bound, "r", "d") { Term = Term, RenewedAt = now };
            var silent = 0;
            foreach (var (pause, listens) in looks)
            {
                now += pause;
                silent = listens ? 0 : silent + 1;
                switch (LeaseRepair.Plan([lease], _ => listens, now, PortPolicy.Default).SingleOrDefault())
                {
                    case { Action: LeaseAction.Renew }:
                        listens.ShouldBeTrue();
                        lease = lease with { RenewedAt = now, Unseen = 0, State = PortLeaseState.Bound };
                        break;
                    case { Action: LeaseAction.Release }:
                        silent.ShouldBeGreaterThanOrEqualTo(3);
                        lease.Expired(now).ShouldBeTrue();
                        return;
                    case { } step:
                        lease.Expired(now).ShouldBeTrue();
                        lease = lease with { State = PortLeaseState.Lapsed, Unseen = step.Unseen };
                        break;
                }
            }
        });

    private static PortRequest Wanting(string service)
        => new() { Node = Node, Service = service, Pool = DefaultPorts.Edges };

    private async Task<PortLease> GrantAsync(string service)
        => (await _book.GrantAsync(Wanting(service), IPAddress.Loopback, PortObservation.None)).Lease!;

    private async Task<IReadOnlyList<LeaseAction>> SweepAsync()
        => [.. (await _book.SweepAsync(Node, lease => _listens && lease.Service == "push")).Select(static step => step.Action)];
}
