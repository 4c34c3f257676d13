using System.Net;
using CsCheck;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Declarations;
using Entrepot.Ports.Firewalls;
using Entrepot.Ports.Firewalls.Proof;

namespace Entrepot.Tests.Ports.Firewalls;

public sealed class DeclarationAnalysisTests
{
    [Fact]
    public void A_grant_that_another_covers_is_named()
        => Remark(Grant("10.0.0.0/8"), Grant("10.1.0.0/16")).ShouldBe((RemarkKind.Redundant, "10.1.0.0/16", "'web' lets in 10.1.0.0/16 already by 10.0.0.0/8: taking it out changes nothing."));

    [Fact]
    public void A_grant_that_only_several_together_cover_is_named()
        => Remark(Grant("10.0.0.0/9"), Grant("10.128.0.0/9"), Grant("10.0.0.0/8")).Message.ShouldBe("'web' lets in 10.0.0.0/8 already by 10.0.0.0/9 and 10.128.0.0/9: taking it out changes nothing.");

    [Fact]
    public void Of_two_that_say_the_same_the_second_is_superfluous()
        => Remark(Grant("10.0.0.0/8") with { Origin = "first" }, Grant("10.0.0.0/8") with { Origin = "second" }).Grant.ShouldBe("second");

    [Fact]
    public void A_machine_at_an_address_is_covered_by_the_machine_and_not_by_another_address()
    {
        var both = new AccessGrant([IPNetwork.Parse("10.0.0.7/32")], [RandomRules.Mac1], "machine");
        Remark(both, new AccessGrant([], [RandomRules.Mac1], "card")).Grant.ShouldBe("machine");
        DeclarationAnalysis.Of(Model(both, Grant("10.0.0.8/32"))).ShouldBeEmpty();
    }

    [Fact]
    public void A_service_that_lets_in_only_those_without_address_is_named()
        => Remark(new AccessGrant([], [], "nobody")).Kind.ShouldBe(RemarkKind.Empty);

    [Fact]
    public void Doors_on_one_port_the_management_port_and_useless_openings_are_named()
    {
        var model = Model(Grant("10.0.0.0/8")) with
        {
            Doors =
            [
                new Door("a", PortProtocol.Tcp, 80, 90, [Grant("10.0.0.0/8")]), new Door("b", PortProtocol.Tcp, 85, 85, [Grant("10.0.0.0/8")]),
                new Door("c", PortProtocol.Udp, 85, 85, [Grant("10.0.0.0/8")]), new Door("ssh", PortProtocol.Tcp, 22, 22, [Grant("10.0.0.0/8")]),
            ],
            Openings = [new Opening(7, PortProtocol.Udp, 85, IPNetwork.Parse("10.0.0.3/32"), null, RandomRules.Now, "", "")],
        };
        DeclarationAnalysis.Of(model).Select(static remark => (remark.Kind, remark.Service))
            .ShouldBe([(RemarkKind.Overlap, "b"), (RemarkKind.Management, "ssh"), (RemarkKind.Redundant, "c")]);
    }

    [Fact]
    public void Taking_out_what_is_superfluous_changes_nothing_and_nothing_superfluous_is_left()
        => RandomRules.Models.Sample(static model =>
        {
            var remarks = DeclarationAnalysis.Of(model).Where(static remark => remark.Kind == RemarkKind.Redundant && remark.Grant is not null).ToList();
            var ways = model.Doors.Sum(static door => door.Ways.Length);
            remarks.Count.ShouldBeLessThanOrEqualTo(ways);
            foreach (var door in model.Doors)
            {
                // Grants of the random models all have one name: number them.
                var named = door with { Ways = [.. door.Ways.Select(static (way, index) => way with { Origin = $"{index}" })] };
                var superfluous = DeclarationAnalysis.Of(model with { Doors = [named], Openings = [] }).Select(static remark => remark.Grant).ToHashSet();
                var left = named with { Ways = [.. named.Ways.Where(way => !superfluous.Contains(way.Origin))] };
                var without = model with { Doors = [left], Openings = [] };
                RulesetProver.Prove(model with { Doors = [named], Openings = [] }, ReferenceRules.Of(without, RandomRules.Now), ProofContext.ForNftables(RandomRules.Host, RandomRules.Now)).Findings.ShouldBeEmpty();
                DeclarationAnalysis.Of(without).ShouldNotContain(static remark => remark.Kind == RemarkKind.Redundant);
            }
        }, iter: 100, threads: 1);

    private static (RemarkKind Kind, string? Grant, string Message) Remark(params AccessGrant[] ways)
    {
        var remark = DeclarationAnalysis.Of(Model(ways)).ShouldHaveSingleItem();
        return (remark.Kind, remark.Grant, remark.Message);
    }

    private static RuleModel Model(params AccessGrant[] ways)
        => new() { Floor = new SafetyFloor(22, []), Doors = [new Door("web", PortProtocol.Tcp, 443, 443, [.. ways])] };

    private static AccessGrant Grant(string network) => new([IPNetwork.Parse(network)], [], network);
}
