using Entrepot.Core.Identities;
using Entrepot.Ports.Discovery;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Entrepot.Tests.Ports.Discovery;

public sealed class RegistryPublisherTests : IDisposable
{
    private readonly FakeRegistry _registry = new();
    private readonly FakeTimeProvider _time = new();
    private readonly RegistryPublisher _publisher;
    private IReadOnlyList<ServiceInstance> _wanted = [RegistryPlanTests.Make("push", port: 8333), RegistryPlanTests.Make("edge", port: 54321)];

    public RegistryPublisherTests()
        => _publisher = new RegistryPublisher(_registry, NodeName.Parse("origin"), () => _wanted, new RegistryOptions(), _time, NullLogger.Instance);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _publisher.Dispose();

    [Fact]
    public async Task The_first_round_publishes_and_the_next_one_only_renews()
    {
        (await _publisher.RoundAsync(Cancellation)).ShouldBeTrue();
        (await _publisher.RoundAsync(Cancellation)).ShouldBeTrue();

        _registry.Steps.ShouldBe(["list", "publish n1.push", "publish n1.edge", "list", "renew n1.push n1.edge"]);
        _publisher.State.ShouldBe(new RegistryState(2, 0, _time.GetUtcNow(), null));
    }

    [Fact]
    public async Task A_port_that_changed_is_published_anew_and_a_service_that_went_is_withdrawn()
    {
        await _publisher.RoundAsync(Cancellation);
        _registry.Steps.Clear();
        _wanted = [RegistryPlanTests.Make("edge", port: 54322, generation: 2)];

        await _publisher.RoundAsync(Cancellation);

        _registry.Steps.ShouldBe(["list", "withdraw n1.push", "publish n1.edge"]);
        _registry.Held.Values.ShouldBe(_wanted);
    }

    [Fact]
    public async Task What_a_hand_deleted_or_an_outage_swallowed_comes_back()
    {
        await _publisher.RoundAsync(Cancellation);
        _registry.Held.Clear();

        (await _publisher.RoundAsync(Cancellation)).ShouldBeTrue();

        _registry.Held.Values.ShouldBe(_wanted, ignoreOrder: true);
    }

    [Fact]
    public async Task A_later_generation_of_another_process_is_left_alone()
    {
        var theirs = RegistryPlanTests.Make("edge", port: 9999, generation: 5);
        _registry.Held["origin/n1.edge"] = theirs;

        await _publisher.RoundAsync(Cancellation);

        _registry.Held["origin/n1.edge"].ShouldBe(theirs);
    }

    [Fact]
    public async Task What_others_published_is_not_touched()
    {
        var other = RegistryPlanTests.Make("edge") with { Publisher = NodeName.Parse("elsewhere") };
        _registry.Held["elsewhere/n1.edge"] = other;
        _wanted = [];

        await _publisher.RoundAsync(Cancellation);
        await _publisher.WithdrawAllAsync(Cancellation);

        _registry.Held.Values.ShouldBe([other]);
    }

    [Fact]
    public async Task A_registry_that_does_not_answer_costs_a_round_and_nothing_else()
    {
        _registry.Hangs = true;
        var round = _publisher.RoundAsync(Cancellation);
        _time.Advance(new RegistryOptions().RoundTimeout);

        (await round).ShouldBeFalse();

        _publisher.State.ShouldBe(new RegistryState(0, 1, null, "the registry did not answer in time"));
        _registry.Hangs = false;
        (await _publisher.RoundAsync(Cancellation)).ShouldBeTrue();
        _publisher.State.Failures.ShouldBe(0);
    }

    [Fact]
    public void Waits_grow_during_an_outage_and_end_somewhere()
    {
        var options = new RegistryOptions();

        Enumerable.Range(1, 8).Select(failures => options.BackOff(failures).TotalSeconds).ShouldBe([1, 2, 4, 8, 16, 30, 30, 30]);
        options.BackOff(int.MaxValue).ShouldBe(options.MaxBackOff);
        options.BackOff(0).ShouldBe(options.Interval);
    }

    [Fact]
    public async Task The_loop_goes_on_through_an_outage_and_mends_after_it()
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        _registry.IsDown = true;
        var loop = _publisher.RunAsync(stop.Token);
        await UntilAsync(() => _publisher.State.Failures >= 3);
        _registry.IsDown = false;
        await UntilAsync(() => _publisher.State.Published == 2);
        _wanted = [.. _wanted, RegistryPlanTests.Make("admin")];
        _publisher.Poke();
        // No time passes: the poke alone does it.
        await PollAsync(() => _registry.Held.Count == 3);
        await stop.CancelAsync();
        await loop;
    }

    [Fact]
    public async Task A_node_that_stops_takes_its_entries_out_and_publishes_no_more()
    {
        await _publisher.RoundAsync(Cancellation);

        await _publisher.WithdrawAllAsync(Cancellation);
        (await _publisher.RoundAsync(Cancellation)).ShouldBeFalse();

        _registry.Held.ShouldBeEmpty();
    }

    [Fact]
    public async Task Stopping_does_not_wait_for_a_registry_that_is_away()
    {
        await _publisher.RoundAsync(Cancellation);
        _registry.Hangs = true;
        var farewell = _publisher.WithdrawAllAsync(Cancellation);
        _time.Advance(RegistryPublisher.FarewellTimeout);

        await farewell;

        _registry.Held.Count.ShouldBe(2);
    }

    /// <summary>Lets the fake clock run until the fact holds.</summary>
    private Task UntilAsync(Func<bool> fact) => PollAsync(() =>
    {
        _time.Advance(TimeSpan.FromSeconds(1));
        return fact();
    });

    private static async Task PollAsync(Func<bool> fact)
    {
        for (var turns = 0; !fact(); turns++)
        {
            turns.ShouldBeLessThan(2_000);
            await Task.Delay(1, Cancellation);
        }
    }
}
