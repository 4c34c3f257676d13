using System.Collections.Immutable;
using System.Net;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Declarations;
using Entrepot.Ports.Firewalls;
using Entrepot.Ports.Firewalls.Evaluation;
using Entrepot.Ports.Firewalls.Nftables;
using Entrepot.Ports.Truth;

namespace Entrepot.Tests.Ports.Truth;

public sealed class PermittedViewTests
{
    private static readonly ImmutableArray<AccessGrant> Inside = [new AccessGrant([IPNetwork.Parse("10.0.0.0/8")], [], "zone internal")];
    private static readonly SafetyFloor Floor = new(22, []);

    [Fact]
    public void Without_rules_everybody_gets_in_everywhere()
    {
        var view = View("", Web(Inside));
        view.Look(PortProtocol.Tcp, 443).Permitted.ShouldBe(Permitted.Wider);
        view.Look(PortProtocol.Udp, 5000).Permitted.ShouldBe(Permitted.Wider);
        View("", Web([new AccessGrant([IPNetwork.Parse("0.0.0.0/0"), IPNetwork.Parse("::/0")], [], "anybody")])).Look(PortProtocol.Tcp, 443).Permitted.ShouldBe(Permitted.AsDeclared);
    }

    [Theory]
    [InlineData("10.0.0.0/8", Permitted.AsDeclared)]
    [InlineData("10.0.0.0/9", Permitted.Narrower)]
    [InlineData("10.0.0.0/7", Permitted.Wider)]
    [InlineData("192.168.0.0/16", Permitted.Wider)]
    public void What_gets_in_is_compared_with_what_is_declared(string network, Permitted permitted)
    {
        var (address, length) = (network.Split('/')[0], network.Split('/')[1]);
        var rule = """
            {"rule": {"family": "inet", "table": "t", "chain": "in", "handle": 2, "expr": [
              {"match": {"op": "==", "left": {"payload": {"protocol": "ip", "field": "saddr"}}, "right": {"prefix": {"addr": "ADDRESS", "len": LENGTH}}}},
              {"match": {"op": "==", "left": {"payload": {"protocol": "tcp", "field": "dport"}}, "right": 443}}, {"accept": null}]}}
            """.Replace("ADDRESS", address, StringComparison.Ordinal).Replace("LENGTH", length, StringComparison.Ordinal);
        var view = View(rule, Web(Inside), drop: true);
        var seen = view.Look(PortProtocol.Tcp, 443);
        seen.Permitted.ShouldBe(permitted);
        view.Look(PortProtocol.Tcp, 444).ShouldBe(new PermittedPort(PortProtocol.Tcp, 444, Permitted.Nobody, "nobody"));
        view.Look(PortProtocol.Udp, 443).Permitted.ShouldBe(Permitted.Nobody);
        if (permitted == Permitted.Wider)
            seen.Detail.ShouldStartWith("for example ");
    }

    [Fact]
    public void A_policy_that_drops_everything_lets_nobody_in()
    {
        var view = View("", Web(Inside), drop: true);
        view.Look(PortProtocol.Tcp, 443).Permitted.ShouldBe(Permitted.Nobody);
        View("", Web([]), drop: true).Look(PortProtocol.Tcp, 443).Permitted.ShouldBe(Permitted.AsDeclared);
    }

    private static DeclaredPort Web(ImmutableArray<AccessGrant> ways) => new("web", PortProtocol.Tcp, 443, null, "portfile") { Ways = ways };

    private static PermittedView View(string rule, DeclaredPort declared, bool drop = false)
    {
        var items = new List<string> { """{"metainfo": {"json_schema_version": 1}}""" };
        if (drop)
        {
            items.Add("""{"table": {"family": "inet", "name": "t", "handle": 1}}""");
            items.Add("""{"chain": {"family": "inet", "table": "t", "name": "in", "handle": 1, "type": "filter", "hook": "input", "prio": 0, "policy": "drop"}}""");
        }

        if (rule.Length > 0)
            items.Add(rule);
        NftablesReader.TryRead($$"""{"nftables": [{{string.Join(", ", items)}}]}""", out var ruleset, out var fault).ShouldBeTrue(fault?.Message);
        var view = PermittedView.Of(ruleset!, [declared], Floor, HostView.Unknown, DateTimeOffset.UnixEpoch, out var why);
        why.ShouldBeNull();
        return view!;
    }
}
