using System.Collections.Immutable;
using System.Net;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Firewalls;
using Entrepot.Ports.Firewalls.Evaluation;
using Entrepot.Ports.Firewalls.Rulesets;
using static Entrepot.Tests.Ports.Firewalls.Rules;

namespace Entrepot.Tests.Ports.Firewalls;

public sealed class PacketEvaluatorTests
{
    private static readonly Packet ToSsh = new(PortProtocol.Tcp, IPAddress.Parse("10.0.0.7"), IPAddress.Parse("10.0.0.1"), 40000, 22);

    [Fact]
    public void Accept_ends_one_base_chain_and_the_next_may_still_drop()
    {
        var ruleset = Set(Base("first", HookPoint.Input, -10, drops: false, Rule(Is(PacketField.DestinationPort, 22), Accept)),
            Base("second", HookPoint.Input, 0, drops: true));
        var verdict = PacketEvaluator.Evaluate(ruleset, ToSsh, HostView.Unknown);
        verdict.IsDropped.ShouldBeTrue();
        verdict.Dropped!.Value.Select(static decision => (decision.Place, decision.Kind))
            .ShouldBe([("first 0", DecisionKind.Accepted), ("inet t second", DecisionKind.PolicyDropped)]);
    }

    [Fact]
    public void Drop_is_final_whatever_comes_later()
        => PacketEvaluator.Evaluate(
                Set(Base("later", HookPoint.Input, 5, drops: false, Rule(Accept)), Base("earlier", HookPoint.Input, -5, drops: false, Rule(Drop))), ToSsh, HostView.Unknown)
            .Decider!.Place.ShouldBe("earlier 0");

    [Fact]
    public void Return_from_a_base_chain_is_its_policy_and_goto_does_not_come_back()
    {
        PacketEvaluator.Evaluate(Set(Base("in", HookPoint.Input, 0, drops: true, Rule(Verdict(VerdictKind.Return)), Rule(Accept))), ToSsh, HostView.Unknown).IsDropped.ShouldBeTrue();
        var chains = (ChainHook?)null;
        var other = new RuleChain("other", chains, []);
        var jumps = Set(Base("in", HookPoint.Input, 0, drops: true, Rule(Verdict(VerdictKind.Jump, "other")), Rule(Accept)), other);
        var goes = Set(Base("in", HookPoint.Input, 0, drops: true, Rule(Verdict(VerdictKind.Goto, "other")), Rule(Accept)), other);
        PacketEvaluator.Evaluate(jumps, ToSsh, HostView.Unknown).IsAccepted.ShouldBeTrue();
        PacketEvaluator.Evaluate(goes, ToSsh, HostView.Unknown).IsDropped.ShouldBeTrue();
    }

    [Fact]
    public void A_field_that_the_packet_does_not_have_ends_the_rule_even_when_negated()
    {
        var notFrom6 = new MatchStatement([new FieldRead(PacketField.Source6)], ValueSet.Of(ValueRange.Of(1)), Negated: true);
        PacketEvaluator.Evaluate(Set(Base("in", HookPoint.Input, 0, drops: false, Rule(notFrom6, Drop))), ToSsh, HostView.Unknown).IsAccepted.ShouldBeTrue();
    }

    [Fact]
    public void Before_connection_tracking_every_packet_is_invalid()
    {
        var invalid = Is(PacketField.State, FieldValues.StateBit(ConnectionState.Invalid));
        PacketEvaluator.Evaluate(Set(Base("raw", HookPoint.Prerouting, -300, drops: false, Rule(invalid, Drop))), ToSsh, HostView.Unknown).IsDropped.ShouldBeTrue();
        PacketEvaluator.Evaluate(Set(Base("mangle", HookPoint.Prerouting, -150, drops: false, Rule(invalid, Drop))), ToSsh, HostView.Unknown).IsAccepted.ShouldBeTrue();
    }

    [Fact]
    public void A_limit_leaves_both_verdicts_possible()
    {
        var verdict = PacketEvaluator.Evaluate(Set(Base("in", HookPoint.Input, 0, drops: true, Rule(new HistoryStatement("limit rate 10/second"), Accept))), ToSsh, HostView.Unknown);
        (verdict.MayAccept, verdict.MayDrop).ShouldBe((true, true));
        verdict.Doubts.ShouldBe(["in 0: limit rate 10/second"]);
    }

    [Fact]
    public void Marks_that_rules_write_are_read_by_later_ones()
    {
        var ruleset = Set(
            Base("mangle", HookPoint.Prerouting, -150, drops: false, Rule(new MarkStatement(PacketField.PacketMark, 0, 0x10)), Rule(new MarkStatement(PacketField.PacketMark, ~1u, 1))),
            Base("in", HookPoint.Input, 0, drops: true, Rule(Is(PacketField.PacketMark, 0x11), Accept)));
        PacketEvaluator.Evaluate(ruleset, ToSsh, HostView.Unknown).IsAccepted.ShouldBeTrue();
    }

    [Fact]
    public void A_mark_made_from_that_of_the_connection_ends_the_rule_of_a_packet_without_one()
    {
        var ruleset = Set(Base("in", HookPoint.Input, 0, drops: true, Rule(new MarkStatement(PacketField.ConnectionMark, ~0u, 0x10) { NeedsConnection = true }, Accept)));
        PacketEvaluator.Evaluate(ruleset, ToSsh, HostView.Unknown).IsAccepted.ShouldBeTrue();
        PacketEvaluator.Evaluate(ruleset, ToSsh with { State = ConnectionState.Invalid }, HostView.Unknown).IsDropped.ShouldBeTrue();
    }

    [Fact]
    public void Jumps_that_go_in_circles_end()
    {
        var circle = new RuleChain("circle", null, [Rule(Verdict(VerdictKind.Jump, "circle"))]);
        var verdict = PacketEvaluator.Evaluate(Set(Base("in", HookPoint.Input, 0, drops: false, Rule(Verdict(VerdictKind.Jump, "circle"))), circle), ToSsh, HostView.Unknown);
        (verdict.MayAccept, verdict.MayDrop).ShouldBe((true, true));
    }
}

/// <summary>Rulesets in few words.</summary>
internal static class Rules
{
    public static Statement Accept { get; } = Verdict(VerdictKind.Accept);

    public static Statement Drop { get; } = Verdict(VerdictKind.Drop);

    public static VerdictStatement Verdict(VerdictKind kind, string? chain = null) => new(new RuleVerdict(kind, chain));

    public static MatchStatement Is(PacketField field, int value) => new([new FieldRead(field)], ValueSet.Of(ValueRange.Of((UInt128)value)), Negated: false);

    public static FilterRule Rule(params ImmutableArray<Statement> statements) => new("", statements);

    public static RuleChain Base(string name, HookPoint point, int priority, bool drops, params FilterRule[] rules)
        => new(name, new ChainHook(point, ChainKind.Filter, priority, drops), [.. rules.Select((rule, index) => rule with { Place = $"{name} {index}" })]);

    public static Ruleset Set(params ImmutableArray<RuleChain> chains) => new([new RuleTable(RuleFamily.Inet, "t", chains)]);
}
