using Entrepot.Ports.Enforcement;
using Entrepot.Ports.Firewalls;
using Entrepot.Tests.Ports.Firewalls;
using Microsoft.Extensions.Time.Testing;

namespace Entrepot.Tests.Ports.Enforcement;

public sealed class WatchdogTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("entrepot-watchdog-").FullName;
    private readonly FakeTimeProvider _time = new(TestRules.Now) { AutoAdvanceAmount = TimeSpan.Zero };
    private readonly FakeFilter _filter = new() { Table = "new" };
    private readonly DeadManFolder _change;

    public WatchdogTests()
    {
        _change = new DeadManFolder(Path.Combine(_folder, "change"));
        Arm("1", TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task It_waits_for_the_deadline_and_then_restores()
    {
        var watch = Watchdog.WatchAsync(_change, _filter, _time, CancellationToken.None);
        _change.Watcher.ShouldBe(Environment.ProcessId);
        for (var i = 0; i < 299; i++)
            _time.Advance(TimeSpan.FromMilliseconds(200));
        _filter.Table.ShouldBe("new");
        while (!watch.IsCompleted)
        {
            _time.Advance(TimeSpan.FromMilliseconds(200));
            await Task.Yield();
        }

        _filter.Table.ShouldBe("old");
        _change.Outcome!.Restored.ShouldBeTrue();
    }

    [Fact]
    public async Task It_ends_without_a_word_when_the_change_was_confirmed()
    {
        var watch = Watchdog.WatchAsync(_change, _filter, _time, CancellationToken.None);
        _change.TryDecide("1", "confirmed").ShouldBeTrue();
        while (!watch.IsCompleted)
        {
            _time.Advance(TimeSpan.FromMilliseconds(200));
            await Task.Yield();
        }

        _filter.Table.ShouldBe("new");
        _change.Outcome.ShouldBeNull();
    }

    [Fact]
    public async Task The_watchdog_of_a_confirmed_change_leaves_the_next_one_alone()
    {
        var watch = Watchdog.WatchAsync(_change, _filter, _time, CancellationToken.None);
        _change.TryDecide("1", "confirmed").ShouldBeTrue();
        Arm("2", TimeSpan.FromSeconds(120));
        while (!watch.IsCompleted)
        {
            _time.Advance(TimeSpan.FromMilliseconds(200));
            await Task.Yield();
        }

        (_filter.Table, _change.IsArmed("2")).ShouldBe(("new", true));
    }

    [Fact]
    public async Task A_timer_that_runs_out_after_its_change_was_confirmed_leaves_the_next_one_alone()
    {
        _change.TryDecide("1", "confirmed").ShouldBeTrue();
        Arm("2", TimeSpan.FromSeconds(120));

        await Watchdog.FireLateAsync(_change, "1", _filter, _time, CancellationToken.None);

        (_filter.Table, _change.IsArmed("2"), _change.Watcher).ShouldBe(("new", true, null));
        await Watchdog.FireLateAsync(_change, null, _filter, _time, CancellationToken.None);
        (_filter.Table, _change.Watcher).ShouldBe(("old", Environment.ProcessId));
    }

    [Fact]
    public async Task Of_two_who_decide_at_once_one_does()
    {
        var decisions = await Task.WhenAll(Enumerable.Range(0, 16).Select(i => Task.Run(() => _change.TryDecide("1", $"d{i}"))));
        decisions.Count(static won => won).ShouldBe(1);
        (await Watchdog.FireAsync(_change, "1", "fired", _filter, _time, CancellationToken.None)).ShouldBeNull();
        _filter.Table.ShouldBe("new");
    }

    [Fact]
    public async Task It_tries_again_until_the_packet_filter_takes_the_rules()
    {
        var refused = 0;
        _filter.OnLoad = () => _filter.Refusal = ++refused < 3 ? "busy" : null;
        var fire = Watchdog.FireAsync(_change, "1", "fired", _filter, _time, CancellationToken.None);
        while (!fire.IsCompleted)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        (await fire)!.Restored.ShouldBeTrue();
        _filter.Table.ShouldBe("old");
    }

    private void Arm(string change, TimeSpan within)
        => _change.Arm(new ArmedSnapshot(change, "nftables", TestRules.Now, TestRules.Now + within, DeadManFolder.BootId, [new FirewallAnswer(0, "old", "")]));

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
