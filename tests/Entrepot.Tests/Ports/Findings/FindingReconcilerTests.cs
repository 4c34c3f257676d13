using CsCheck;
using Entrepot.Core.Identities;
using Entrepot.Ports.Findings;
using Entrepot.Ports.Pools;
using Entrepot.Ports.Truth;

namespace Entrepot.Tests.Ports.Findings;

public sealed class FindingReconcilerTests
{
    private static readonly NodeName Node = NodeName.Parse("a");
    private static readonly DateTimeOffset Start = DateTimeOffset.UnixEpoch;

    [Fact]
    public void A_finding_lives_from_new_over_fixing_to_resolved_and_back()
    {
        var finding = Reconcile([], At(0), Undeclared(80)).ShouldHaveSingleItem().After;
        finding.State.ShouldBe(FindingState.New);
        finding = FindingReconciler.Mark(finding, FindingState.Acknowledged, "operator@::1", "known")!.After;
        finding = FindingReconciler.Mark(finding, FindingState.Fixing, "operator@::1", null)!.After;
        (finding.Note, finding.NotedBy).ShouldBe(("known", "operator@::1"));
        FindingReconciler.Mark(finding, FindingState.Acknowledged, "x", null).ShouldBeNull();

        var seen = Reconcile([finding], At(5), Undeclared(80)).ShouldHaveSingleItem();
        seen.IsChange.ShouldBeFalse();
        finding = seen.After;
        (finding.State, finding.LastSeen).ShouldBe((FindingState.Fixing, At(5)));

        var resolved = Reconcile([finding], At(9)).ShouldHaveSingleItem();
        resolved.Reason.ShouldBe("This difference is not seen any more.");
        finding = resolved.After;
        (finding.State, finding.Age(At(100))).ShouldBe((FindingState.Resolved, TimeSpan.FromSeconds(9)));
        FindingReconciler.Mark(finding, FindingState.Fixing, "x", null).ShouldBeNull();

        finding = Reconcile([finding], At(20), Undeclared(80)).ShouldHaveSingleItem().After;
        (finding.State, finding.TimesReopened, finding.FirstSeen, finding.Opened, finding.Note).ShouldBe((FindingState.Reopened, 1, At(0), At(20), null));
    }

    [Fact]
    public void A_pool_that_runs_out_is_a_finding_until_a_later_look_finds_enough_left_and_rows_of_ports_never_touch_it()
    {
        var finding = Pools([], At(0), Pool(free: 2)).ShouldHaveSingleItem().After;
        (finding.Key.Kind, finding.Key.Port, finding.Service, finding.State).ShouldBe((TruthVerdict.RunningOut, 54321, "edges", FindingState.New));
        finding.Summary.ShouldStartWith("Pool 'edges' (54321–54330) has 2 of 10 tcp ports left");
        Reconcile([finding], At(5)).ShouldBeEmpty();
        Reconcile([finding], At(5), Undeclared(54321)).Select(static step => step.After.Key.Kind).ShouldNotContain(TruthVerdict.RunningOut);
        Pools([finding], At(0), Pool(free: 9)).ShouldBeEmpty();

        var seen = Pools([finding], At(5), Pool(free: 1)).ShouldHaveSingleItem();
        seen.IsChange.ShouldBeFalse();
        var resolved = Pools([seen.After], At(9), Pool(free: 3)).ShouldHaveSingleItem();
        (resolved.After.State, resolved.Reason).ShouldBe((FindingState.Resolved, "Pool 'edges' (54321–54330) has 3 of 10 tcp ports left."));
        Pools([resolved.After], At(10), Pool(free: 2)).ShouldHaveSingleItem().After.State.ShouldBe(FindingState.Reopened);
        Pools([seen.After], At(9)).ShouldHaveSingleItem().Reason.ShouldContain("is gone");
        var other = Reconcile([], At(0), Undeclared(80)).Single().After;
        Pools([other], At(9)).ShouldBeEmpty();
    }

    [Fact]
    public void Reports_that_ran_out_are_no_proof_that_a_port_can_be_reached_again()
    {
        var finding = Reconcile([], At(0), Row(80, Declared.Service, Bound.Owner, Permitted.Unknown, Reachable.Filtered)).Single().After;
        finding.Key.Kind.ShouldBe(TruthVerdict.Unreachable);
        Reconcile([finding], At(5), Row(80, Declared.Service, Bound.Owner, Permitted.Unknown, Reachable.Unknown)).ShouldBeEmpty();
        Reconcile([finding], At(6), Row(80, Declared.Service, Bound.Owner, Permitted.Unknown, Reachable.Open)).Single().After.State.ShouldBe(FindingState.Resolved);
    }

