using System.Net;
using CsCheck;
using Entrepot.Core.Identities;
using Entrepot.Core.Journal;
using Entrepot.Core.State;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Declarations;
using Entrepot.Ports.Pools;
using Entrepot.Tests.Mirror.Replication;
using Microsoft.Extensions.Time.Testing;

namespace Entrepot.Tests.Ports.Allocation;

/// <summary>What the book keeps and grants beyond single stable ports: blocks, random choices, and its copy in memory.</summary>
public sealed class PortBlockTests : IAsyncDisposable
{
    private static readonly NodeName Node = NodeName.Parse("n1");
    private static readonly PortPool Pool = new("p", 20000, 20099);

    private readonly string _folder = Directory.CreateTempSubdirectory("entrepot-ports-").FullName;
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2030, 1, 2, 3, 4, 5, TimeSpan.Zero));
    private readonly StateDatabase _state;
    private readonly PortBook _book;

    public PortBlockTests()
    {
        _state = StateDatabase.Open(Path.Combine(_folder, "state.db"), typeof(PortBook).Assembly);
        _book = new PortBook(_state, PortPolicy.Default, _time, () => 42);
    }

    public async ValueTask DisposeAsync()
    {
        await _state.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task A_block_is_leased_as_a_whole_and_kept_as_a_whole()
    {
        var grant = await GrantAsync(Block("voice", 5));
        grant.Leases.Select(static lease => lease.Port).ShouldBe(Enumerable.Range(grant.Lease!.Port, 5));
        grant.Leases.Select(static lease => lease.Slot).ShouldBe([0, 1, 2, 3, 4]);
        _book.Leases().ShouldBe(grant.Leases);
        JournalTable.Read(_state, 0, 10).Count.ShouldBe(1);

        (await GrantAsync(Block("voice", 5))).Lease!.Port.ShouldBe(grant.Lease.Port);
        _book.Leases().Count.ShouldBe(5);
    }

    [Theory]
    [InlineData(20010, 4, 20012, 4)]
    [InlineData(20010, 4, 20009, 4)]
    [InlineData(20010, 4, 20011, 1)]
    [InlineData(20010, 1, 20008, 4)]
    public async Task A_block_may_move_over_its_own_ports_grow_and_shrink(int first, int ports, int next, int nextPorts)
    {
        await GrantAsync(Block("voice", ports) with { WantedPort = first });
        await GrantAsync(Block("voice", nextPorts) with { WantedPort = next });

        _book.Leases().Select(static lease => lease.Port).ShouldBe(Enumerable.Range(next, nextPorts));
        (await GrantAsync(Block("other", 1) with { Pool = new PortPool("all", 20000, 20020), Mode = AllocationMode.Lowest })).Lease!.Port.ShouldBe(20000);
    }

    [Fact]
    public async Task A_block_that_does_not_fit_leases_nothing()
    {
        await GrantAsync(Block("middle", 1) with { WantedPort = 20050 });
        (await GrantAsync(Block("voice", 60))).Lease.ShouldBeNull();
        _book.Leases().Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_service_gives_all_its_ports_back_at_once()
    {
        var grant = await GrantAsync(Block("voice", 5));
        await GrantAsync(Block("other", 2));
        (await _book.ReleaseServiceAsync(grant.Leases[3], "Over.", "test")).Count.ShouldBe(5);
        _book.Leases().Select(static lease => lease.Service).Distinct().ShouldBe(["other"]);
        (await GrantAsync(Block("third", 5) with { WantedPort = grant.Lease!.Port, Pool = null })).Decision.Reason.ShouldContain("released by 'voice' just now");
    }

    [Fact]
    public async Task What_is_left_of_a_block_is_given_up_when_the_service_gets_another_port()
    {
        var grant = await GrantAsync(Block("voice", 2) with { WantedPort = 20010 });
        await _book.ReleaseAsync(grant.Leases[0], "Over.", "test");
        await GrantAsync(Block("voice", 1) with { WantedPort = 20050 });

        _book.Leases().Single().Port.ShouldBe(20050);
        (await GrantAsync(Block("other", 1) with { WantedPort = 20011 })).Lease!.Port.ShouldBe(20011);
    }

    [Fact]
    public async Task Blocks_and_single_ports_that_are_asked_for_at_once_never_share_a_port()
    {
        var grants = await Task.WhenAll(Enumerable.Range(0, 120).Select(i => Task.Run(()
            => GrantAsync(Block($"s{i}", 1 + (i % 4)) with { Mode = (AllocationMode)(i % 3), Protocol = PortProtocols.All[i / 40] }))));

        var ports = grants.SelectMany(static grant => grant.Leases).Select(static lease => (lease.Protocol, lease.Port)).ToList();
        ports.ShouldBeUnique();
        ports.Count.ShouldBeGreaterThan(250);
        _book.Leases().Select(static lease => (lease.Protocol, lease.Port)).ShouldBe(ports, ignoreOrder: true);
    }

    [Fact]
    public async Task A_random_choice_is_kept_with_the_number_that_was_drawn()
    {
        var lease = (await GrantAsync(Block("hidden", 1) with { Mode = AllocationMode.Random })).Lease!;
        lease.Decision.ShouldContain("drawn with seed 000000000000002a");
        var again = PortAllocator.Decide(lease.Request()!, new PortSituation(PortProtocol.Tcp, []) { Drawn = 42 });
        again.Port.ShouldBe(lease.Port);
    }

    [Fact]
    public async Task What_was_asked_is_kept_beside_the_lease()
    {
        var request = Block("voice", 3) with
        {
            WantedPort = 20010, EmergencyPort = 60000, OverflowPool = DefaultPorts.Edges, Audience = PortAudience.Browser, Ephemeral = EphemeralUse.Tell,
            AllowForbidden = true, AllowPrivileged = true,
        };
        var kept = (await GrantAsync(request)).Lease!.Request()!;
        kept.ShouldBe(request with { Pool = kept.Pool, OverflowPool = kept.OverflowPool });
        (kept.Pool!.ToString(), kept.OverflowPool!.ToString()).ShouldBe((Pool.ToString(), DefaultPorts.Edges.ToString()));
        _book.Leases()[0].Request()!.Ports.ShouldBe(3);
    }

    [Fact]
    public async Task A_port_on_which_strangers_were_met_becomes_a_worse_choice()
    {
        var first = (await GrantAsync(Block("web", 1))).Lease!.Port;
        for (var times = 0; times < 3; times++)
        {
            var taken = PortObservation.None with { FoundTaken = new Dictionary<int, string> { [first] = "is bound by nginx (pid 12)" } };
            await _book.GrantAsync(Block("web", 1), IPAddress.Loopback, taken);
            await GrantAsync(Block("web", 1) with { WantedPort = first });
        }

        var fresh = await GrantAsync(Block("web", 1) with { Fresh = true });
        fresh.Lease!.Port.ShouldNotBe(first);
        _book.Situation(Node, PortProtocol.Tcp, PortObservation.None).Evidence!.Past![first]!.Conflicts.ShouldBe(3);
    }

    [Fact]
    public void The_copy_in_memory_never_differs_from_the_database()
    {
        // Grants, releases, renames and failures by two books on one writer and one on another, then a grant that must see them all.
        using var folder = new Scratch();
        Gen.Select(Gen.Int[0, 5], Gen.Int[0, 6], Gen.Int[0, 2]).Array[1, 25].Sample(
            steps => RunAsync(folder.File(), steps).GetAwaiter().GetResult(), iter: 60, threads: 1);
    }

    private async Task RunAsync(string file, (int Action, int Service, int Book)[] steps)
    {
        await using var state = StateDatabase.Open(file, typeof(PortBook).Assembly);
        await using var elsewhere = StateDatabase.Open(file, typeof(PortBook).Assembly);
        PortBook[] books = [new(state, PortPolicy.Default, _time), new(state, PortPolicy.Default, _time), new(elsewhere, PortPolicy.Default, _time)];
        var small = new PortPool("small", 20000, 20005);
        foreach (var (action, service, index) in steps)
        {
            var book = books[index];
            var request = Block($"s{service}", 1) with { Pool = small };
            var mine = book.Leases().FirstOrDefault(lease => lease.Service == request.Service);
            switch (action)
            {
                case 0 when mine is not null:
                    await book.ReleaseAsync(mine, "Over.", "test");
                    break;
                case 1:
                    await (index == 2 ? elsewhere : state).WriteAsync(transaction => transaction.Execute("DELETE FROM port_leases WHERE service = @name", new { name = request.Service }));
                    break;
                case 2:
                    await Should.ThrowAsync<InvalidOperationException>(() => state.WriteAsync(transaction =>
                    {
                        transaction.Execute("DELETE FROM port_leases");
                        throw new InvalidOperationException();
                    }));
                    break;
                default:
                    await book.GrantAsync(request with { Fresh = action == 3, Ports = action == 4 ? 2 : 1 }, IPAddress.Loopback, PortObservation.None);
                    break;
            }

            var leases = book.Leases();
            leases.Select(static lease => lease.Port).ShouldBeUnique();
            var asked = Block("asker", 1) with { Pool = small, Mode = AllocationMode.Lowest };
            var expected = PortAllocator.Decide(asked, book.Situation(asked, PortObservation.None)).Port;
            var granted = (await book.GrantAsync(asked, IPAddress.Loopback, PortObservation.None)).Lease;
            granted?.Port.ShouldBe(expected!.Value);
            (granted is null).ShouldBe(expected is null);
        }
    }

    private static PortRequest Block(string service, int ports) => new() { Node = Node, Service = service, Pool = Pool, Ports = ports };

    private Task<PortGrant> GrantAsync(PortRequest request) => _book.GrantAsync(request, IPAddress.Loopback, PortObservation.None);

    private sealed class Scratch : IDisposable
    {
        private readonly string _root = TestFolder.Make("entrepot-ports-");
        private int _files;

        public string File() => Path.Combine(_root, $"{_files++}.db");

        public void Dispose() => Directory.Delete(_root, recursive: true);
    }
}
