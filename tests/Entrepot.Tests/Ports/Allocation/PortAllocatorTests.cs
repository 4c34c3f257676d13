using CsCheck;
using Entrepot.Core.Identities;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Pools;

namespace Entrepot.Tests.Ports.Allocation;

public sealed class PortAllocatorTests
{
    private static readonly PortPool Pool = new("edges", 54321, 54400);
    private static readonly PortPool Overflow = new("spare", 20000, 20009);

    private static readonly PortRequest Push = new()
    {
        Node = NodeName.Parse("n1"), Service = "push", WantedPort = 8333, EmergencyPort = 60000, OverflowPool = Overflow,
    };

    private static readonly PortRequest Edge = new() { Node = NodeName.Parse("n1"), Service = "edge-1", Pool = Pool, EmergencyPort = 60000 };

    private static readonly Gen<PortConstraint> GenConstraint = Gen.Select(
        Gen.Enum<PortRule>().Where(rule => rule is not PortRule.OutsidePool and not PortRule.Ephemeral),
        Gen.Frequency((5, Gen.Const(PortEffect.Veto)), (1, Gen.Const(PortEffect.Warning))),
        Gen.OneOf(Gen.Int[54321, 54400], Gen.Int[20000, 20009], Gen.OneOf(8333, 60000, 54321, 54400)).HashSet[0, 60],
        (rule, effect, ports) => new PortConstraint(rule, effect, PortSet.Of(ports), $"is {rule}"));

    private static readonly Gen<PortSituation> GenSituation = Gen.Select(
        GenConstraint.Array[0, 5],
        Gen.OneOf(Gen.Const((int?)null), Gen.Int[54321, 54400].Select(port => (int?)port), Gen.OneOf<int?>(8333, 60000, 20004, 7)),
        (constraints, previous) => new PortSituation(PortProtocol.Tcp, [.. constraints], previous));

    private static readonly Gen<PortRequest> GenRequest = Gen.Select(
        Gen.OneOf<int?>(null, 8333, 54350),
        Gen.OneOf(PoolStrategy.Dynamic, PoolStrategy.Hybrid, PoolStrategy.Static),
        Gen.Bool, Gen.Bool, Gen.Bool, Gen.Enum<PortAudience>(), Gen.Bool, Gen.Int[0, 20],
        (wanted, strategy, pool, emergency, overflow, audience, permissive, service) => new PortRequest
        {
            Node = NodeName.Parse("n1"),
            Service = $"s{service}",
            WantedPort = wanted,
            Pool = pool || wanted is null ? new PortPool("edges", 54321, 54400, wanted is null ? PoolStrategy.Dynamic : strategy) : null,
            EmergencyPort = emergency ? 60000 : null,
            OverflowPool = overflow ? Overflow : null,
            Audience = audience,
            AllowPrivileged = permissive,
            AllowForbidden = permissive,
        });

    [Fact]
    public void A_chosen_port_is_never_vetoed_and_answers_to_a_wish()
        => Gen.Select(GenRequest, GenSituation).Sample((request, situation) =>
        {
            var decision = PortAllocator.Decide(request, situation);
            if (decision.Port is not { } port)
                return;
            Vetoed(request, situation, port).ShouldBeFalse();
            var answers = decision.Step switch
            {
                PortStep.Wanted => port == request.WantedPort,
                PortStep.Pool => request.Pool!.Contains(port),
                PortStep.Emergency => port == request.EmergencyPort,
                PortStep.Overflow => request.OverflowPool!.Contains(port),
                _ => false,
            };
            answers.ShouldBeTrue();
        });

    [Fact]
    public void Nobody_is_refused_while_one_of_his_wishes_is_free()
        => Gen.Select(GenRequest, GenSituation).Sample((request, situation) =>
        {
            var wishes = new List<int>();
            if (request.WantedPort is { } wanted && request.Pool is not { Strategy: PoolStrategy.Static } )
                wishes.Add(wanted);
            if (request.Pool is { Strategy: not PoolStrategy.Static } pool)
                wishes.AddRange(pool.Ports.Enumerate());
            if (request.EmergencyPort is { } emergency)
                wishes.Add(emergency);
            if (request.OverflowPool is { } overflow)
                wishes.AddRange(overflow.Ports.Enumerate());
            if (wishes.Any(port => !Vetoed(request, situation, port)))
                PortAllocator.Decide(request, situation).Port.ShouldNotBeNull();
        });

