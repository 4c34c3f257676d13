using System.Net;
using System.Text;
using CsCheck;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Firewalls;
using Entrepot.Ports.Firewalls.Evaluation;
using Entrepot.Ports.Firewalls.Nftables;
using Entrepot.Ports.Firewalls.Rulesets;

namespace Entrepot.Tests.Ports.Firewalls;

public sealed class NftablesReaderTests
{
    /// <summary>As nft 1.0.6 prints it.</summary>
    internal const string Small = """
        {"nftables": [{"metainfo": {"version": "1.0.6", "release_name": "Lester Gooch #5", "json_schema_version": 1}},
        {"table": {"family": "inet", "name": "t", "handle": 1}},
        {"set": {"family": "inet", "name": "doors", "table": "t", "type": ["inet_proto", "inet_service", "ipv4_addr"], "handle": 9, "flags": ["interval", "timeout"],
          "elem": [{"concat": ["tcp", {"range": [8080, 8090]}, {"prefix": {"addr": "10.0.0.0", "len": 8}}]}, {"elem": {"val": {"concat": ["udp", 53, "10.0.0.7"]}, "timeout": 1800, "expires": 1799, "comment": "x"}}]}},
        {"map": {"family": "inet", "name": "rates", "table": "t", "type": ["inet_proto", "inet_service"], "handle": 14, "map": "verdict", "elem": [[{"concat": ["tcp", 8081]}, {"jump": {"target": "rate"}}]]}},
        {"chain": {"family": "inet", "table": "t", "name": "rate", "handle": 1}},
        {"chain": {"family": "inet", "table": "t", "name": "in", "handle": 2, "type": "filter", "hook": "input", "prio": -10, "policy": "drop"}},
        {"rule": {"family": "inet", "table": "t", "chain": "rate", "handle": 3, "expr": [{"limit": {"rate": 100, "burst": 5, "per": "hour", "inv": true}}, {"drop": null}]}},
        {"rule": {"family": "inet", "table": "t", "chain": "in", "handle": 4, "expr": [{"vmap": {"key": {"concat": [{"meta": {"key": "l4proto"}}, {"payload": {"protocol": "th", "field": "dport"}}]}, "data": "@rates"}}]}},
        {"rule": {"family": "inet", "table": "t", "chain": "in", "handle": 5, "comment": "ways in", "expr": [{"match": {"op": "==", "left": {"concat": [{"meta": {"key": "l4proto"}}, {"payload": {"protocol": "th", "field": "dport"}}, {"payload": {"protocol": "ip", "field": "saddr"}}]}, "right": "@doors"}}, {"accept": null}]}},
        {"rule": {"family": "inet", "table": "t", "chain": "in", "handle": 6, "expr": [{"match": {"op": "==", "left": {"meta": {"key": "hour"}}, "right": "10:00"}}, {"accept": null}]}}]}
        """;

    [Fact]
    public void A_ruleset_is_read_with_its_sets_maps_chains_and_rules()
    {
        var table = Read(Small).Tables.ShouldHaveSingleItem();
        (table.Family, table.Name).ShouldBe((RuleFamily.Inet, "t"));
        table.Chains.Select(static chain => chain.Name).ShouldBe(["rate", "in"]);
        table.Chains[1].Hook.ShouldBe(new ChainHook(HookPoint.Input, ChainKind.Filter, -10, DropsByDefault: true));
        var rule = table.Chains[1].Rules[1];
        rule.Place.ShouldBe("inet t in handle 5 \"ways in\"");
        var match = rule.Statements[0].ShouldBeOfType<MatchStatement>();
        match.Values.Name.ShouldBe("doors");
        match.Values.Doubt.ShouldBeNull();
        match.Values.Elements[0].Key.ShouldBe([ValueRange.Of(6), new ValueRange(8080, 8090), new ValueRange(0x0a000000, 0x0affffff)]);
        match.Values.Elements[1].Key.ShouldBe([ValueRange.Of(17), ValueRange.Of(53), ValueRange.Of(0x0a000007)]);
    }

