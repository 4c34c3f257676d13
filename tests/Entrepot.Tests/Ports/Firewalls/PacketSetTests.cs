using CsCheck;
using Entrepot.Ports.Firewalls.Evaluation;
using Entrepot.Ports.Firewalls.Proof;
using Entrepot.Ports.Firewalls.Rulesets;

namespace Entrepot.Tests.Ports.Firewalls;

/// <summary>What is said of all packets at once is said of each of them.</summary>
public sealed class PacketSetTests
{
    private const uint Marks = 0x60000000;

    [Fact]
    public void Rulesets_do_with_all_packets_at_once_what_they_do_with_each()
        => Gen.Select(RandomRules.Rulesets, RandomRules.Packets.Array[40]).Sample(static (ruleset, packets) =>
        {
            var space = new PacketSpace(RulesetSets.Interfaces(ruleset), RandomRules.Host);
            var sets = RulesetSets.Of(ruleset, space, RandomRules.Host);
            space.Diagram.Minus(space.Universe, space.Diagram.Or(sets.MayAccept, sets.MayDrop)).ShouldBe(DecisionDiagram.Empty, "every packet ends somehow");
            foreach (var packet in packets)
            {
                var verdict = PacketEvaluator.Evaluate(ruleset, packet, RandomRules.Host);
                (space.Contains(sets.MayAccept, packet), space.Contains(sets.MayDrop, packet)).ShouldBe((verdict.MayAccept, verdict.MayDrop), $"{packet}: {string.Join(", ", verdict.Doubts)}\n{Print(ruleset)}");
            }
        }, iter: 400, threads: 1, print: static sample => $"{Print(sample.Item1)}");

    [Fact]
    public void Models_want_of_all_packets_at_once_what_they_want_of_each()
        => Gen.Select(RandomRules.Models, RandomRules.Packets.Array[40]).Sample(static (model, packets) =>
        {
            var space = new PacketSpace(["eth*", "docker0"], RandomRules.Host);
            var sets = IntentSets.Of(model, space, RandomRules.Now, Marks);
            foreach (var packet in packets)
            {
                var intent = IntentEvaluator.Evaluate(model, packet, RandomRules.Now, Marks);
                var found = new[] { (Intent.Accept, sets.Accept), (Intent.Limit, sets.Limit), (Intent.Drop, sets.Drop), (Intent.Leave, sets.Leave) }
                    .Where(set => space.Contains(set.Item2, packet)).Select(static set => set.Item1).ToList();
                found.ShouldBe(intent.Intent == Intent.Either ? [] : [intent.Intent], $"{packet}: {intent}");
            }
        }, iter: 400, threads: 1);

    [Fact]
    public void An_example_is_in_its_set()
        => RandomRules.Rulesets.Sample(static ruleset =>
        {
            var space = new PacketSpace(RulesetSets.Interfaces(ruleset), RandomRules.Host);
            var dropped = space.Diagram.And(RulesetSets.Of(ruleset, space, RandomRules.Host).MayDrop, space.Protocols(6, 17, 132));
            if (space.Example(dropped) is { } example)
            {
                space.Contains(dropped, example).ShouldBeTrue();
                PacketEvaluator.Evaluate(ruleset, example, RandomRules.Host).MayDrop.ShouldBeTrue(example.ToString());
            }
        }, iter: 200, threads: 1, print: Print);

    private static string Print(Ruleset ruleset)
        => string.Join('\n', ruleset.Tables.SelectMany(static table => table.Chains).Select(static chain => $"{chain.Name} {chain.Hook}\n{string.Join('\n', chain.Rules.Select(static rule => $"  {rule.Place}: {string.Join("; ", rule.Statements.Select(Print))}"))}"));

    private static string Print(Statement statement) => statement is MatchStatement match
        ? $"{string.Join(" . ", match.Fields)} {(match.Negated ? "not " : "")}in {string.Join(" | ", match.Values.Elements.Select(static element => string.Join(" . ", element.Key)))}"
        : statement is VerdictMapStatement map ? $"map {string.Join(" | ", map.Map.Elements.Select(static element => $"{string.Join(" . ", element.Key)} : {element.Verdict}"))}" : $"{statement}";
}
