using System.Collections.Immutable;
using System.Net;
using CsCheck;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Declarations;
using Entrepot.Ports.Firewalls;
using Entrepot.Ports.Firewalls.Evaluation;
using Entrepot.Ports.Firewalls.Proof;
using Entrepot.Ports.Firewalls.Rulesets;

namespace Entrepot.Tests.Ports.Firewalls;

public sealed class RulesetProverTests
{
    private static readonly ProofContext Context = ProofContext.ForNftables(RandomRules.Host, RandomRules.Now);

    private static readonly RuleModel Model = new()
    {
        Floor = new SafetyFloor(22, [IPNetwork.Parse("10.0.0.0/29")]),
        Doors =
        [
            Door("db", 5432, "10.0.0.0/24"),
            Door("web", 8080, "0.0.0.0/0", "::/0"),
            Door("api", 8081, "10.0.0.0/8") with { Rate = new AccessRate(100, TimeSpan.FromHours(1)) },
        ],
    };

    [Fact]
    public void What_is_rendered_right_is_proven()
        => RandomRules.Models.Sample(static model => RulesetProver.Prove(model, ReferenceRules.Of(model, RandomRules.Now), Context).Findings.ShouldBeEmpty(), iter: 300, threads: 1);

    [Fact]
    public void A_widened_prefix_is_found_with_a_packet_and_the_rule()
    {
        var wider = Change("allow", elements => elements.Replace(elements[0], new SetElement([.. elements[0].Key[..2], FieldNames.Range(IPNetwork.Parse("10.0.0.0/23"))])));
        var proof = RulesetProver.Prove(Model, wider, Context);
        proof.IsSafe.ShouldBeFalse();
        var finding = proof.Findings.ShouldHaveSingleItem();
        finding.Kind.ShouldBe(ProofKind.Wider);
        finding.Ports.ShouldBe([new PortSpan(5432, 5432)]);
        IPNetwork.Parse("10.0.1.0/24").Contains(finding.Example.Source).ShouldBeTrue();
        finding.Intent.Reason.ShouldBe("'db' does not let it in");
        finding.Verdict.Decider!.Place.ShouldStartWith("inet entrepot input handle");
    }

    [Fact]
    public void A_missing_element_is_narrower_and_does_not_make_the_ruleset_unsafe()
    {
        var proof = RulesetProver.Prove(Model, Change("allow", static elements => elements.RemoveAt(0)), Context);
        proof.IsSafe.ShouldBeTrue();
        proof.IsExact.ShouldBeFalse();
        proof.Findings.ShouldHaveSingleItem().Kind.ShouldBe(ProofKind.Narrower);
    }

    [Fact]
    public void A_foreign_rule_that_drops_is_to_blame()
    {
        var foreign = new RuleTable(RuleFamily.Ip, "other", [Rules.Base("other", HookPoint.Input, 0, drops: false, Rules.Rule(Rules.Is(PacketField.Protocol, 6), Rules.Is(PacketField.DestinationPort, 8080), Rules.Drop))]);
        var ruleset = ReferenceRules.Of(Model, RandomRules.Now);
        var finding = RulesetProver.Prove(Model, new Ruleset(ruleset.Tables.Add(foreign)), Context).Findings.ShouldHaveSingleItem();
        finding.Kind.ShouldBe(ProofKind.Narrower);
        finding.Verdict.Decider!.Place.ShouldBe("other 0");
    }

    [Fact]
    public void A_limit_that_is_not_there_is_found()
    {
        var proof = RulesetProver.Prove(Model, Change("limited", static _ => []), Context);
        proof.Wider.ShouldHaveSingleItem().Kind.ShouldBe(ProofKind.Unlimited);
        proof.Findings[0].Ports.ShouldBe([new PortSpan(8081, 8081)]);
    }