    [Fact]
    public void Equal_input_gives_an_equal_decision()
        => Gen.Select(GenRequest, GenSituation).Sample((request, situation)
            => PortAllocator.Decide(request, situation).Describe().ShouldBe(PortAllocator.Decide(request, situation).Describe()));

    [Fact]
    public void Every_refused_candidate_says_why_and_the_chosen_one_comes_last()
        => Gen.Select(GenRequest, GenSituation).Sample((request, situation) =>
        {
            var decision = PortAllocator.Decide(request, situation);
            decision.Reason.ShouldEndWith(".");
            var refused = decision.Port is null ? decision.Candidates : decision.Candidates.SkipLast(1);
            refused.ShouldAllBe(candidate => !candidate.Allowed && candidate.Objections.Count > 0);
            if (decision.Port is not null)
                (decision.Candidates[^1].Port, decision.Candidates[^1].Allowed).ShouldBe((decision.Port.Value, true));
            decision.Candidates.Select(candidate => (candidate.Port, candidate.Step)).ShouldBeUnique();
        });

    [Fact]
    public void A_pool_is_tried_in_the_stable_order_and_the_refused_are_listed_in_it()
        // Draws that may repeat: the generator of sets gives up when it has to find the last of 401 distinct numbers by chance.
        => Gen.Select(Gen.Int[0, 100], Gen.Int[1000, 1400].Array[0, 2000].Select(static drawn => drawn.ToHashSet()), Gen.Int[1000, 1300], Gen.Int[1, 100]).Sample((service, taken, first, size) =>
        {
            var request = Edge with { Service = $"s{service}", Pool = new PortPool("p", first, first + size - 1), EmergencyPort = null };
            var seed = StableOrder.Seed(request);
            var order = request.Pool.Ports.Enumerate().OrderByDescending(port => StableOrder.Weight(seed, port)).ToList();
            var refused = order.TakeWhile(taken.Contains).ToList();

            var decision = PortAllocator.Decide(request, Bound([.. taken]));

            decision.Port.ShouldBe(order.Where(port => !taken.Contains(port)).Cast<int?>().FirstOrDefault());
            decision.Candidates.Where(candidate => !candidate.Allowed).Select(candidate => candidate.Port).ShouldBe(refused.Take(PortAllocator.MaxListed));
            decision.Omitted.ShouldBe(Math.Max(0, refused.Count - PortAllocator.MaxListed));
        });

    [Fact]
    public void Services_that_come_one_after_the_other_never_share_and_fill_the_pool()
        => Gen.Int[0, 1_000_000].Sample(salt =>
        {
            var leased = new Dictionary<int, string>();
            for (var i = 0; i < Pool.Size; i++)
            {
                var decision = PortAllocator.Decide(Edge with { Service = $"edge-{salt}-{i}" }, Leased(leased));
                decision.Step.ShouldBe(PortStep.Pool);
                leased.Add(decision.Port!.Value, "another");
            }

            leased.Keys.Order().ShouldBe(Pool.Ports.Enumerate());
            PortAllocator.Decide(Edge, Leased(leased)).Port.ShouldBe(60000);
        }, iter: 20);

    [Fact]
    public void A_service_keeps_its_first_choice_when_the_pool_grows_or_others_come_and_go()
        => Gen.Select(Gen.Int[0, 10_000], Gen.Int[54321, 54400].HashSet[0, 40]).Sample((service, others) =>
        {
            var request = Edge with { Service = $"s{service}" };
            var first = PortAllocator.Decide(request, Free()).Port!.Value;
            others.Remove(first);
            PortAllocator.Decide(request, Leased(others.ToDictionary(port => port, _ => "x"))).Port.ShouldBe(first);
            var larger = PortAllocator.Decide(request with { Pool = new PortPool("edges", 54321, 54480) }, Free()).Port!.Value;
            (larger == first || larger > 54400).ShouldBeTrue();
        });

    [Fact]
    public void The_stable_order_is_frozen()  // a change would move every service of every installation
    {
        var seed = StableOrder.Seed(Edge);
        Pool.Ports.Enumerate().OrderByDescending(port => StableOrder.Weight(seed, port)).Take(5).ShouldBe(FrozenOrder);
    }

    [Fact]
    public void Services_spread_over_the_pool()
    {
        var counts = Enumerable.Range(0, 8000).Select(i => PortAllocator.Decide(Edge with { Service = $"s{i}" }, Free()).Port!.Value)
            .CountBy(port => port).ToDictionary();
        counts.Count.ShouldBe(80);
        counts.Values.Max().ShouldBeLessThan(150);  // 100 expected; 5 standard deviations
        counts.Values.Min().ShouldBeGreaterThan(50);
    }

