using CsCheck;
using Entrepot.Core.Identities;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Allocation.Factors;
using Entrepot.Ports.Declarations;
using Entrepot.Ports.Pools;

namespace Entrepot.Tests.Ports.Allocation;

public sealed class AllocationModeTests
{
    private static readonly PortPool Pool = new("p", 20000, 20127);
    private static readonly PortRequest Request = new() { Node = NodeName.Parse("n1"), Service = "web", Pool = Pool };

    private static readonly Gen<PortEvidence> GenEvidence = Gen.Select(
        Gen.Int[19990, 20140].Array[0, 30].Select(static ports => PortSet.Of(ports)), Gen.Int[19990, 20140].Array[0, 30].Select(static ports => PortSet.Of(ports)),
        Gen.Enum<PolicyProfile>(),
        static (one, two, profile) => PortEvidence.None with { Profile = profile, Permitted = one, Peers = two, Occupied = two });

    private static readonly Gen<PortSituation> GenSituation = Gen.Select(
        Gen.Int[20000, 20127].Array[0, 200].Select(static ports => PortSet.Of(ports)), GenEvidence, Gen.ULong, Gen.OneOf<int?>(null, 20001, 20050),
        static (taken, evidence, drawn, previous) => new PortSituation(PortProtocol.Tcp, [Taken(taken)], previous) { Evidence = evidence, Drawn = drawn });

    private static readonly Gen<PortRequest> GenRequest = Gen.Select(
        Gen.Enum<AllocationMode>(), Gen.Frequency((2, Gen.Const(1)), (1, Gen.Int[2, 100])), Gen.Int[0, 20], Gen.Bool,
        static (mode, ports, service, hybrid) => Request with
        {
            Service = $"s{service}", Mode = mode, Ports = ports, Pool = hybrid ? new PortPool("p", 20000, 20127, PoolStrategy.Hybrid) : Pool,
        });

    [Fact]
    public void In_every_mode_no_port_of_the_answer_is_vetoed_and_nobody_is_refused_while_there_is_room()
        => Gen.Select(GenRequest, GenSituation).Sample((request, situation) =>
        {
            var free = Pool.Ports.Except(situation.Constraints[0].Ports);
            var room = Enumerable.Range(Pool.First, Pool.Size - request.Ports + 1).Where(first => free.CountBetween(first, first + request.Ports - 1) == request.Ports).ToList();
            var decision = PortAllocator.Decide(request, situation);
            if (decision.Port is { } port)
                room.ShouldContain(port);
            else
                room.ShouldBeEmpty();
        });

    [Fact]
    public void In_every_mode_equal_input_gives_an_equal_decision()
        => Gen.Select(GenRequest, GenSituation).Sample((request, situation)
            => PortAllocator.Decide(request, situation).Describe().ShouldBe(PortAllocator.Decide(request, situation).Describe()));

    [Fact]
    public void One_more_veto_moves_only_who_had_that_port()
        => Gen.Select(GenRequest.Where(static request => request.Ports == 1), GenSituation, Gen.Int[20000, 20127]).Sample((request, situation, veto) =>
        {
            var before = PortAllocator.Decide(request, situation).Port;
            var after = PortAllocator.Decide(request, situation.With(Taken(PortSet.Of(veto)))).Port;
            after.ShouldNotBe(veto);
            if (before != veto)
                after.ShouldBe(before);
        });

    [Fact]
    public void A_pool_that_grows_moves_nobody_to_another_of_its_old_ports()
        => Gen.Select(GenRequest.Where(static request => request is { Mode: not AllocationMode.Lowest, Ports: 1, Pool.Strategy: PoolStrategy.Dynamic }), GenSituation).Sample((request, situation) =>
        {
            var before = PortAllocator.Decide(request, situation).Port;
            var after = PortAllocator.Decide(request with { Pool = new PortPool("p", 20000, 20300) }, situation).Port;
            if (before is not null && after <= 20127)
                after.ShouldBe(before);
            PortAllocator.Decide(request with { Pool = new PortPool("p", 20000, 20300) }, situation with { PreviousPort = before }).Port.ShouldBe(before ?? after);
        });

    [Fact]
    public void The_lowest_free_port_or_block_is_found()
        => Gen.Select(GenSituation, Gen.Int[1, 20]).Sample((situation, ports) =>
        {
            var taken = situation.Constraints[0].Ports;
            var expected = Enumerable.Range(20000, 129 - ports).Where(first => taken.CountBetween(first, first + ports - 1) == 0).Cast<int?>().FirstOrDefault();
            PortAllocator.Decide(Request with { Mode = AllocationMode.Lowest, Ports = ports }, situation with { PreviousPort = null }).Port.ShouldBe(expected);
        });

