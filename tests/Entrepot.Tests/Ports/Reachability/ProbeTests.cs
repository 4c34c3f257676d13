using System.Net;
using System.Net.Sockets;
using CsCheck;
using Entrepot.Core.Identities;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Reachability;
using Entrepot.Tests.Ports.Allocation;
using Microsoft.Extensions.Time.Testing;

namespace Entrepot.Tests.Ports.Reachability;

public sealed class ProbeTests
{
    private static readonly ProbeTarget Target = new(PortProtocol.Tcp, IPAddress.Loopback, 80);

    [Theory]
    [InlineData(PortProtocol.Tcp, ProbeAnswer.Answered, Reach.Open)]
    [InlineData(PortProtocol.Tcp, ProbeAnswer.Refused, Reach.Refused)]
    [InlineData(PortProtocol.Tcp, ProbeAnswer.Silence, Reach.Filtered)]
    [InlineData(PortProtocol.Tcp, ProbeAnswer.Barred, Reach.Filtered)]
    [InlineData(PortProtocol.Tcp, ProbeAnswer.NotTried, Reach.Unknown)]
    [InlineData(PortProtocol.Udp, ProbeAnswer.Answered, Reach.Open)]
    [InlineData(PortProtocol.Udp, ProbeAnswer.Refused, Reach.Refused)]
    [InlineData(PortProtocol.Udp, ProbeAnswer.Silence, Reach.Unknown)]  // most services of UDP do not answer strangers
    public void Two_tries_that_agree_decide(PortProtocol protocol, ProbeAnswer answer, Reach reach)
    {
        ProbeJudge.Judge(protocol, [answer], last: false).ShouldBeNull();
        var result = ProbeJudge.Judge(protocol, [answer, answer], last: false).ShouldNotBeNull();
        result.Reach.ShouldBe(reach);
        result.Confidence.ShouldBe(reach == Reach.Unknown ? 0 : 1);
    }

    [Fact]
    public void One_lost_packet_lowers_the_confidence_and_changes_nothing_else()
    {
        var result = ProbeJudge.Judge(PortProtocol.Tcp, [ProbeAnswer.Silence, ProbeAnswer.Answered, ProbeAnswer.Answered], last: false)!;
        (result.Reach, result.Tries).ShouldBe((Reach.Open, 3));
        result.Confidence.ShouldBe(2.0 / 3, 0.001);
    }

    [Fact]
    public void Whatever_the_answers_a_verdict_comes_with_the_last_try_and_its_confidence_is_a_share()
        => Gen.Select(Gen.Enum<ProbeAnswer>().Array[0, 6], Gen.Enum<PortProtocol>()).Sample((answers, protocol) =>
        {
            var result = ProbeJudge.Judge(protocol, [.. answers], last: true).ShouldNotBeNull();
            result.Confidence.ShouldBeInRange(0, 1);
            (result.Confidence == 0).ShouldBe(result.Reach == Reach.Unknown);
            // More of the same never changes a verdict that two tries agreed on.
            if (ProbeJudge.Judge(protocol, [.. answers], last: false) is { Tries: >= 2 } early)
                early.ShouldBe(result);
        });

    [Fact]
    public async Task Tries_stop_at_their_limit_and_results_keep_their_order()
    {
        var transport = new FakeTransport(port => port switch { 1 => ProbeAnswer.Answered, 2 => ProbeAnswer.Refused, _ => (ProbeAnswer?)null });
        var results = await new PortProber(transport, new ProbeOptions { Concurrency = 3 }).ProbeAsync(
            [Target with { Port = 1 }, Target with { Port = 2 }, Target with { Port = 3 }], TestContext.Current.CancellationToken);
        results.Select(result => (result.Reach, result.Tries)).ShouldBe([(Reach.Open, 2), (Reach.Refused, 2), (Reach.Filtered, 4)]);
        transport.Most.ShouldBeLessThanOrEqualTo(3);
    }