    [Fact]
    public void A_free_wanted_port_is_given()
    {
        PortAllocator.Decide(Push, Free()).Reason.ShouldBe("8333 is wanted and free.");
        PortAllocator.Decide(Push, Free() with { PreviousPort = 8333 }).Reason.ShouldBe("8333 is kept from the last start.");
    }

    [Fact]
    public void A_service_that_had_to_move_comes_back_when_its_port_is_free()
    {
        var away = PortAllocator.Decide(Push, Bound(8333));
        (away.Port, away.Moved, away.ShouldBe).ShouldBe((60000, true, 8333));
        away.Reason.ShouldBe("8333 is bound by nginx (pid 12), moved to the emergency port 60000.");

        var still = PortAllocator.Decide(Push, Bound(8333) with { PreviousPort = 60000 });
        (still.Port, still.Moved).ShouldBe((60000, true));

        var back = PortAllocator.Decide(Push, Free() with { PreviousPort = 60000 });
        (back.Port, back.Moved, back.ShouldBe).ShouldBe((8333, false, null));
    }

    [Fact]
    public void A_port_of_the_pool_is_kept_as_long_as_it_may_be()
    {
        PortAllocator.Decide(Edge, Free() with { PreviousPort = 54390 }).Reason.ShouldBe("54390 is kept from the last start.");

        var moved = PortAllocator.Decide(Edge, Bound(54390) with { PreviousPort = 54390 });
        (moved.Moved, moved.ShouldBe, moved.Step).ShouldBe((true, 54390, PortStep.Pool));
        moved.Reason.ShouldStartWith("54390 is bound by nginx (pid 12), moved to 543");

        PortAllocator.Decide(Edge, Free() with { PreviousPort = 60000 }).Step.ShouldBe(PortStep.Pool);
    }

    [Fact]
    public void A_first_start_that_finds_its_first_choice_taken_has_not_moved()
    {
        var first = PortAllocator.Decide(Edge, Free());
        var second = PortAllocator.Decide(Edge, Bound(first.Port!.Value));
        second.Moved.ShouldBeFalse();
        second.Reason.ShouldEndWith("is choice 2 of pool 'edges' (54321–54400) by stable hash.");
        second.Candidates[0].Port.ShouldBe(first.Port.Value);
    }

    [Fact]
    public void The_next_pool_serves_when_even_the_emergency_port_is_taken()
    {
        var decision = PortAllocator.Decide(Push, Bound(8333, 60000));
        decision.Step.ShouldBe(PortStep.Overflow);
        decision.Reason.ShouldMatch("^8333 is bound by nginx \\(pid 12\\), 60000 is bound by nginx \\(pid 12\\), moved to 2000[0-9], the first choice of pool 'spare'");
    }

    [Fact]
    public void When_nothing_is_left_every_reason_is_named()
    {
        var decision = PortAllocator.Decide(Push, Bound([8333, 60000, .. Overflow.Ports.Enumerate()]));
        decision.Port.ShouldBeNull();
        decision.Reason.ShouldBe(
            "No port is left: 8333 is bound by nginx (pid 12); 60000 is bound by nginx (pid 12); all 10 ports of pool 'spare' (20000–20009) are refused: 10 bound.");
        decision.Candidates.Count.ShouldBe(12);
        decision.Describe().Split('\n').Length.ShouldBe(13);
    }

    [Fact]
    public void A_crowded_pool_is_listed_in_part_and_counted_in_full()
    {
        var huge = new PortPool("huge", 1024, 65535);
        var decision = PortAllocator.Decide(Edge with { Pool = huge, EmergencyPort = null }, Bound([.. huge.Ports.Enumerate()]));
        decision.Candidates.Count.ShouldBe(PortAllocator.MaxListed);
        (decision.Candidates.Count + decision.Omitted).ShouldBe(huge.Size);
    }

    [Theory]
    [InlineData(PortAudience.Browser, null)]
    [InlineData(PortAudience.Machine, 6667)]
    public void Only_browsers_are_kept_from_ports_that_browsers_refuse(PortAudience audience, int? port)
        => PortAllocator.Decide(Only(6667) with { Audience = audience }, Free().With(BrowserBlockedPorts.Constraint)).Port.ShouldBe(port);

