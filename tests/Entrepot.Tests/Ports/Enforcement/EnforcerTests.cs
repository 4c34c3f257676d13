using System.Net;
using Entrepot.Core.Faults;
using Entrepot.Core.Journal;
using Entrepot.Core.State;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Declarations;
using Entrepot.Ports.Enforcement;
using Entrepot.Ports.Firewalls;
using Entrepot.Ports.Firewalls.Nftables;
using Entrepot.Tests.Ports.Firewalls;
using Microsoft.Extensions.Time.Testing;

namespace Entrepot.Tests.Ports.Enforcement;

public sealed class EnforcerTests : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("entrepot-enforcer-").FullName;
    private readonly FakeTimeProvider _time = new(TestRules.Now);
    private readonly FakeFilter _filter = new();
    private readonly IdleDeadMan _deadMan = new();
    private readonly ScriptedProof _proof = new();
    private readonly StateDatabase _state;
    private readonly DeadManFolder _change;
    private Enforcer _enforcer;

    public EnforcerTests()
    {
        _state = StateDatabase.Open(Path.Combine(_folder, "state.db"), typeof(Enforcer).Assembly);
        _change = new DeadManFolder(Path.Combine(_folder, "change"));
        _enforcer = Restarted();
    }

    [Fact]
    public async Task A_check_goes_through_everything_and_changes_nothing()
    {
        var report = await ApplyAsync(One(80), checkOnly: true);

        report.Differences.ShouldContain("tcp/80 ('web') is governed now: open to 10.0.0.0/8.");
        _filter.Loaded.ShouldBeEmpty();
        Journal().ShouldBeEmpty();
    }

    [Fact]
    public async Task A_change_without_confirmation_holds_at_once_and_is_journalled_with_who_asked()
    {
        var report = await ApplyAsync(One(80));

        (report.Deadline, report.Proof).ShouldBe((null, "compared"));
        _filter.Table.ShouldNotBeNull().ShouldContain("6 . 80 . 10.0.0.0/8");
        _deadMan.Started.ShouldBe(0);
        Journal().ShouldBe(["operator@uid:1 ports.apply", "operator@uid:1 ports.confirm"]);
        (await _enforcer.StatusAsync("1", CancellationToken.None)).Applied!.Model.Doors.ShouldHaveSingleItem().First.ShouldBe(80);
    }

    [Fact]
    public async Task A_change_to_confirm_is_watched_before_it_is_made()
    {
        _filter.OnLoad = () => (_deadMan.Started, _change.IsArmed(_change.Read().Change)).ShouldBe((1, true));
        var report = await ApplyAsync(One(80), TimeSpan.FromSeconds(60));

        report.Deadline.ShouldBe(_time.GetUtcNow().AddSeconds(60));
        (await _enforcer.ConfirmAsync(null, "operator@uid:2", CancellationToken.None)).ShouldBe(report.Change);
        _change.IsArmed(_change.Read().Change).ShouldBeFalse();
        Journal().ShouldBe(["operator@uid:1 ports.apply", "operator@uid:2 ports.confirm"]);
    }

    [Fact]
    public async Task Nothing_is_changed_when_the_watchdog_does_not_start()
    {
        _deadMan.Fails = true;
        await ShouldFailAsync(FirewallFault.WatchdogFailed, () => ApplyAsync(One(80), TimeSpan.FromSeconds(60)));
        _filter.Table.ShouldBeNull();
        (await _enforcer.StatusAsync("1", CancellationToken.None)).Pending.ShouldBeNull();
    }

    [Fact]
    public async Task A_change_that_lets_in_more_is_taken_back_at_once()
    {
        await ApplyAsync(One(80));
        var before = _filter.Table;
        _proof.Wider = "tcp/81 from everybody";

        var error = await ShouldFailAsync(FirewallFault.Widened, () => ApplyAsync(One(81), TimeSpan.FromSeconds(60)));

        error.Message.ShouldContain("tcp/81 from everybody");
        _filter.Table.ShouldBe(before);
        Journal()[^1].ShouldBe("system:agent ports.revert");
        _proof.Wider = null;
        await ApplyAsync(One(82));
    }

    [Fact]
    public async Task A_refused_load_leaves_everything_as_it_was()
    {
        await ApplyAsync(One(80));
        var before = _filter.Table;
        var loads = 0;
        _filter.OnLoad = () => _filter.Refusal = ++loads == 1 ? "Error: syntax error" : null;

        await ShouldFailAsync(FirewallFault.ProgramFailed, () => ApplyAsync(One(80) with { Undeclared = UndeclaredPorts.Drop }));

        _filter.Table.ShouldBe(before);
    }

    [Fact]
    public async Task Nothing_is_changed_when_what_is_there_can_not_be_read()
    {
        await ApplyAsync(One(80));
        _filter.ListRefusal = "Error: Could not process rule: Operation not permitted";
        var loaded = _filter.Loaded.Count;

        var error = await ShouldFailAsync(FirewallFault.ProgramFailed, () => ApplyAsync(One(443), TimeSpan.FromSeconds(60)));

        error.Message.ShouldContain("Operation not permitted");
        (_filter.Loaded.Count, _deadMan.Started).ShouldBe((loaded, 0));
    }

    [Fact]
    public async Task Revert_brings_back_what_was_there()
    {
        await ApplyAsync(One(80));
        var before = _filter.Table;
        await ApplyAsync(One(443) with { Undeclared = UndeclaredPorts.Drop }, TimeSpan.FromSeconds(60));
        _filter.Table.ShouldNotBe(before);

        await _enforcer.RevertAsync(null, "operator@uid:1", CancellationToken.None);

        _filter.Table.ShouldBe(before);
        await ShouldFailAsync(FirewallFault.NothingPending, () => _enforcer.ConfirmAsync(null, "a", CancellationToken.None));
    }

    [Fact]
    public async Task What_the_watchdog_did_is_noted_and_confirming_is_then_too_late()
    {
        await ApplyAsync(One(80), TimeSpan.FromSeconds(60));
        await Watchdog.FireAsync(_change, _change.Read().Change, "fired", _filter, _time, CancellationToken.None);

        await ShouldFailAsync(FirewallFault.NothingPending, () => _enforcer.ConfirmAsync(null, "a", CancellationToken.None));

        _filter.Table.ShouldBeNull();
        Journal()[^1].ShouldBe("system:watchdog ports.revert");
    }

    [Fact]
    public async Task A_restarted_agent_leaves_a_change_that_is_watched_alone()
    {
        await ApplyAsync(One(80), TimeSpan.FromSeconds(60));
        _enforcer = Restarted();
        await _enforcer.TickAsync(CancellationToken.None);
        _change.IsArmed(_change.Read().Change).ShouldBeTrue();
        await _enforcer.ConfirmAsync(null, "operator@uid:1", CancellationToken.None);
        _filter.Table.ShouldNotBeNull();
    }

    [Fact]
    public async Task A_restarted_agent_takes_a_change_back_whose_watchdog_is_gone()
    {
        await ApplyAsync(One(80), TimeSpan.FromSeconds(60));
        _change.ReportReady(int.MaxValue);
        _enforcer = Restarted();
        await _enforcer.TickAsync(CancellationToken.None);
        _filter.Table.ShouldBeNull();
        Journal()[^1].ShouldBe("system:agent ports.revert");
    }

    [Fact]
    public async Task After_a_restart_of_the_machine_a_change_is_noted_as_gone_and_nothing_is_loaded()
    {
        await ApplyAsync(One(80), TimeSpan.FromSeconds(60));
        _change.Arm(_change.Read() with { BootId = "another run" });
        _filter.Table = null;
        var loaded = _filter.Loaded.Count;

        await _enforcer.TickAsync(CancellationToken.None);

        _filter.Loaded.Count.ShouldBe(loaded);
        Journal()[^1].ShouldBe("system:agent ports.revert");
    }

    [Fact]
    public async Task An_agent_that_died_between_decision_and_record_keeps_the_decision()
    {
        await ApplyAsync(One(80), TimeSpan.FromSeconds(60));
        _change.TryDecide(_change.Read().Change, "confirmed").ShouldBeTrue();
        _enforcer = Restarted();
        (await _enforcer.StatusAsync("1", CancellationToken.None)).Applied!.Model.Doors[0].First.ShouldBe(80);
        _filter.Table.ShouldNotBeNull();
    }

    [Fact]
    public async Task Rules_that_would_lock_somebody_out_are_refused_with_everybody_named()
    {
        var order = new ApplyOrder(One(2222), TimeSpan.FromHours(1))
        {
            Operators = [new OperatorConnection(IPAddress.Parse("192.0.2.1"), 2222, "your own session"), new OperatorConnection(IPAddress.Parse("10.0.0.1"), 2222, "x")],
        };
        var error = await ShouldFailAsync(FirewallFault.LockOut, () => _enforcer.ApplyAsync(order, "a", CancellationToken.None));
        error.Message.ShouldBe("These rules would lock out your own session from 192.0.2.1 to tcp/2222.");
        _filter.Loaded.ShouldBeEmpty();
    }

    [Fact]
    public async Task An_opening_is_a_timed_element_and_ends_in_the_journal()
    {
        await ApplyAsync(One(80));
        var opening = await _enforcer.OpenAsync(Open(TimeSpan.FromMinutes(30)), "operator@uid:1", CancellationToken.None);

        _filter.Loaded[^1].Input.ShouldBe("add element inet entrepot open4 { 6 . 54321 . 10.0.0.7 timeout 1800000ms }\n");
        _enforcer.Openings().ShouldHaveSingleItem().Left.ShouldBe(TimeSpan.FromMinutes(30));
        _time.Advance(TimeSpan.FromMinutes(30));
        var loaded = _filter.Loaded.Count;
        await _enforcer.TickAsync(CancellationToken.None);
        _enforcer.Openings().ShouldBeEmpty();
        _filter.Loaded.Count.ShouldBe(loaded, "the kernel has closed it");
        Journal()[^1].ShouldBe("system:agent opening.end");
        opening.Id.ShouldBe(1);
    }

    [Fact]
    public async Task An_opening_keeps_its_end_over_every_apply_and_never_becomes_a_door()
    {
        await ApplyAsync(One(80));
        await _enforcer.OpenAsync(Open(TimeSpan.FromMinutes(30)), "operator@uid:1", CancellationToken.None);
        _time.Advance(TimeSpan.FromMinutes(10));

        await ApplyAsync(One(80) with { Undeclared = UndeclaredPorts.Drop, Openings = [TestRules.Opening(9, 1, "0.0.0.0/0", TimeSpan.FromDays(9))] });

        var table = _filter.Table.ShouldNotBeNull();
        table.ShouldContain("elements = { 6 . 54321 . 10.0.0.7 timeout 1200000ms }");
        table.ShouldNotContain("6 . 1 . ");
        (await _enforcer.StatusAsync("1", CancellationToken.None)).Applied!.Model.Openings.ShouldBeEmpty();
    }

    [Fact]
    public async Task Taking_a_change_back_gives_openings_no_time_again()
    {
        await ApplyAsync(One(80));
        await _enforcer.OpenAsync(Open(TimeSpan.FromMinutes(30)), "operator@uid:1", CancellationToken.None);
        _filter.Table = _filter.Table!.Replace("timeout 1800000ms", "timeout 30m expires 30m", StringComparison.Ordinal);
        await ApplyAsync(One(81), TimeSpan.FromSeconds(60));
        _time.Advance(TimeSpan.FromSeconds(50));

        await _enforcer.RevertAsync(null, "a", CancellationToken.None);

        _filter.Table.ShouldContain("timeout 30m expires 1750000ms");
    }

    [Fact]
    public async Task Rules_that_somebody_else_took_away_are_loaded_whole_by_the_next_apply_and_by_nothing_less()
    {
        await ApplyAsync(One(80));
        _filter.Table = null;
        await ShouldFailAsync(FirewallFault.NothingApplied, () => _enforcer.OpenAsync(Open(TimeSpan.FromMinutes(1)), "a", CancellationToken.None));
        await ShouldFailAsync(FirewallFault.NothingApplied, () => _enforcer.BlockAsync(Block(80, true), "a", CancellationToken.None));

        await ApplyAsync(One(80));

        _filter.Table.ShouldNotBeNull().ShouldContain("6 . 80 . 10.0.0.0/8");
    }

    [Fact]
    public async Task Rules_that_somebody_else_changed_are_loaded_whole_when_the_comparison_finds_it()
    {
        await ApplyAsync(One(80));
        _filter.Table = "changed";
        _proof.Exact = () => _filter.Table!.Contains("10.0.0.0/8", StringComparison.Ordinal);
        await ApplyAsync(One(80));
        _filter.Table.ShouldContain("6 . 80 . 10.0.0.0/8");
    }

    [Fact]
    public async Task Openings_longer_than_the_policy_or_before_any_rules_are_refused()
    {
        await ShouldFailAsync(FirewallFault.NothingApplied, () => _enforcer.OpenAsync(Open(TimeSpan.FromMinutes(1)), "a", CancellationToken.None));
        await ApplyAsync(One(80));
        (await ShouldFailAsync(FirewallFault.OpeningTooLong, () => _enforcer.OpenAsync(Open(TimeSpan.FromMinutes(90)), "a", CancellationToken.None)))
            .Message.ShouldBe("An opening of 1 h 30 min is longer than the 1 h that the policy allows.");
        await ShouldFailAsync(FirewallFault.Malformed, () => _enforcer.OpenAsync(Open(TimeSpan.FromMinutes(1)) with { From = null }, "a", CancellationToken.None));
        await ShouldFailAsync(FirewallFault.OpeningUnknown, () => _enforcer.CloseAsync(7, "a", CancellationToken.None));
    }

    [Fact]
    public async Task Nothing_else_is_changed_while_a_change_waits()
    {
        await ApplyAsync(One(80));
        await ApplyAsync(One(81), TimeSpan.FromSeconds(60));
        await ShouldFailAsync(FirewallFault.ChangePending, () => ApplyAsync(One(82)));
        await ShouldFailAsync(FirewallFault.ChangePending, () => _enforcer.OpenAsync(Open(TimeSpan.FromMinutes(1)), "a", CancellationToken.None));
        await ShouldFailAsync(FirewallFault.ChangePending, () => _enforcer.BlockAsync(Block(80, true), "a", CancellationToken.None));
    }

    [Fact]
    public async Task A_failed_opening_is_not_remembered_as_open()
    {
        await ApplyAsync(One(80));
        _filter.Refusal = "no";
        await ShouldFailAsync(FirewallFault.ProgramFailed, () => _enforcer.OpenAsync(Open(TimeSpan.FromMinutes(1)), "a", CancellationToken.None));
        _enforcer.Openings().ShouldBeEmpty();
        Journal()[^1].ShouldBe("system:agent opening.fail");
    }

    [Fact]
    public async Task A_blocked_port_stays_blocked_under_new_rules_until_it_is_freed()
    {
        await ApplyAsync(One(80));
        await _enforcer.BlockAsync(Block(80, true), "a", CancellationToken.None);
        _filter.Loaded[^1].Input.ShouldBe("delete element inet entrepot allow4 { 6 . 80 . 10.0.0.0/8 }\n");
        await _enforcer.BlockAsync(Block(99, true), "a", CancellationToken.None);
        await ApplyAsync(One(80) with { Undeclared = UndeclaredPorts.Drop });
        _filter.Table.ShouldNotBeNull().ShouldNotContain("10.0.0.0/8");
        _filter.Table.ShouldContain("elements = { 6 . 80,\n\t\t\t     6 . 99 }");

        await _enforcer.BlockAsync(Block(80, false), "a", CancellationToken.None);
        await _enforcer.BlockAsync(Block(99, false), "a", CancellationToken.None);

        (await _enforcer.StatusAsync("1", CancellationToken.None)).Applied!.Model.Doors.ShouldHaveSingleItem().Blocked.ShouldBeFalse();
    }

    [Fact]
    public async Task Confirmed_rules_are_loaded_again_after_the_machine_was_started_again()
    {
        await ApplyAsync(One(80));
        _enforcer = Restarted("another boot");
        _filter.Table = null;

        (await _enforcer.LoadAfterBootAsync(CancellationToken.None)).ShouldBe("compared");

        _filter.Table.ShouldNotBeNull().ShouldContain("6 . 80 . 10.0.0.0/8");
        Journal()[^1].ShouldBe("system:agent ports.load");
        _filter.Table = null;
        (await _enforcer.LoadAfterBootAsync(CancellationToken.None)).ShouldBeNull("it is the same run of the machine now");
        _filter.Table.ShouldBeNull();
    }

    [Fact]
    public async Task Rules_that_somebody_took_away_are_not_loaded_again_by_a_new_agent()
    {
        await ApplyAsync(One(80));
        _enforcer = Restarted();
        _filter.Table = null;

        (await _enforcer.LoadAfterBootAsync(CancellationToken.None)).ShouldBeNull();

        _filter.Table.ShouldBeNull();
    }

    [Fact]
    public async Task A_change_that_nobody_confirmed_before_a_reboot_is_not_loaded_after_it()
    {
        await ApplyAsync(One(80));
        await ApplyAsync(One(81), TimeSpan.FromSeconds(60));
        _enforcer = Restarted("another boot");
        _filter.Table = null;

        await _enforcer.LoadAfterBootAsync(CancellationToken.None);

        _filter.Table.ShouldNotBeNull().ShouldContain("6 . 80 . 10.0.0.0/8");
        _filter.Table.ShouldNotContain("6 . 81 .");
    }

    [Fact]
    public async Task A_door_follows_its_service_to_other_ports_and_lets_in_whom_it_let_in()
    {
        await ApplyAsync(One(54321));

        (await FollowAsync("web", 54321, 54377)).ShouldBeTrue();
        _filter.Table.ShouldNotBeNull().ShouldContain("6 . 54377 . 10.0.0.0/8");
        _filter.Table.ShouldContain("6 . 54321 . 10.0.0.0/8");
        (await FollowAsync("web", 54377)).ShouldBeTrue();

        _filter.Loaded[^1].Input.ShouldContain("delete element inet entrepot allow4 { 6 . 54321 . 10.0.0.0/8 }");
        Journal().Count(static line => line.EndsWith("ports.follow", StringComparison.Ordinal)).ShouldBe(2);
        (await FollowAsync("web", 54377)).ShouldBeTrue();
        Journal().Count(static line => line.EndsWith("ports.follow", StringComparison.Ordinal)).ShouldBe(2, "nothing has changed");
    }

    [Fact]
    public async Task A_service_without_a_door_gets_none_by_moving_and_no_door_is_put_over_another()
    {
        (await FollowAsync("web", 54377)).ShouldBeFalse();
        await ApplyAsync(TestRules.Model(
            TestRules.Door("web", 54321, 54321, TestRules.Way("10.0.0.0/8")), TestRules.Door("other", 54330, 54339, TestRules.Way("10.0.0.0/8"))));

        (await FollowAsync("unknown", 54377)).ShouldBeFalse();
        await ShouldFailAsync(FirewallFault.DoorOverlap, () => FollowAsync("web", 54335));
        await ShouldFailAsync(FirewallFault.DoorOverlap, () => FollowAsync("web", 22));
        await ShouldFailAsync(FirewallFault.Malformed, () => FollowAsync("web"));
    }

    [Fact]
    public async Task An_order_that_is_not_well_formed_is_refused_with_every_reason()
    {
        var model = TestRules.Model(
            TestRules.Door("a", 0, 70_000, new AccessGrant([], [], "?")), TestRules.Door("b\n", 5, 4) with { Rate = new AccessRate(0, TimeSpan.Zero) });
        var error = await ShouldFailAsync(FirewallFault.Malformed, () => ApplyAsync(model, TimeSpan.FromDays(1)));
        error.Message.ShouldContain("5 s to 1 h to confirm");
        error.Message.ShouldContain("door 'a': ports of 1–65535 in order");
        error.Message.ShouldContain("door 'a': an address in every way in");
        error.Message.ShouldContain("door 'b': a rate of 1–1,000,000");
    }

    public async ValueTask DisposeAsync()
    {
        _enforcer.Dispose();
        await _state.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private static RuleModel One(int port) => TestRules.Model(TestRules.Door("web", port, port, TestRules.Way("10.0.0.0/8")));

    private static OpenOrder Open(TimeSpan time) => new(PortProtocol.Tcp, 54321, IPNetwork.Parse("10.0.0.7/32"), null, time, "ticket");

    private Task<bool> FollowAsync(string service, params int[] ports)
        => _enforcer.FollowAsync(new FollowOrder(service, PortProtocol.Tcp, [.. ports]), "a", CancellationToken.None);

    private static BlockOrder Block(int port, bool blocked) => new(PortProtocol.Tcp, port, blocked, "a stranger");

    private static async Task<FaultException> ShouldFailAsync(FirewallFault reason, Func<Task> work)
    {
        var error = await Should.ThrowAsync<FaultException>(work);
        error.Fault.Is(reason).ShouldBeTrue(error.Fault.Code + ": " + error.Message);
        return error;
    }

    private Enforcer Restarted(string? boot = null)
    {
        _enforcer?.Dispose();
        return new Enforcer(new NftablesTarget(), _filter, _state, _change, _deadMan, _proof, _time) { BootId = boot ?? DeadManFolder.BootId };
    }

    private Task<ApplyReport> ApplyAsync(RuleModel model, TimeSpan? confirm = null, bool checkOnly = false)
        => _enforcer.ApplyAsync(new ApplyOrder(model, TimeSpan.FromHours(1)) { ConfirmWithin = confirm, CheckOnly = checkOnly }, "operator@uid:1", CancellationToken.None);

    private List<string> Journal() => [.. JournalTable.Read(_state, 0, 100).Select(static entry => $"{entry.Actor} {entry.Action}")];
}
