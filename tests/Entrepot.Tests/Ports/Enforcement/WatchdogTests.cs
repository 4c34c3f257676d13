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
        _change.Arm(new ArmedSnapshot("1", "nftables", TestRules.Now, TestRules.Now.AddSeconds(60), DeadManFolder.BootId, [new FirewallAnswer(0, "old", "")]));
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
        _change.TryDecide("confirmed").ShouldBeTrue();
        while (!watch.IsCompleted)
        {
            _time.Advance(TimeSpan.FromMilliseconds(200));
            await Task.Yield();
        }

        _filter.Table.ShouldBe("new");
        _change.Outcome.ShouldBeNull();
    }

    [Fact]
    public async Task Of_two_who_decide_at_once_one_does()
    {
        var decisions = await Task.WhenAll(Enumerable.Range(0, 16).Select(i => Task.Run(() => _change.TryDecide($"d{i}"))));
        decisions.Count(static won => won).ShouldBe(1);
        (await Watchdog.FireAsync(_change, "fired", _filter, _time, CancellationToken.None)).ShouldBeNull();
        _filter.Table.ShouldBe("new");
    }

    [Fact]
    public async Task It_tries_again_until_the_packet_filter_takes_the_rules()
    {
        var refused = 0;
        _filter.OnLoad = () => _filter.Refusal = ++refused < 3 ? "busy" : null;
        var fire = Watchdog.FireAsync(_change, "fired", _filter, _time, CancellationToken.None);
        while (!fire.IsCompleted)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        (await fire)!.Restored.ShouldBeTrue();
        _filter.Table.ShouldBe("old");
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
