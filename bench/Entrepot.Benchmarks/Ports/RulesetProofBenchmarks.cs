using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Text;
using BenchmarkDotNet.Attributes;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Declarations;
using Entrepot.Ports.Firewalls;
using Entrepot.Ports.Firewalls.Evaluation;
using Entrepot.Ports.Firewalls.Nftables;
using Entrepot.Ports.Firewalls.Proof;
using Entrepot.Ports.Firewalls.Rulesets;

namespace Entrepot.Benchmarks.Ports;

/// <summary>Reading back a ruleset of many doors and comparing it with the model over all packets: three networks for each door.</summary>
[MemoryDiagnoser]
public class RulesetProofBenchmarks
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private RuleModel _model = null!;
    private string _json = null!;
    private Ruleset _ruleset = null!;
    private Packet _packet = null!;

    [Params(100, 2000)]
    public int Doors { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _model = new RuleModel
        {
            Floor = new SafetyFloor(22, [IPNetwork.Parse("10.0.0.0/8")]),
            Doors = [.. Enumerable.Range(0, Doors).Select(Door)],
        };
        _json = Listing(_model);
        _ruleset = Read();
        _packet = new Packet(PortProtocol.Tcp, IPAddress.Parse("10.3.0.1"), IPAddress.Parse("192.0.2.1"), 40000, 1024 + (3 * (Doors - 1)));
        var proof = Prove();
        if (!proof.IsExact)
            throw new InvalidOperationException($"The benchmark's ruleset is wrong: {proof.Fault?.Message ?? proof.Findings[0].ToString()}");
    }

    [Benchmark]
    public Ruleset Read()
        => NftablesReader.TryRead(_json, out var ruleset, out var fault) ? ruleset : throw fault.ToException();

    [Benchmark]
    public RulesetProof Prove() => RulesetProver.Prove(_model, _ruleset, new ProofContext(HostView.Unknown, Now));

    [Benchmark]
    public ImmutableArray<DeclarationRemark> Analyse() => DeclarationAnalysis.Of(_model);

    [Benchmark]
    public PacketVerdict OnePacket() => PacketEvaluator.Evaluate(_ruleset, _packet, HostView.Unknown);

    private static Door Door(int index) => new($"s{index}", PortProtocol.Tcp, 1024 + (index * 3), 1025 + (index * 3),
    [
        new AccessGrant(
            [IPNetwork.Parse($"10.{index % 200}.0.0/16"), IPNetwork.Parse($"192.168.{index % 250}.0/24"), IPNetwork.Parse($"fd00:{index:x}::/32")], [], "networks"),
    ]);

    /// <summary>As <c>nft -j list ruleset</c> prints sets of doors and the rules that ask them.</summary>
    private static string Listing(RuleModel model)
    {
        const string port = """{"meta": {"key": "l4proto"}}, {"payload": {"protocol": "th", "field": "dport"}}""";
        var entries = new List<string> { """{"table": {"family": "inet", "name": "entrepot", "handle": 1}}""" };
        entries.Add(Set("governed", "", model.Doors.Select(door => Element(door, null))));
        entries.Add(Set("allow4", ", \"ipv4_addr\"", Ways(model, six: false)));
        entries.Add(Set("allow6", ", \"ipv6_addr\"", Ways(model, six: true)));
        entries.Add("""{"chain": {"family": "inet", "table": "entrepot", "name": "input", "handle": 1, "type": "filter", "hook": "input", "prio": -10, "policy": "accept"}}""");
        entries.Add(Rule("""{"match": {"op": "==", "left": {"meta": {"key": "iif"}}, "right": "lo"}}, {"accept": null}"""));
        entries.Add(Rule("""{"match": {"op": "in", "left": {"ct": {"key": "state"}}, "right": ["established", "related"]}}, {"accept": null}"""));
        entries.Add(Rule("""{"match": {"op": "==", "left": {"payload": {"protocol": "tcp", "field": "dport"}}, "right": 22}}, {"match": {"op": "==", "left": {"payload": {"protocol": "ip", "field": "saddr"}}, "right": {"prefix": {"addr": "10.0.0.0", "len": 8}}}}, {"accept": null}"""));
        entries.Add(Rule($$$"""{"match": {"op": "==", "left": {"concat": [{{{port}}}, {"payload": {"protocol": "ip", "field": "saddr"}}]}, "right": "@allow4"}}, {"accept": null}"""));
        entries.Add(Rule($$$"""{"match": {"op": "==", "left": {"concat": [{{{port}}}, {"payload": {"protocol": "ip6", "field": "saddr"}}]}, "right": "@allow6"}}, {"accept": null}"""));
        entries.Add(Rule($$$"""{"match": {"op": "==", "left": {"concat": [{{{port}}}]}, "right": "@governed"}}, {"drop": null}"""));
        return $$$"""{"nftables": [{{{string.Join(",\n", entries)}}}]}""";
    }

    private static IEnumerable<string> Ways(RuleModel model, bool six)
        => from door in model.Doors
           from network in door.Ways[0].Networks
           where network.ToString().Contains(':', StringComparison.Ordinal) == six
           select Element(door, network);

    private static string Element(Door door, IPNetwork? network)
    {
        var text = new StringBuilder().Append(CultureInfo.InvariantCulture, $$$"""{"concat": ["tcp", {"range": [{{{door.First}}}, {{{door.Last}}}]}""");
        if (network is { } source)
            text.Append(CultureInfo.InvariantCulture, $$$""", {"prefix": {"addr": "{{{source.BaseAddress}}}", "len": {{{source.PrefixLength}}}}}""");
        return text.Append("]}").ToString();
    }

    private static string Set(string name, string type, IEnumerable<string> elements)
        => $$$"""{"set": {"family": "inet", "name": "{{{name}}}", "table": "entrepot", "type": ["inet_proto", "inet_service"{{{type}}}], "flags": ["interval"], "elem": [{{{string.Join(", ", elements)}}}]}}""";

    private static string Rule(string statements)
        => $$$"""{"rule": {"family": "inet", "table": "entrepot", "chain": "input", "handle": 4, "expr": [{{{statements}}}]}}""";
}