    [Theory]
    [InlineData("10.1.2.3", 8080, true, false, "inet t in handle 5")]
    [InlineData("10.1.2.3", 8081, true, true, "inet t rate handle 3")]
    [InlineData("11.1.2.3", 8080, true, true, "inet t in")]
    public void What_is_not_understood_leaves_both_verdicts_possible_and_is_named(string source, int port, bool mayAccept, bool mayDrop, string decider)
    {
        var verdict = PacketEvaluator.Evaluate(Read(Small), new Packet(PortProtocol.Tcp, IPAddress.Parse(source), IPAddress.Parse("10.0.0.1"), 40000, port), HostView.Unknown);
        (verdict.MayAccept, verdict.MayDrop).ShouldBe((mayAccept, mayDrop));
        verdict.Decider!.Place.ShouldStartWith(decider);
        if (mayAccept && mayDrop)
            verdict.Doubts.ShouldContain(doubt => doubt.Contains(port == 8080 ? "hour" : "limit", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("", "line 1")]
    [InlineData("{}", "\"nftables\"")]
    [InlineData("[]", "\"nftables\"")]
    [InlineData("""{"nftables": [7]}""", "entry 1 of \"nftables\" is not an object")]
    [InlineData("""{"nftables": [{"table": {"family": "inet"}}]}""", "entry 1 of \"nftables\", a table, has no name")]
    [InlineData("""{"nftables": [{"chain": {"family": "inet", "table": "t", "name": "c"}}]}""", "belongs to table inet t, which is not listed")]
    [InlineData("""{"nftables": [{"table": {"family": "ip", "name": "t"}}, {"rule": {"family": "ip", "table": "t", "chain": "c"}}]}""", "entry 2 of \"nftables\", a rule, belongs to chain c")]
    [InlineData("""{"nftables": [{"table": {"family": "ip", "name": "t"}}, {"chain": {"family": "ip", "table": "t", "name": "c"}}, {"rule": {"family": "ip", "table": "t", "chain": "c", "handle": 8, "expr": [{"jump": {"target": "gone"}}]}}]}""", "ip t c handle 8, jumps to chain gone")]
    public void What_is_no_ruleset_is_refused_with_the_place(string json, string place)
    {
        NftablesReader.TryRead(json, out _, out var fault).ShouldBeFalse();
        fault!.Message.ShouldContain(place);
        fault.Cure.ShouldNotBeNull();
    }

    [Fact]
    public void Every_beginning_of_a_ruleset_is_refused()
    {
        for (var length = 0; length < Small.Length - 1; length++)
            NftablesReader.TryRead(Small[..length], out _, out _).ShouldBeFalse();
    }

    [Fact]
    public void No_mutation_of_a_ruleset_throws()
        => Gen.Select(Gen.Int[0, Small.Length - 1], Gen.OneOf("\"", "{", "}", "[", "]", "null", "0", "-1", "1e999", "\"x\"", ":", ",", "@", "\\ud800"), Gen.Int[0, 30]).Array[1, 4].Sample(edits =>
        {
            var text = new StringBuilder(Small);
            foreach (var (at, with, length) in edits)
            {
                var start = Math.Min(at, text.Length);
                text.Remove(start, Math.Min(length, text.Length - start)).Insert(start, with);
            }

            if (NftablesReader.TryRead(text.ToString(), out var ruleset, out _))
                PacketEvaluator.Evaluate(ruleset, new Packet(PortProtocol.Tcp, IPAddress.Loopback, IPAddress.Loopback, 1, 8080), HostView.Unknown);
        });

    /// <summary>Changes whole values, so that the text stays JSON.</summary>
    [Fact]
    public void No_value_in_an_unexpected_place_throws()
    {
        var tokens = System.Text.RegularExpressions.Regex.Matches(Small, "\"[^\"]*\"(?!:)|(?<=[ \\[])\\d+|null").ToList();
        Gen.Select(Gen.Int[0, tokens.Count - 1], Gen.OneOf("null", "7", "\"@doors\"", "{}", "[]", "\"10.0.0.0/33\"", "{\"range\": [9, 1]}", "{\"prefix\": {\"addr\": \"10.0.0.0\", \"len\": 99}}", "-1", "true", "{\"concat\": []}", "\"\\ud800\"")).Array[1, 3].Sample(edits =>
        {
            var text = Small;
            foreach (var (token, with) in edits.DistinctBy(static edit => edit.Item1).OrderByDescending(static edit => edit.Item1))
                text = string.Concat(text.AsSpan(0, tokens[token].Index), with, text.AsSpan(tokens[token].Index + tokens[token].Length));
            if (NftablesReader.TryRead(text, out var ruleset, out _))
                PacketEvaluator.Evaluate(ruleset, new Packet(PortProtocol.Tcp, IPAddress.Loopback, IPAddress.Loopback, 1, 8081), HostView.Unknown);
        });
    }

    internal static Ruleset Read(string json)
    {
        NftablesReader.TryRead(json, out var ruleset, out var fault).ShouldBeTrue(fault?.Message);
        return ruleset!;
    }
}
