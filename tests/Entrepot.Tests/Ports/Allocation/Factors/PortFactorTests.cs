using CsCheck;
using Entrepot.Core.Identities;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Allocation.Factors;
using Entrepot.Ports.Declarations;
using Entrepot.Ports.Inventory;
using Entrepot.Ports.Pools;

namespace Entrepot.Tests.Ports.Allocation.Factors;

public sealed class PortFactorTests
{
    private static readonly PortRequest Request = new() { Node = NodeName.Parse("n1"), Service = "web", Pool = new PortPool("p", 20000, 20099) };

    private static readonly PortEvidence Full = PortEvidence.None with
    {
        Permitted = PortSet.Of(20001, 20002),
        Blocked = PortSet.Range(20010, 20019),
        Peers = PortSet.Of(20005),
        Siblings = PortSet.Of(20050),
        Topology = new PortTopology(TopologyShape.Ring, PortSet.Of(20007), PortSet.Of(20008)),
        Paths = new PortPaths(
        [
            KeyValuePair.Create(20003, new PathMeasure(TimeSpan.FromMilliseconds(1), 2e9, 0)),
            KeyValuePair.Create(20004, new PathMeasure(TimeSpan.FromSeconds(1), 1e5, 0.5)),
        ]),
        Occupied = PortSet.Of(20005, 20040, 20050),
        Past = new PortHistory([KeyValuePair.Create(20009, new PortPast(3, 4, 9))]),
    };

    private static readonly Gen<PortSet> GenPorts = Gen.Int[19900, 20200].Array[0, 40].Select(static ports => PortSet.Of(ports));

    private static readonly Gen<PortEvidence> GenEvidence = Gen.Select(
        GenPorts, GenPorts, GenPorts, GenPorts, GenPorts, Gen.Enum<PolicyProfile>(), Gen.Int[0, 31],
        static (one, two, three, four, five, profile, absent) => PortEvidence.None with
        {
            Profile = profile,
            Permitted = (absent & 1) == 0 ? null : one,
            Blocked = (absent & 2) == 0 ? null : two,
            Peers = three,
            Siblings = four,
            Topology = (absent & 4) == 0 ? null : new PortTopology((TopologyShape)(absent % 3), one, five),
            Paths = new PortPaths(two.Enumerate().Select(static port => KeyValuePair.Create(port, new PathMeasure(
                port % 3 == 0 ? null : TimeSpan.FromMilliseconds(port % 700), port % 5 == 0 ? null : port * 1e4, (port % 20) / 100.0)))),
            Occupied = five,
            Past = (absent & 8) == 0 ? null : new PortHistory(one.Enumerate().Select(static port => KeyValuePair.Create(port, new PortPast(port % 5, port % 9, port % 11)))),
            Ephemeral = (absent & 16) == 0 ? EphemeralRange.LinuxDefault : EphemeralRange.LinuxDefault with { Reserved = three },
        });

    [Theory]
    [InlineData(PortFactor.FirewallAgreement, 20001, 20010)]
    [InlineData(PortFactor.LoadBalancing, 20005, 20030)]
    [InlineData(PortFactor.LoadBalancing, 20051, 20070)]
    [InlineData(PortFactor.Topology, 20007, 20008)]
    [InlineData(PortFactor.Topology, 20008, 20009)]
    [InlineData(PortFactor.Latency, 20003, 20004)]
    [InlineData(PortFactor.Throughput, 20003, 20004)]
    [InlineData(PortFactor.Loss, 20003, 20004)]
    [InlineData(PortFactor.Headroom, 20006, 20022)]
    [InlineData(PortFactor.History, 20000, 20009)]
    [InlineData(PortFactor.RangeClass, 20000, 50000)]
    [InlineData(PortFactor.RangeClass, 50000, 100)]
    [InlineData(PortFactor.Security, 20000, 22222)]
    [InlineData(PortFactor.Security, 22222, 31337)]
    [InlineData(PortFactor.Security, 31337, 23)]
    [InlineData(PortFactor.ComplianceMargin, 20000, 32767)]
    [InlineData(PortFactor.ComplianceMargin, 32767, 32768)]
    [InlineData(PortFactor.ComplianceMargin, 20000, 61500)]
    [InlineData(PortFactor.ServiceFit, 8080, 20000)]
    [InlineData(PortFactor.ServiceFit, 20000, 5672)]
    public void Each_factor_prefers_what_it_is_there_for(PortFactor factor, int better, int worse)
    {
        var scores = new PortScores(Request, Full);
        Of(scores, better, factor).Score.ShouldBeGreaterThan(Of(scores, worse, factor).Score);
    }

