using System.Collections.Immutable;
using System.Net;
using Entrepot.Core.Identities;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Reachability;
using Microsoft.Extensions.Time.Testing;

namespace Entrepot.Tests.Ports.Reachability;

public sealed class PathTallyTests
{
    private static readonly ProbeTarget Target = new(PortProtocol.Tcp, IPAddress.Loopback, 8080);

    [Fact]
    public async Task A_probe_tells_the_time_of_its_quickest_answer_and_the_tries_that_got_none()
    {
        var time = new FakeTimeProvider();
        var transport = new Script(time, (ProbeAnswer.Silence, 2000), (ProbeAnswer.Answered, 30), (ProbeAnswer.Answered, 20));
        var result = await new PortProber(transport, time: time).ProbeAsync(Target, TestContext.Current.CancellationToken);
        result.Latency.ShouldBe(TimeSpan.FromMilliseconds(20));
        (result.Tries, result.Lost).ShouldBe((3, 1));
    }

    [Fact]
    public async Task Silence_alone_is_a_shut_door_and_no_loss()
    {
        var time = new FakeTimeProvider();
        var result = await new PortProber(new Script(time, (ProbeAnswer.Silence, 2000), (ProbeAnswer.Silence, 2000)), time: time).ProbeAsync(Target, TestContext.Current.CancellationToken);
        result.Reach.ShouldBe(Reach.Filtered);
        result.Latency.ShouldBeNull();
        result.Lost.ShouldBeNull();
        PathTally.None.With(result).ShouldBe(PathTally.None);
    }

    [Fact]
    public void Loss_is_told_only_after_enough_tries_and_old_losses_fade()
    {
        var bad = new ProbeResult(Reach.Open, 1, 4, "") { Latency = TimeSpan.FromMilliseconds(10), Lost = 2 };
        var tally = PathTally.None.With(bad);
        tally.Loss.ShouldBeNull();
        for (var round = 1; round < 4; round++)
            tally = tally.With(bad);
        tally.Loss.ShouldBe(0.5);
        for (var round = 0; round < 100; round++)
            tally = tally.With(bad with { Tries = 2, Lost = 0 });
        tally.Loss!.Value.ShouldBeLessThan(0.05);
    }

    [Fact]
    public void The_board_adds_up_what_one_place_reports_and_begins_anew_after_a_gap()
    {
        var time = new FakeTimeProvider();
        var board = new ReachBoard(time, TimeSpan.FromMinutes(5));
        for (var round = 0; round < 8; round++, time.Advance(TimeSpan.FromMinutes(1)))
            board.Post(Report(100));
        board.Reports.Single().Path.Tries.ShouldBe(16);
        time.Advance(TimeSpan.FromMinutes(6));
        board.Post(Report(10));
        board.Reports.Single().Path.ShouldBe(new PathTally(TimeSpan.FromMilliseconds(10), 2, 0));

        ReachReport Report(int milliseconds) => new(
            NodeName.Parse("origin"), PortProtocol.Tcp, 8080, "cache-1", false,
            new ProbeResult(Reach.Open, 1, 2, "") { Latency = TimeSpan.FromMilliseconds(milliseconds), Lost = 0 }, time.GetUtcNow());
    }

    private sealed class Script(FakeTimeProvider time, params ImmutableArray<(ProbeAnswer Answer, int Milliseconds)> steps) : IProbeTransport
    {
        private int _next;

        public Task<ProbeAnswer> TryAsync(ProbeTarget target, TimeSpan patience, CancellationToken cancellation)
        {
            var (answer, milliseconds) = steps[_next++];
            time.Advance(TimeSpan.FromMilliseconds(milliseconds));
            return Task.FromResult(answer);
        }
    }
}
