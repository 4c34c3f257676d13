using CsCheck;
using Entrepot.Core.Identities;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Allocation.Factors;
using Entrepot.Ports.Declarations;
using Entrepot.Ports.Pools;

namespace Entrepot.Tests.Ports.Allocation;

public sealed class PortTabulatorTests
{
    private static readonly PortRequest Request = new()
    {
        Node = NodeName.Parse("n1"), Service = "web", WantedPort = 8443, Pool = new PortPool("p", 21100, 21227), EmergencyPort = 60000,
    };

    private static readonly PortSituation Situation = new PortSituation(
        PortProtocol.Tcp, [new PortConstraint(PortRule.Bound, PortEffect.Veto, PortSet.Of(8443, 21110), "is bound by nginx (pid 12)")])
    {
        Evidence = PortEvidence.None with { Permitted = PortSet.Of(21120, 21130) },
    };

    [Fact]
    public void The_choice_comes_first_then_the_next_best_then_the_refused()
    {
        var table = PortTabulator.Tabulate(Request, Situation, rows: 5);
        table.Rows[0].Port.ShouldBeOneOf(21120, 21130);
        table.Rows[0].Standing.ShouldBe(PortStanding.Chosen);
        table.Rows.Select(static row => row.Standing).ShouldBeInOrder();
        table.Rows.Single(static row => row.Port == 8443).Objections.Single().Text.ShouldBe("is bound by nginx (pid 12)");
        (table.Allowed, table.Refused).ShouldBe((127, 1));
        table.Rows.ShouldAllBe(static row => row.Scores.Count == PortFactors.Count);
        table.Rows.Select(static row => row.Port).ShouldBeUnique();
    }

    [Theory]
    [InlineData(8443, "8443 is bound by nginx (pid 12).")]
    [InlineData(21110, "21110 is bound by nginx (pid 12).")]
    [InlineData(60000, "60000 is free, but 'web' comes to it only as 'emergency'; 211*0 is its 'pool'.")]
    [InlineData(9999, "9999 is free, but 'web' asks for 8443, pool 'p' (21100–21227), in an emergency 60000.")]
    [InlineData(21200, "21200 scores lower than 211*0: 0.*")]
    public void Why_not_is_answered_by_veto_wish_or_score(int port, string answer)
        => PortTabulator.Tabulate(Request, Situation, whyNot: port).WhyNot!.Answer
            .ShouldMatch("^" + System.Text.RegularExpressions.Regex.Escape(answer).Replace("\\*", ".*", StringComparison.Ordinal) + "$");

    [Fact]
    public void The_difference_of_scores_is_told_factor_by_factor_and_adds_up()
    {
        var table = PortTabulator.Tabulate(Request, Situation, whyNot: 21200);
        var differences = table.WhyNot!.Differences;
        differences[0].Factor.ShouldBe(PortFactor.FirewallAgreement);
        differences[0].Chosen.ShouldBe("let through already");
        var other = table.Rows.Single(static row => row.Port == 21200);
        differences.Sum(static difference => difference.Difference).ShouldBe(table.Rows[0].Total - other.Total, 0.01);
    }

    [Fact]
    public void Equals_are_divided_by_the_stable_hash_and_a_kept_port_is_said_to_be_kept()
    {
        var plain = Situation with { Evidence = PortEvidence.None };
        var chosen = PortAllocator.Decide(Request, plain).Port!.Value;
        var other = chosen == 21200 ? 21201 : 21200;
        PortTabulator.Tabulate(Request, plain, whyNot: other).WhyNot!.Answer.ShouldContain($"the stable hash puts {chosen} first");
        PortTabulator.Tabulate(Request, Situation with { PreviousPort = 21200 }, whyNot: 21120).WhyNot!.Answer
            .ShouldStartWith("'web' keeps 21200 from its last lease. Chosen anew, 21120 would score higher than 21200");
    }

    [Fact]
    public void Any_question_has_an_answer()
        => Gen.Select(Gen.Int[1, 65535], Gen.OneOf(21100, 21120, 21227), Gen.Enum<AllocationMode>(), Gen.OneOf(1, 3), Gen.OneOf<int?>(null, 0, 8443), Gen.Bool).Sample(
            (any, near, mode, ports, wanted, useNear) =>
            {
                var request = Request with { Mode = mode, Ports = wanted == 0 ? 1 : ports, WantedPort = wanted };
                var table = PortTabulator.Tabulate(request, Situation with { Drawn = 7 }, whyNot: useNear ? near : any);
                table.WhyNot!.Answer.ShouldEndWith(".");
                table.Port.ShouldBe(PortAllocator.Decide(request, Situation with { Drawn = 7 }).Port);
            }, iter: 300);

    [Fact]
    public void A_portfile_alone_is_enough_for_a_table()
    {
        var portfile = new Portfile
        {
            Pools = [new PoolDeclaration(Placement.Everywhere, new PortPool("p", 21100, 21109), 0.5)],
            Services =
            [
                new ServiceDeclaration { Name = "web", Pool = "p", Ports = 2, Owner = "o", Purpose = "p" },
                new ServiceDeclaration { Name = "fixed", Port = 21100, Ports = 8, Owner = "o", Purpose = "p" },
            ],
        };
        var request = DeclaredChoice.Request(portfile, portfile.Services[0], NodeName.Parse("n1"));
        var table = PortTabulator.Tabulate(request, DeclaredChoice.Situation(portfile, request, "local"), whyNot: 21104);
        table.Port.ShouldBe(21108);
        table.WhyNot!.Answer.ShouldBe("21104 is declared for 'fixed'.");
        DeclaredChoice.Policy(portfile, NodeName.Parse("n1"), "local").SpareShareOf(portfile.Pools[0].Pool).ShouldBe(0.5);
    }

    [Theory]
    [InlineData(80, null, PortAudience.Machine, AcceptedRisk.Privileged)]
    [InlineData(6379, null, PortAudience.Machine, AcceptedRisk.Forbidden)]
    [InlineData(10080, null, PortAudience.Browser, AcceptedRisk.BrowserBlocked)]
    [InlineData(40000, PolicyProfile.Regulated, PortAudience.Machine, AcceptedRisk.Ephemeral)]
    public void A_declared_port_breaks_a_rule_only_where_the_portfile_accepts_it(int port, PolicyProfile? profile, PortAudience audience, AcceptedRisk risk)
    {
        Decide(false).ShouldBeNull();
        Decide(true).ShouldBe(port);

        int? Decide(bool accepts)
        {
            var service = new ServiceDeclaration { Name = "web", Port = port, Audience = audience, Owner = "o", Purpose = "p", Accept = accepts ? [risk] : [] };
            var portfile = new Portfile { Policy = profile is { } known ? new PortfilePolicy { Profile = known } : new PortfilePolicy(), Services = [service] };
            var request = DeclaredChoice.Request(portfile, service, NodeName.Parse("n1"));
            return PortAllocator.Decide(request, DeclaredChoice.Situation(portfile, request, "local")).Port;
        }
    }

    [Fact]
    public void Who_names_the_process_may_declare_a_privileged_port()
    {
        var service = new ServiceDeclaration { Name = "web", Port = 80, Owner = "o", Purpose = "p", Process = new ExpectedProcess("www-data", null, null) };
        DeclaredChoice.Request(new Portfile { Services = [service] }, service, NodeName.Parse("n1")).AllowPrivileged.ShouldBeTrue();
    }
}