    [Fact]
    public async Task Real_ports_are_open_or_refused()
    {
        using var listener = TestPorts.Stranger();
        using var kept = TestPorts.Kept();
        var prober = new PortProber(new SocketProbe(TimeProvider.System));
        var open = await prober.ProbeAsync(Target with { Port = listener.Port() }, TestContext.Current.CancellationToken);
        open.ShouldBe(new ProbeResult(Reach.Open, 1, 2, "it answers") { Latency = open.Latency, Lost = 0 });
        (await prober.ProbeAsync(Target with { Port = kept.Port() }, TestContext.Current.CancellationToken)).Reach.ShouldBe(Reach.Refused);
    }

    [Fact]
    public async Task A_closed_port_of_udp_is_refused_and_a_silent_one_not_guessed_at()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Linux tells connected UDP sockets of ICMP errors.");
        using var silent = TestPorts.UdpStranger();
        var prober = new PortProber(new SocketProbe(TimeProvider.System), new ProbeOptions { Patience = TimeSpan.FromMilliseconds(50), MaxTries = 2 });
        (await prober.ProbeAsync(new ProbeTarget(PortProtocol.Udp, IPAddress.Loopback, silent.Port()), TestContext.Current.CancellationToken)).Reach.ShouldBe(Reach.Unknown);
        using var gone = TestPorts.UdpStranger();
        var port = gone.Port();
        gone.Dispose();
        (await prober.ProbeAsync(new ProbeTarget(PortProtocol.Udp, IPAddress.Loopback, port), TestContext.Current.CancellationToken)).Reach.ShouldBe(Reach.Refused);
    }

    [Theory]
    [InlineData(SocketError.ConnectionRefused, ProbeAnswer.Refused)]
    [InlineData(SocketError.HostUnreachable, ProbeAnswer.Barred)]
    [InlineData(SocketError.NetworkUnreachable, ProbeAnswer.NotTried)]
    [InlineData(SocketError.TimedOut, ProbeAnswer.Silence)]
    [InlineData(SocketError.AddressFamilyNotSupported, ProbeAnswer.NotTried)]
    public void Errors_of_the_system_are_answers(SocketError error, ProbeAnswer answer) => SocketProbe.Meaning(error).ShouldBe(answer);

    [Fact]
    public void The_board_tells_the_latest_of_each_place_while_it_is_fresh()
    {
        var time = new FakeTimeProvider();
        var board = new ReachBoard(time, TimeSpan.FromMinutes(10));
        var first = new ReachReport(NodeName.Parse("a"), PortProtocol.Tcp, 80, "edge-1", false, ProbeResult.NotTried, time.GetUtcNow());
        var second = first with { At = first.At.AddMinutes(5), Result = new ProbeResult(Reach.Open, 1, 2, "it answers") };
        var other = first with { Vantage = "edge-2", At = first.At.AddMinutes(1) };
        foreach (var report in (ReachReport[])[second, first, other])
            board.Post(report);

        board.Reports.ShouldBe([second, other]);
        time.Advance(TimeSpan.FromMinutes(12));
        board.Reports.ShouldBe([second]);
        time.Advance(TimeSpan.FromMinutes(12));
        board.Reports.ShouldBeEmpty();
    }

    [Fact]
    public void Questions_of_well_known_protocols_are_well_formed()
    {
        ProbePayload.For(53).Length.ShouldBe(17);
        ProbePayload.For(123).Length.ShouldBe(48);
        ProbePayload.For(3478).Length.ShouldBe(20);
        ProbePayload.Answers(PortProtocol.Udp, 9999).ShouldBeFalse();
    }

    private sealed class FakeTransport(Func<int, ProbeAnswer?> answer) : IProbeTransport
    {
        private static readonly ProbeAnswer[] Mixed = [ProbeAnswer.Silence, ProbeAnswer.Refused, ProbeAnswer.Answered, ProbeAnswer.Silence];

        private readonly Dictionary<int, int> _tries = [];
        private int _now;

        public int Most { get; private set; }

        public async Task<ProbeAnswer> TryAsync(ProbeTarget target, TimeSpan patience, CancellationToken cancellation)
        {
            lock (_tries)
                Most = Math.Max(Most, ++_now);
            await Task.Yield();
            lock (_tries)
            {
                _now--;
                var count = _tries[target.Port] = _tries.GetValueOrDefault(target.Port) + 1;
                return answer(target.Port) ?? Mixed[count - 1];
            }
        }
    }
}