    [Fact]
    public void Privileged_and_forbidden_ports_need_leave()
    {
        var situation = Free().With(ForbiddenPorts.Constraint(PortProtocol.Tcp)).With(new PortConstraint(PortRule.Privileged, PortEffect.Veto, PortSet.Range(0, 1023), "is privileged"));
        PortAllocator.Decide(Only(80), situation).Port.ShouldBeNull();
        PortAllocator.Decide(Only(80) with { AllowPrivileged = true }, situation).Port.ShouldBe(80);
        PortAllocator.Decide(Only(6379), situation).Reason.ShouldContain("block list (Redis");
        PortAllocator.Decide(Only(6379) with { AllowForbidden = true }, situation).Port.ShouldBe(6379);
    }

    [Fact]
    public void A_warning_lets_the_port_pass_and_is_handed_on()
    {
        var decision = PortAllocator.Decide(Push, Free().With(new PortConstraint(PortRule.Ephemeral, PortEffect.Warning, PortSet.Of(8333), "is at risk")));
        decision.Port.ShouldBe(8333);
        decision.Warnings.Single().Text.ShouldBe("is at risk");
    }

    [Fact]
    public void A_wanted_port_outside_a_static_pool_is_refused()
    {
        var fixedPool = new PortPool("fixed", 8000, 8099, PoolStrategy.Static);
        PortAllocator.Decide(Only(8333) with { Pool = fixedPool }, Free()).Reason.ShouldBe("No port is left: 8333 is not in the static pool 'fixed' (8000–8099).");
        PortAllocator.Decide(Only(8080) with { Pool = fixedPool }, Free()).Port.ShouldBe(8080);
    }

    [Fact]
    public void A_hybrid_pool_spares_its_low_band_until_the_rest_is_full()
    {
        var request = Edge with { Pool = new PortPool("mixed", 7000, 7031, PoolStrategy.Hybrid), EmergencyPort = null };
        var taken = new List<int>();
        for (var i = 0; i < 32; i++)
            taken.Add(PortAllocator.Decide(request with { Service = $"s{i}" }, Bound([.. taken])).Port!.Value);
        taken.Take(16).ShouldAllBe(port => port >= 7016);
        taken.Skip(16).ShouldAllBe(port => port < 7016);
    }

    [Fact]
    public void Any_port_is_the_last_one_or_the_kernel_s_choice()
    {
        var any = Push with { WantedPort = PortRequest.AnyPort };
        PortAllocator.Decide(any, Free()).Port.ShouldBe(PortRequest.AnyPort);
        PortAllocator.Decide(any, Free() with { PreviousPort = 41234 }).Port.ShouldBe(41234);
        PortAllocator.Decide(any, Bound(41234) with { PreviousPort = 41234 }).Port.ShouldBe(PortRequest.AnyPort);
        PortAllocator.Judge(any, Free(), 41234).Reason.ShouldBe("41234 is picked by the kernel, as any free port was asked for.");
        PortAllocator.Judge(any, Bound(41234), 41234).Port.ShouldBeNull();
    }

    [Fact]
    public void A_situation_of_the_other_transport_is_not_taken()
        => Should.Throw<ArgumentException>(() => PortAllocator.Decide(Push with { Protocol = PortProtocol.Udp }, Free()));

    private static int[] FrozenOrder => [54393, 54378, 54352, 54330, 54332];

    private static PortRequest Only(int port) => new() { Node = NodeName.Parse("n1"), Service = "s", WantedPort = port };

    private static PortSituation Free() => new(PortProtocol.Tcp, []);

    private static PortSituation Bound(params int[] ports)
        => Free().With(new PortConstraint(PortRule.Bound, PortEffect.Veto, PortSet.Of(ports), "is bound by nginx (pid 12)"));

    private static PortSituation Leased(IReadOnlyDictionary<int, string> ports)
        => Free().With(new PortConstraint(PortRule.Leased, PortEffect.Veto, PortSet.Of(ports.Keys), "is leased to another service"));

    private static bool Vetoed(PortRequest request, PortSituation situation, int port)
        => situation.Constraints.Any(constraint => constraint.Effect == PortEffect.Veto && constraint.Ports.Contains(port) && constraint.Rule switch
        {
            PortRule.BrowserBlocked => request.Audience == PortAudience.Browser,
            PortRule.Privileged => !request.AllowPrivileged,
            PortRule.Forbidden => !request.AllowForbidden,
            _ => true,
        });
}
