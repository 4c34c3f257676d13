using Entrepot.Server.Metadata;
using Microsoft.Extensions.Time.Testing;

namespace Entrepot.Tests.Server.Metadata;

public sealed class ReadinessProbeTests
{
    private static readonly CancellationToken Cancellation = TestContext.Current.CancellationToken;

    private readonly FakeTimeProvider _time = new();

    [Fact]
    public async Task Every_check_is_named_and_one_that_fails_says_why()
    {
        using var probe = new ReadinessProbe(
            [new ReadinessCheck("good", _ => Task.CompletedTask), new ReadinessCheck("bad", _ => throw new IOException("disk on fire"))], _time);

        var answer = await probe.AskAsync(Cancellation);

        answer.Ready.ShouldBeFalse();
        answer.Checks.Select(check => (check.Name, check.Ok, check.Detail)).ShouldBe([("good", true, null), ("bad", false, "disk on fire")]);
    }

    [Fact]
    public async Task An_answer_is_good_for_a_second()
    {
        var runs = 0;
        using var probe = new ReadinessProbe([new ReadinessCheck("counted", _ => Task.FromResult(Interlocked.Increment(ref runs)))], _time);

        await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => probe.AskAsync(Cancellation)));
        runs.ShouldBe(1);
        _time.Advance(ReadinessProbe.GoodFor);
        await probe.AskAsync(Cancellation);
        runs.ShouldBe(2);
    }

    [Fact]
    public async Task A_check_that_hangs_fails_at_its_deadline()
    {
        var began = new TaskCompletionSource();
        using var probe = new ReadinessProbe(
            [
                new ReadinessCheck("stuck", async cancellation =>
                {
                    began.SetResult();
                    await Task.Delay(Timeout.Infinite, cancellation);
                }),
            ],
            _time);
        var asking = probe.AskAsync(Cancellation);
        await began.Task;

        _time.Advance(ReadinessProbe.Deadline);

        (await asking).Checks.Single().Detail.ShouldBe("no answer within 5 s");
    }
}
