using System.Net;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Firewalls;
using Entrepot.Ports.Firewalls.Evaluation;
using Entrepot.Ports.Firewalls.Rulesets;

namespace Entrepot.Tests.Ports.Firewalls;

public sealed class LiveRulesetTests
{
    /// <summary>A table that iptables keeps, as nft prints it: the match on the state can't be read there.</summary>
    private const string Nft = """
        {"nftables": [{"table": {"family": "ip", "name": "filter", "handle": 1}},
        {"chain": {"family": "ip", "table": "filter", "name": "INPUT", "handle": 5, "type": "filter", "hook": "input", "prio": 0, "policy": "accept"}},
        {"rule": {"family": "ip", "table": "filter", "chain": "INPUT", "handle": 6, "expr": [{"xt": {"type": "match", "name": "conntrack"}}, {"counter": {"packets": 0, "bytes": 0}}, {"drop": null}]}}]}
        """;

    private const string Iptables = "*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -m conntrack --ctstate INVALID -j DROP\nCOMMIT\n";

    private static readonly Packet Packet = new(PortProtocol.Tcp, IPAddress.Parse("10.0.0.7"), IPAddress.Parse("10.0.0.1"), 40000, 22);

    [Fact]
    public void What_iptables_says_of_its_tables_counts()
    {
        Evaluate(null).MayDrop.ShouldBeTrue("nft alone can't tell");
        Evaluate(Iptables).IsAccepted.ShouldBeTrue();
    }

    [Fact]
    public void What_can_not_be_read_is_a_fault()
        => new LiveRuleset(Nft, [new(Iptables, false, false), new("junk", true, false)]).TryParse(null, out _, out var fault).ShouldBeFalse(fault?.Message);

    [Fact]
    public void This_machine_has_its_loopback_address()
        => HostViewReader.Read().IsLocal(IPAddress.Loopback).ShouldBe(true);

    private static PacketVerdict Evaluate(string? iptables)
    {
        new LiveRuleset(Nft, iptables is null ? [] : [new(iptables, false, false)]).TryParse(null, out var ruleset, out var fault).ShouldBeTrue(fault?.Message);
        return PacketEvaluator.Evaluate(ruleset!, Packet, HostView.Unknown);
    }
}
