using Entrepot.Ports.Truth;

namespace Entrepot.Tests.Ports.Truth;

public sealed class PortTruthTests
{
    public static IEnumerable<PortTruth> All =>
        from declared in Enum.GetValues<Declared>()
        from bound in Enum.GetValues<Bound>()
        from scope in Enum.GetValues<ListenScope>()
        from permitted in Enum.GetValues<Permitted>()
        from reachable in Enum.GetValues<Reachable>()
        select new PortTruth(declared, bound, scope, permitted, reachable);

    [Fact]
    public void Every_combination_has_a_verdict_and_every_verdict_a_combination()
        => All.Select(truth => truth.Verdict).Distinct().Order().ShouldBe(Enum.GetValues<TruthVerdict>().Where(static verdict => verdict != TruthVerdict.RunningOut));  // which is found of pools

    [Fact]
    public void Only_four_known_truths_that_agree_are_in_order()
        => All.Where(truth => truth.Verdict == TruthVerdict.InOrder).Distinct().ShouldAllBe(truth =>
            truth.Bound == Bound.Owner && truth.Scope == ListenScope.Outside && truth.Permitted == Permitted.AsDeclared && truth.Reachable == Reachable.Open
            && (truth.Declared == Declared.Service || truth.Declared == Declared.StoppedService));

    [Fact]
    public void What_is_unknown_never_makes_a_finding_out_of_what_is_in_order()
    {
        var good = new PortTruth(Declared.Service, Bound.Owner, ListenScope.Outside, Permitted.AsDeclared, Reachable.Open);
        foreach (var truth in (PortTruth[])[good, good with { Permitted = Permitted.Unknown }, good with { Reachable = Reachable.Unknown }, good with { Permitted = Permitted.Unknown, Reachable = Reachable.Unknown }])
            PortTruth.IsFinding(truth.Verdict).ShouldBeFalse(truth.ToString());
        PortTruth.IsFinding((good with { Bound = Bound.Unknown }).Verdict).ShouldBeFalse();
    }

    [Fact]
    public void A_listener_that_others_reach_without_a_declaration_is_always_a_finding()
        => All.Where(truth => truth is { Declared: Declared.No, Bound: Bound.Owner or Bound.Stranger or Bound.Unidentified, Scope: not ListenScope.Namespace, Reachable: Reachable.Open })
            .ShouldAllBe(truth => PortTruth.IsFinding(truth.Verdict));

    [Fact]
    public void A_stranger_on_a_declared_port_is_told_whatever_else_is_true()
        => All.Where(truth => truth is { Bound: Bound.Stranger, Scope: not ListenScope.Namespace } && truth.Declared != Declared.No)
            .ShouldAllBe(truth => truth.Verdict == TruthVerdict.Stranger);

    [Theory]
    [InlineData(Declared.No, Bound.Nobody, Permitted.Wider, Reachable.Unknown, TruthVerdict.OpenDoor)]
    [InlineData(Declared.No, Bound.Nobody, Permitted.Unknown, Reachable.Unknown, TruthVerdict.Free)]
    [InlineData(Declared.Service, Bound.Nobody, Permitted.AsDeclared, Reachable.Refused, TruthVerdict.Silent)]
    [InlineData(Declared.StoppedService, Bound.Nobody, Permitted.AsDeclared, Reachable.Refused, TruthVerdict.Stopped)]
    [InlineData(Declared.Service, Bound.Nobody, Permitted.AsDeclared, Reachable.Open, TruthVerdict.Ghost)]
    [InlineData(Declared.Service, Bound.Owner, Permitted.Nobody, Reachable.Filtered, TruthVerdict.Blocked)]
    [InlineData(Declared.Service, Bound.Owner, Permitted.Nobody, Reachable.Open, TruthVerdict.Bypass)]
    [InlineData(Declared.Service, Bound.Owner, Permitted.AsDeclared, Reachable.Filtered, TruthVerdict.Unreachable)]
    [InlineData(Declared.Service, Bound.Owner, Permitted.Wider, Reachable.Open, TruthVerdict.TooOpen)]
    [InlineData(Declared.No, Bound.Owner, Permitted.Nobody, Reachable.Unknown, TruthVerdict.Undeclared)]
    [InlineData(Declared.No, Bound.Owner, Permitted.Wider, Reachable.Filtered, TruthVerdict.Undeclared)]
    [InlineData(Declared.No, Bound.Owner, Permitted.Wider, Reachable.Unknown, TruthVerdict.Exposed)]
    [InlineData(Declared.LocalService, Bound.Owner, Permitted.Nobody, Reachable.Filtered, TruthVerdict.Local)]
    [InlineData(Declared.LocalService, Bound.Owner, Permitted.Unknown, Reachable.Unknown, TruthVerdict.TooOpen)]
    public void Differences_have_names(Declared declared, Bound bound, Permitted permitted, Reachable reachable, TruthVerdict verdict)
        => new PortTruth(declared, bound, ListenScope.Outside, permitted, reachable).Verdict.ShouldBe(verdict);
}