    [Fact]
    public void What_is_not_understood_is_named()
    {
        var ruleset = ReferenceRules.Of(Model, RandomRules.Now);
        var chain = ruleset.Tables[0].Chains[0];
        var first = new FilterRule("inet entrepot input handle 99", [Rules.Is(PacketField.Protocol, 6), Rules.Is(PacketField.DestinationPort, 5432), new UnknownStatement("meta hour \"10:00\"", MayDecide: false), Rules.Accept]);
        var proof = RulesetProver.Prove(Model, new Ruleset([ruleset.Tables[0] with { Chains = [chain with { Rules = chain.Rules.Insert(0, first) }] }]), Context);
        var finding = proof.Uncertain.ShouldHaveSingleItem();
        finding.Kind.ShouldBe(ProofKind.PerhapsWider);
        finding.Verdict.Doubts.ShouldContain("inet entrepot input handle 99: meta hour \"10:00\"");
        proof.IsSafe.ShouldBeFalse();
    }

    [Fact]
    public void A_port_that_docker_publishes_past_the_firewall_is_found()
    {
        var docker = new RuleTable(RuleFamily.Ip, "nat",
            [new RuleChain("PREROUTING", new ChainHook(HookPoint.Prerouting, ChainKind.Nat, -100, false), [new FilterRule("nat PREROUTING 1", [Rules.Is(PacketField.Protocol, 6), Rules.Is(PacketField.DestinationPort, 5432), new TranslateStatement("dnat") { Address = IPAddress.Parse("172.17.0.2"), Port = 5432 }])])]);
        var proof = RulesetProver.Prove(Model, new Ruleset(ReferenceRules.Of(Model, RandomRules.Now).Tables.Add(docker)), Context);
        var wider = proof.Wider.ShouldHaveSingleItem();
        wider.Ports.ShouldBe([new PortSpan(5432, 5432)]);
        wider.Verdict.Accepted!.Value.ShouldContain(new Decision("nat PREROUTING 1", DecisionKind.Translated, "to 172.17.0.2 port 5432"));
    }

    [Fact]
    public void The_own_table_may_not_drop_what_is_not_declared_unless_that_is_wanted()
    {
        var ruleset = ReferenceRules.Of(Model with { Undeclared = UndeclaredPorts.Drop }, RandomRules.Now);
        RulesetProver.Prove(Model, ruleset, Context).Findings.ShouldAllBe(static finding => finding.Kind == ProofKind.Overreach);
    }

    /// <summary>Every mutation that matters to a packet is found, and every finding is true of its packet.</summary>
    [Fact]
    public void The_proof_agrees_with_judging_packet_by_packet()
        => Gen.Select(RandomRules.Models, Gen.Int[0, 9], Gen.Int[0, 1000], RandomRules.Rulesets, RandomRules.Packets.Array[150]).Sample(static (model, mutation, seed, foreign, packets) =>
        {
            var ruleset = Mutate(ReferenceRules.Of(model, RandomRules.Now), mutation, seed);
            if (mutation == 9)
                ruleset = new Ruleset(ruleset.Tables.AddRange(foreign.Tables));
            var proof = RulesetProver.Prove(model, ruleset, Context);
            proof.Fault.ShouldBeNull();
            foreach (var finding in proof.Findings)
                Judge(model, ruleset, finding.Example).ShouldBe(finding.Kind, finding.ToString());
            if (proof.Omitted > 0)
                return;
            foreach (var packet in packets)
            {
                if (Judge(model, ruleset, packet) is { } kind)
                    proof.Findings.ShouldContain(finding => finding.Kind == kind && (packet.IcmpType != null || (finding.Example.Protocol == packet.Protocol && finding.Ports.Any(span => span.First <= packet.DestinationPort && packet.DestinationPort <= span.Last))), $"{kind} {packet}");
            }
        }, iter: 300, threads: 1);

    [Fact]
    public void Two_thousand_doors_are_compared()
    {
        var model = Many(2000);
        RulesetProver.Prove(model, ReferenceRules.Of(model, RandomRules.Now), Context).IsExact.ShouldBeTrue();
    }