    [Theory]
    [InlineData(8443, 8443, 18443)]
    [InlineData(8443, 18443, 8450)]
    [InlineData(8443, 8447, 8490)]
    [InlineData(8443, 8490, 9000)]
    [InlineData(443, 8443, 8445)]
    public void A_wanted_number_that_can_t_be_had_is_best_replaced_by_one_that_reminds_of_it(int wanted, int better, int worse)
    {
        var scores = new PortScores(Request with { Service = "anything", WantedPort = wanted }, PortEvidence.None);
        Of(scores, better, PortFactor.ServiceFit).Score.ShouldBeGreaterThan(Of(scores, worse, PortFactor.ServiceFit).Score);
    }

    [Fact]
    public void Absent_evidence_scores_a_half_and_says_so()
    {
        var scores = new PortScores(Request, PortEvidence.None).Of(20000);
        var unknown = scores.Where(static score => !score.Known).ToList();
        unknown.Select(static score => score.Factor).ShouldBe(
        [
            PortFactor.FirewallAgreement, PortFactor.LoadBalancing, PortFactor.Topology, PortFactor.Latency, PortFactor.Throughput, PortFactor.Loss,
            PortFactor.Headroom, PortFactor.History,
        ]);
        unknown.ShouldAllBe(static score => Math.Abs(score.Score - 0.5) < 0.01 && score.Text.Length > 10);
    }

    [Fact]
    public void Every_score_is_a_share_with_a_reason_and_the_total_is_their_weighted_sum()
        => Gen.Select(GenEvidence, Gen.Int[19900, 20200], Gen.Enum<PortProtocol>(), Gen.OneOf<int?>(null, 20100, 443)).Sample((evidence, port, protocol, wanted) =>
        {
            var scores = new PortScores(Request with { Protocol = protocol, WantedPort = wanted }, evidence);
            var all = scores.Of(port);
            all.Select(static score => score.Factor).ShouldBe(PortFactors.All);
            all.ShouldAllBe(static score => score.Score >= 0 && score.Score <= 1 && score.Text.Length > 0);
            all.Sum(static score => score.Score * score.Weight).ShouldBe(PortScores.Share(scores.Total(port)), 1e-9);
        });

    [Fact]
    public void A_span_of_totals_is_what_single_ports_get()
        => Gen.Select(GenEvidence, Gen.Int[19900, 20100], Gen.Int[1, 200]).Sample((evidence, first, count) =>
        {
            var scores = new PortScores(Request with { WantedPort = 20150 }, evidence);
            var totals = new ushort[count];
            scores.Fill(first, totals);
            for (var index = 0; index < count; index += 7)
                scores.Total(first + index).ShouldBe(totals[index]);
        }, iter: 200);

    [Theory]
    [InlineData(PolicyProfile.Lan)]
    [InlineData(PolicyProfile.Public)]
    [InlineData(PolicyProfile.Regulated)]
    public void The_weights_of_a_profile_are_whole_and_each_has_a_reason(PolicyProfile profile)
    {
        var weights = FactorProfile.Of(profile).Weights;
        weights.Select(static weight => weight.Factor).ShouldBe(PortFactors.All);
        weights.Sum(static weight => weight.Weight).ShouldBe(FactorProfile.Whole);
        weights.ShouldAllBe(static weight => weight.Weight > 0 && weight.Why.EndsWith('.'));
    }

    [Fact]
    public void No_customary_number_is_listed_twice_for_one_transport()
        => WellKnownServices.All.Select(static service => (service.Protocol, service.Port)).ShouldBeUnique();

    [Fact]
    public void A_service_is_known_by_a_part_of_its_name()
    {
        WellKnownServices.Of("orders-postgres-2", PortProtocol.Tcp).Single().Port.ShouldBe(5432);
        WellKnownServices.Of("orders-postgres-2", PortProtocol.Udp).ShouldBeEmpty();
        WellKnownServices.Of("edge-1", PortProtocol.Tcp).ShouldBeEmpty();
    }

    private static PortScore Of(PortScores scores, int port, PortFactor factor) => scores.Of(port).Single(score => score.Factor == factor);
}
