using System.Net;
using CsCheck;
using Entrepot.Core.Changes;
using Entrepot.Core.Identities;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Changes;
using Entrepot.Ports.Declarations;
using Entrepot.Ports.Firewalls;

namespace Entrepot.Tests.Ports.Changes;

public sealed class PortfileEffectTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly NodeName Node = NodeName.Parse("hall-a");

    private const string Web = "  - {name: web, port: 8443, allow: [{cidr: 10.0.0.0/8}], owner: web team, purpose: pages}\n";

    [Fact]
    public void The_same_portfile_does_nothing() => Of(Web, Web, Lease("web", 8443)).ShouldBeEmpty();

    [Fact]
    public void A_new_service_gets_its_lease_with_the_reason_and_opens_its_door()
        => Of("", Web).ShouldBe(
        [
            " ! service web is new: tcp/8443 on every node, for pages, owner web team",
            " ! lease of 'web' is granted: tcp/8443 on node hall-a: 8443 is wanted and free",
            " ! tcp/8443 of 'web' opens to 10.0.0.0/8 (node hall-a)",
        ]);

    [Fact]
    public void A_service_that_goes_gives_its_port_back_and_closes()
        => Of(Web, "", Lease("web", 8443)).ShouldBe(
        [
            " ! service web is declared no more; it had tcp/8443 on every node, for pages",
            " ! lease tcp/8443 of 'web' is released on node hall-a",
            " ! tcp/8443 of 'web' closes to 10.0.0.0/8 (node hall-a)",
            " ! tcp/8443 of 'web' is governed no more: what the policy says of undeclared ports holds for it (node hall-a)",
        ]);

    [Fact]
    public void Who_gets_in_is_told_exactly_and_everybody_is_a_danger()
    {
        Of(Web, Web.Replace("10.0.0.0/8", "10.128.0.0/9"), Lease("web", 8443)).ShouldBe(
            [" ! tcp/8443 of 'web' closes to 10.0.0.0/9 (node hall-a)", "   service web changes who is allowed from 10.0.0.0/8 to 10.128.0.0/9"], ignoreOrder: true);
        Of(Web, Web.Replace("{cidr: 10.0.0.0/8}", "{cidr: 10.0.0.0/8}, {cidr: '::/0'}"), Lease("web", 8443))[0].ShouldBe("!! tcp/8443 of 'web' opens to everybody by IPv6 (node hall-a)");
        // The same addresses in other words.
        Of(Web, Web.Replace("{cidr: 10.0.0.0/8}", "{cidr: 10.0.0.0/9}, {cidr: 10.128.0.0/9}"), Lease("web", 8443)).ShouldBe(["   service web changes who is allowed from 10.0.0.0/8 to 10.0.0.0/9, 10.128.0.0/9"]);
    }

    [Fact]
    public void A_port_that_somebody_else_has_is_refused_in_the_allocators_words()
    {
        var scene = Scene(Lease("push", 8443)) with { Own = new HashSet<string> { "push" } };
        Of("", Web, scene).ShouldContain(static line => line.StartsWith("!! lease of 'web' is refused on node hall-a:", StringComparison.Ordinal) && line.Contains("is leased to 'push'"));
    }

    [Fact]
    public void Pools_that_change_move_who_is_in_them()
    {
        const string pool = "pools:\n  - {name: apps, range: 20000-20009, strategy: dynamic}\n";
        const string api = "  - {name: api, pool: apps, owner: ops, purpose: api}\n";
        var effects = Of(Portfile(pool, api), Portfile(pool.Replace("20000-20009", "20010-20019"), api), Scene(Lease("api", 20003)));
        effects.ShouldContain("   pool apps changes from 20000-20009 dynamic on every node, spare 30% to 20010-20019 dynamic on every node, spare 30%");
        effects.ShouldContain(static line => line.StartsWith(" ! lease of 'api' moves from tcp/20003 to tcp/2001", StringComparison.Ordinal));
    }

    [Fact]
    public void The_doors_of_other_nodes_are_compared_where_sites_name_them()
    {
        const string sites = "sites:\n  - {name: berlin, nodes: [b1, b2]}\n";
        Of(Portfile(sites, ""), Portfile(sites, Web.Replace("port: 8443", "port: 8443, site: berlin")), Scene())
            .ShouldContain(" ! tcp/8443 of 'web' opens to 10.0.0.0/8 (nodes b1, b2)");
    }

    [Fact]
    public void Policy_that_locks_out_or_lets_in_is_a_danger()
        => Of(Portfile("", Web), Portfile("policy: {undeclared: drop, management: {port: 2222}}\n", Web), Scene(Lease("web", 8443))).ShouldBe(
        [
            "!! policy changes undeclared ports from leave to drop",
            "!! policy changes the management port, which stays open whatever the rest says, from tcp/22 from everywhere to tcp/2222 from everywhere",
        ]);

    /// <summary>For every address and port: it is told to open if it got in only after, to close if only before.</summary>
    [Fact]
    public void For_every_packet_the_doors_told_to_open_and_close_are_those_that_do()
        => Gen.Select(Doors, Doors, Gen.Int[90, 130], Gen.UInt).Sample((before, after, port, source) =>
        {
            var address = new IPAddress([10, 0, (byte)(source % 4), (byte)(source >> 8)]);
            bool Enters(RuleModel model) => model.Doors.Any(door => door.First <= port && port <= door.Last && door.Ways.Any(way => way.Networks.Any(network => network.Contains(address))));
            bool Told(string verb) => DoorDifference.Of(before, after).Any(effect =>
                effect.Text.Contains($" {verb} to ", StringComparison.Ordinal) && Covers(effect.Subject, port)
                && effect.Text[(effect.Text.IndexOf(" to ", StringComparison.Ordinal) + 4)..].Split(", ").Any(range => In(range, address)));

            Told("opens").ShouldBe(!Enters(before) && Enters(after));
            Told("closes").ShouldBe(Enters(before) && !Enters(after));
        });

    private static readonly Gen<RuleModel> Doors = Gen.Select(Gen.Int[90, 110], Gen.Int[0, 8], Gen.Int[0, 20], Gen.Int[0, 8], Gen.Int[22, 32], Gen.Int[22, 32], static (first, length, gap, second, one, two) => new RuleModel
    {
        Floor = new SafetyFloor(22, []),
        Doors =
        [
            new Door("a", PortProtocol.Tcp, first, first + length, [new AccessGrant([Network(one)], [], "one")]),
            new Door("b", PortProtocol.Tcp, first + length + 1 + gap, first + length + 1 + gap + second, [new AccessGrant([Network(two)], [], "two"), new AccessGrant([IPNetwork.Parse("10.0.3.0/24")], [], "three")]),
        ],
    });

    private static IPNetwork Network(int length) => new(new IPAddress([10, 0, 0, 0]), length);

    private static bool Covers(string subject, int port)
    {
        var span = subject["tcp/".Length..].Split('-').Select(int.Parse).ToList();
        return span[0] <= port && port <= span[^1];
    }

    private static bool In(string range, IPAddress address)
    {
        if (range.Contains('/', StringComparison.Ordinal))
            return IPNetwork.Parse(range).Contains(address);
        var ends = range.Split('-').Select(static end => AddressRange.NumberOf(IPAddress.Parse(end))).ToList();
        var number = AddressRange.NumberOf(address);
        return ends[0] <= number && number <= ends[^1];
    }

    private static List<string> Of(string before, string after, params PortLease[] leases) => Of(Portfile("", before), Portfile("", after), Scene(leases));

    private static List<string> Of(string before, string after, PortfileScene scene) => Of(Portfile("", before), Portfile("", after), scene);

    private static List<string> Of(Portfile before, Portfile after, PortfileScene scene)
        => [.. PortfileEffect.Of(before, after, scene).Select(static effect => $"{effect.Weight switch { EffectWeight.Danger => "!!", EffectWeight.Attention => " !", _ => "  " }} {effect.Subject} {effect.Text}")];

    private static Portfile Portfile(string head, string services) => PortfileReader.Read($"{head}{(services.Length == 0 ? "services: []\n" : $"services:\n{services}")}", "portfile", Now).Require();

    private static PortfileScene Scene(params PortLease[] leases) => new(Node, "local", new HashSet<string>(), leases, static _ => PortObservation.None, Now);

    private static PortLease Lease(string service, int port)
        => new(Node, service, PortProtocol.Tcp, IPAddress.Any, port, port, 1, Now, PortLeaseState.Granted, "because", "because");
}