    internal static RuleModel Many(int doors) => Model with
    {
        Doors = [.. Enumerable.Range(0, doors).Select(static index => Door($"s{index}", 1024 + (index * 3), $"10.{index % 200}.0.0/16", $"192.168.{index % 250}.0/24", $"fd00:{index:x}::/32"))],
    };

    private static ProofKind? Judge(RuleModel model, Ruleset ruleset, Packet packet)
    {
        var intent = IntentEvaluator.Evaluate(model, packet, RandomRules.Now, ReferenceRules.Marks).Intent;
        var verdict = PacketEvaluator.Evaluate(ruleset, packet, RandomRules.Host);
        return intent switch
        {
            Intent.Drop => verdict.IsAccepted ? ProofKind.Wider : verdict.MayAccept ? ProofKind.PerhapsWider : null,
            Intent.Limit => verdict.IsAccepted ? ProofKind.Unlimited : verdict.IsDropped ? ProofKind.Narrower : null,
            Intent.Accept => verdict.IsDropped ? ProofKind.Narrower : verdict.MayDrop ? ProofKind.PerhapsNarrower : null,
            Intent.Leave => verdict.MayDrop && !PacketEvaluator.Evaluate(ruleset.Without(RuleFamily.Inet, "entrepot"), packet, RandomRules.Host).MayDrop ? ProofKind.Overreach : null,
            _ => null,
        };
    }

    private static Ruleset Mutate(Ruleset ruleset, int mutation, int seed)
    {
        var table = ruleset.Tables[0];
        var rules = table.Chains[0].Rules;
        var at = seed % rules.Length;
        var changed = mutation switch
        {
            0 => rules.RemoveAt(at),
            1 => rules.SetItem(at, rules[at] with { Statements = [.. rules[at].Statements.Select(statement => Edit(statement, elements => elements.IsEmpty ? elements : elements.RemoveAt(seed % elements.Length)))] }),
            2 => rules.SetItem(at, rules[at] with { Statements = [.. rules[at].Statements.Select(statement => Edit(statement, elements => [.. elements.Select(element => new SetElement([.. element.Key[..^1], ValueRange.All]))]))] }),
            3 => rules.SetItem(at, rules[at] with { Statements = [.. rules[at].Statements.Select(statement => Edit(statement, elements => [.. elements.Select(element => element.Key.Length < 2 ? element : new SetElement(element.Key.SetItem(1, new ValueRange(79, 90))))]))] }),
            4 => rules.SetItem(at, rules[at] with { Statements = rules[at].Statements.SetItem(rules[at].Statements.Length - 1, seed % 2 == 0 ? Rules.Accept : Rules.Drop) }),
            5 => rules.Insert(at, new FilterRule("inserted", [new HistoryStatement("limit"), Rules.Drop])),
            _ => rules,
        };
        return new Ruleset([table with { Chains = [table.Chains[0] with { Rules = changed }] }]);
    }

    private static Statement Edit(Statement statement, Func<ImmutableArray<SetElement>, ImmutableArray<SetElement>> edit)
        => statement is MatchStatement { Values.Name: not null } match ? match with { Values = new ValueSet(match.Values.Name, edit(match.Values.Elements)) } : statement;

    private static Ruleset Change(string set, Func<ImmutableArray<SetElement>, ImmutableArray<SetElement>> edit)
    {
        var table = ReferenceRules.Of(Model, RandomRules.Now).Tables[0];
        return new Ruleset([table with { Chains = [table.Chains[0] with { Rules = [.. table.Chains[0].Rules.Select(rule => rule with { Statements = [.. rule.Statements.Select(statement => statement is MatchStatement { Values: var values } && values.Name == set && values.Elements.Any(static element => element.Key[2].Last <= uint.MaxValue) ? Edit(statement, edit) : statement)] })] }] }]);
    }

    private static Door Door(string service, int port, params string[] networks)
        => new(service, PortProtocol.Tcp, port, port, [new AccessGrant([.. networks.Select(static text => IPNetwork.Parse(text))], [], networks[0])]);
}