    [Fact]
    public void Random_choices_are_spread_evenly_over_the_best()
    {
        var permitted = PortSet.Range(20040, 20059);
        var situation = Free() with { Evidence = PortEvidence.None with { Permitted = permitted } };
        var random = new Random(7);
        var counts = Enumerable.Range(0, 4000)
            .Select(_ => PortAllocator.Decide(Request with { Mode = AllocationMode.Random }, situation with { Drawn = (ulong)random.NextInt64() }).Port!.Value)
            .CountBy(static port => port).ToDictionary();
        counts.Keys.Order().ShouldBe(permitted.Enumerate());
        counts.Values.Max().ShouldBeLessThan(275);  // 200 expected; 5 standard deviations
        counts.Values.Min().ShouldBeGreaterThan(125);
    }

    [Fact]
    public void A_random_choice_can_be_repeated_from_its_seed_and_needs_one()
    {
        var request = Request with { Mode = AllocationMode.Random };
        var decision = PortAllocator.Decide(request, Free() with { Drawn = 0x1234 });
        decision.Describe().ShouldEndWith("drawn with seed 0000000000001234");
        PortAllocator.Decide(request, Free() with { Drawn = decision.Seed }).Port.ShouldBe(decision.Port);
        Should.Throw<ArgumentException>(() => PortAllocator.Decide(request, Free()));
    }

    [Fact]
    public void The_best_score_wins_and_the_stable_order_decides_between_equals()
    {
        var evidence = PortEvidence.None with { Permitted = PortSet.Of(20003, 20077, 20090) };
        var decision = PortAllocator.Decide(Request, Free() with { Evidence = evidence });
        var seed = StableOrder.Seed(Request);
        decision.Port.ShouldBe(new[] { 20003, 20077, 20090 }.MaxBy(port => StableOrder.Weight(seed, port)));
        decision.Reason.ShouldBe($"{decision.Port} is among the 3 best of pool 'p' (20000–20127) by score, and of those the first by stable hash.");
        decision.Scores.Count.ShouldBe(PortFactors.Count);
    }

    [Fact]
    public void Where_no_port_is_better_than_another_the_order_is_the_old_one()
    {
        for (var service = 0; service < 50; service++)
        {
            var request = Request with { Service = $"s{service}", Pool = new PortPool("plain", 21100, 21227) };
            var plain = PortAllocator.Decide(request, Free());
            var scored = PortAllocator.Decide(request, Free() with { Evidence = PortEvidence.None });
            (scored.Port, scored.Reason).ShouldBe((plain.Port, plain.Reason));
        }
    }

    [Fact]
    public void The_last_port_is_kept_whatever_scores_better_unless_a_fresh_one_is_asked_for()
    {
        var situation = Free() with { Evidence = PortEvidence.None with { Permitted = PortSet.Of(20003) }, PreviousPort = 20100, Drawn = 1 };
        foreach (var mode in Enum.GetValues<AllocationMode>())
        {
            PortAllocator.Decide(Request with { Mode = mode }, situation).Reason.ShouldBe("20100 is kept from the last start.");
            PortAllocator.Decide(Request with { Mode = mode, Fresh = true }, situation).Port.ShouldBe(mode == AllocationMode.Lowest ? 20000 : 20003);
        }
    }

    [Fact]
    public void A_block_says_which_of_its_ports_stands_in_the_way()
    {
        var situation = Free().With(Taken(PortSet.Of(8002)));
        PortAllocator.Decide(Request with { Pool = null, WantedPort = 8000, Ports = 4 }, situation).Reason
            .ShouldBe("No port is left: 8000 begins a block in which 8002 is taken.");
        PortAllocator.Decide(Request with { Pool = null, WantedPort = 8003, Ports = 4 }, situation).Reason.ShouldBe("8003–8006 is wanted and free.");
        PortAllocator.Decide(Request with { Ports = 3 }, situation).Reason.ShouldMatch(@"^20\d+–20\d+ is the first choice of pool 'p' \(20000–20127\) by stable hash, 3 adjacent ports\.$");
        PortAllocator.Decide(Request with { Ports = 100 }, Free().With(Taken(PortSet.Of(20064)))).Reason.ShouldStartWith("No port is left: no 100 adjacent ports of pool 'p'");
    }

    [Theory]
    [InlineData(0, null, "0 adjacent ports")]
    [InlineData(1025, null, "1025 adjacent ports")]
    [InlineData(200, null, "don't fit")]
    [InlineData(2, 0, "left to the kernel")]
    [InlineData(2, 65535, "above 65535")]
    public void A_block_that_can_t_be_is_a_mistake(int ports, int? wanted, string mistake)
        => (Request with { Ports = ports, WantedPort = wanted }).Mistakes().ShouldContain(text => text.Contains(mistake, StringComparison.Ordinal));

    private static PortSituation Free() => new(PortProtocol.Tcp, []);

    private static PortConstraint Taken(PortSet ports) => new(PortRule.Bound, PortEffect.Veto, ports, "is taken");
}