    [Fact]
    public void A_stranger_who_can_no_longer_be_looked_into_is_still_a_stranger()
    {
        var finding = Reconcile([], At(0), Row(80, Declared.Service, Bound.Stranger)).Single().After;
        Reconcile([finding], At(5), Row(80, Declared.Service, Bound.Unidentified)).Select(step => step.After.Key.Kind).ShouldBe([TruthVerdict.Unclear]);
    }

    [Fact]
    public void Whatever_is_observed_findings_are_resolved_only_afterwards_and_the_same_twice_changes_nothing()
    {
        var row = Gen.Select(Gen.Int[1, 4], Gen.Enum<Declared>(), Gen.Enum<Bound>(), Gen.Enum<Permitted>(), Gen.Enum<Reachable>(), (port, declared, bound, permitted, reachable) => Row(port, declared, bound, permitted, reachable));
        var observation = Gen.Select(Gen.Int[0, 30], Gen.Bool, row.Array[0, 4], (second, known, rows) => new FindingObservation(Node, At(second), known, rows));
        observation.Array[1, 12].Sample(observations =>
        {
            var book = new Dictionary<FindingKey, Finding>();
            foreach (var one in observations)
            {
                var before = new Dictionary<FindingKey, Finding>(book);
                var steps = FindingReconciler.Reconcile([.. book.Values], one);
                if (!one.SocketsKnown)
                    steps.ShouldBeEmpty();
                foreach (var step in steps)
                {
                    var had = before.GetValueOrDefault(step.After.Key);
                    step.From.ShouldBe(had?.State);
                    if (step.After.State == FindingState.Resolved)
                    {
                        one.At.ShouldBeGreaterThan(had!.LastSeen);
                        one.Rows.ShouldNotContain(seen => seen.Port == had.Key.Port && seen.Verdict == had.Key.Kind);
                    }
                    else
                    {
                        one.Rows.ShouldContain(seen => seen.Port == step.After.Key.Port && seen.Verdict == step.After.Key.Kind);
                    }

                    if (had is not null)
                        step.After.LastSeen.ShouldBeGreaterThanOrEqualTo(had.LastSeen);
                    book[step.After.Key] = step.After;
                }

                FindingReconciler.Reconcile([.. book.Values], one).ShouldBeEmpty();
            }
        });
    }

    [Fact]
    public void An_older_observation_changes_nothing()
    {
        var finding = Reconcile([], At(10), Undeclared(80)).Single().After;
        Reconcile([finding], At(10)).ShouldBeEmpty();
        Reconcile([finding], At(3)).ShouldBeEmpty();
        var resolved = Reconcile([finding], At(20)).Single().After;
        Reconcile([resolved], At(15), Undeclared(80)).ShouldBeEmpty();
    }

    [Fact]
    public void Findings_of_other_nodes_are_left_alone()
    {
        var other = Reconcile([], At(0), Undeclared(80)).Single().After;
        other = other with { Key = other.Key with { Node = NodeName.Parse("b") } };
        Reconcile([other], At(5)).ShouldBeEmpty();
    }

    internal static PortStatus Row(int port, Declared declared, Bound bound, Permitted permitted = Permitted.Unknown, Reachable reachable = Reachable.Unknown)
        => new(
            "tcp", port, declared == Declared.No ? null : "web", declared, bound, bound == Bound.Nobody ? null : ListenScope.Outside, permitted, reachable,
            new PortTruth(declared, bound, ListenScope.Outside, permitted, reachable).Verdict, "A sentence.", null, [], null, []);

    internal static PortStatus Undeclared(int port) => Row(port, Declared.No, Bound.Owner);

    private static PoolUsage Pool(int free)
        => new("edges", "tcp", 54321, 54330, 10 - free, 0, 0, free, 0.3, free < 3, new PoolForecast(PoolOutlook.NotEnoughData, 0, null, null, null, ""));

    private static IReadOnlyList<FindingTransition> Pools(IReadOnlyList<Finding> known, DateTimeOffset at, params PoolUsage[] pools)
        => FindingReconciler.ReconcilePools(known, Node, at, pools);

    private static DateTimeOffset At(int seconds) => Start.AddSeconds(seconds);

    private static IReadOnlyList<FindingTransition> Reconcile(IReadOnlyList<Finding> known, DateTimeOffset at, params PortStatus[] rows)
        => FindingReconciler.Reconcile(known, new FindingObservation(Node, at, SocketsKnown: true, rows));
}
