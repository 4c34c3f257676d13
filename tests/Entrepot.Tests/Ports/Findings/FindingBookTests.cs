using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Core.Journal;
using Entrepot.Core.State;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Findings;
using Entrepot.Ports.Truth;
using Entrepot.Ports.Pools;
using Microsoft.Extensions.Time.Testing;

namespace Entrepot.Tests.Ports.Findings;

public sealed class FindingBookTests : IAsyncLifetime
{
    private static readonly NodeName Node = NodeName.Parse("a");
    private readonly string _folder = Directory.CreateTempSubdirectory("entrepot-findings-").FullName;
    private readonly FakeTimeProvider _time = new();
    private StateDatabase _state = null!;
    private FindingBook _book = null!;

    public ValueTask InitializeAsync()
    {
        _state = StateDatabase.Open(Path.Combine(_folder, "state.db"), typeof(PortBook).Assembly);
        _book = new FindingBook(_state, _time);
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await _state.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Every_step_is_kept_and_journalled()
    {
        (await ObserveAsync(80)).ShouldHaveSingleItem();
        (await ObserveAsync(80)).ShouldBeEmpty();
        var id = _book.List(resolved: false).ShouldHaveSingleItem().Id;
        await _book.MarkAsync(id, FindingState.Acknowledged, "operator@::1", "The test server", TestContext.Current.CancellationToken);
        (await ObserveAsync()).ShouldHaveSingleItem();
        _book.List(resolved: false).ShouldBeEmpty();
        (await ObserveAsync(80)).ShouldHaveSingleItem();

        var finding = _book.List(resolved: true).ShouldHaveSingleItem();
        (finding.Id, finding.State, finding.TimesReopened).ShouldBe((id, FindingState.Reopened, 1));
        var entries = JournalTable.Read(_state, 0, 100);
        entries.Select(entry => $"{entry.Actor} {entry.Action} {entry.Subject}").ShouldBe(
        [
            "system:watch finding.open a/tcp/80", "operator@::1 finding.acknowledge a/tcp/80", "system:watch finding.resolve a/tcp/80", "system:watch finding.reopen a/tcp/80",
        ]);
        entries[2].Details.ShouldContain("\"openSeconds\":\"2\"");
    }

    [Fact]
    public async Task Nobody_resolves_by_hand_or_marks_what_is_resolved()
    {
        await ObserveAsync(80);
        var id = _book.List(resolved: false).Single().Id;
        (await _book.MarkAsync(id, FindingState.Resolved, "x", null, TestContext.Current.CancellationToken)).State.ShouldBe(FindingState.New);
        await ObserveAsync();
        (await Should.ThrowAsync<FaultException>(() => _book.MarkAsync(id, FindingState.Fixing, "x", null))).Fault.Is(FindingFault.Resolved).ShouldBeTrue();
        (await Should.ThrowAsync<FaultException>(() => _book.MarkAsync(id + 1, FindingState.Fixing, "x", null))).Fault.Is(FindingFault.NotFound).ShouldBeTrue();
        Should.Throw<FaultException>(() => _book.MarkAsync(id, FindingState.Fixing, "x", new string('x', FindingBook.MaxNote + 1))).Fault.Is(FindingFault.Note).ShouldBeTrue();
    }

    [Fact]
    public async Task Pools_and_ports_are_kept_in_one_list_and_neither_look_resolves_what_the_other_found()
    {
        await ObserveAsync(80);
        var low = new PoolUsage("edges", "tcp", 54321, 54330, 9, 0, 0, 1, 0.3, true, new PoolForecast(PoolOutlook.NotEnoughData, 0, null, null, null, ""));
        await _book.ObservePoolsAsync(Node, _time.GetUtcNow(), [low], TestContext.Current.CancellationToken);
        await ObserveAsync(80);
        _book.List(resolved: false).Select(static finding => (finding.Key.Port, finding.Key.Kind)).ShouldBe([(54321, TruthVerdict.RunningOut), (80, TruthVerdict.Undeclared)], ignoreOrder: true);
        _time.Advance(TimeSpan.FromSeconds(1));
        var steps = await _book.ObservePoolsAsync(Node, _time.GetUtcNow(), [low with { Free = 5, RunningOut = false }], TestContext.Current.CancellationToken);
        steps.ShouldHaveSingleItem().After.State.ShouldBe(FindingState.Resolved);
        _book.List(resolved: false).ShouldHaveSingleItem().Key.Port.ShouldBe(80);
    }

    private Task<IReadOnlyList<FindingTransition>> ObserveAsync(params int[] ports)
    {
        _time.Advance(TimeSpan.FromSeconds(1));
        return _book.ObserveAsync(new FindingObservation(Node, _time.GetUtcNow(), true, [.. ports.Select(FindingReconcilerTests.Undeclared)]), TestContext.Current.CancellationToken);
    }
}
