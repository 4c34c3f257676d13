using System.Collections.Immutable;
using System.Net;
using CsCheck;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Declarations;
using Entrepot.Ports.Firewalls;
using Entrepot.Ports.Firewalls.Evaluation;
using Entrepot.Ports.Firewalls.Rulesets;

namespace Entrepot.Tests.Ports.Firewalls;

/// <summary>Rulesets, models and packets on a small world, so that they meet often.</summary>
internal static class RandomRules
{
    public static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    public static readonly HostView Host = new()
    {
        Addresses = [IPAddress.Parse("10.0.0.1"), IPAddress.Parse("fd00::1")],
        Routes = [new HostRoute(IPNetwork.Parse("172.17.0.0/16"), "docker0")],
    };

    public static readonly MacAddress Mac1 = new(0x020000000001);
    public static readonly MacAddress Mac2 = new(0x020000000002);

    private static readonly Gen<int> Port = Gen.OneOf(21, 22, 23, 79, 80, 81, 90, 91, 8080);

    public static readonly Gen<Packet> Packets = Gen.Select(
        Gen.Bool, Gen.Enum<PortProtocol>(), Gen.OneOf(2, 3, 4, 7, 8, 200), Port, Gen.Enum<ConnectionState>(), Gen.OneOf<MacAddress?>(Mac1, Mac2, new MacAddress(3)),
        Gen.Select(Gen.OneOf("eth0", "eth1", "lo", "docker0", "tun3"), Gen.OneOf(0u, 0x10u, 0x20000000u, 0x60000001u), Gen.OneOf<byte>(2, 4, 18), Gen.OneOf<byte?>(null, null, null, null, 8, 135, 128)),
        static (six, protocol, source, port, state, mac, rest) => new Packet(
            protocol, IPAddress.Parse(six ? $"fd00::{source:x}" : $"10.0.0.{source}"), IPAddress.Parse(six ? "fd00::1" : "10.0.0.1"), 40000, port)
        {
            State = state,
            SourceMac = rest.Item1 == "lo" ? null : mac,
            Interface = rest.Item1,
            ConnectionMark = rest.Item2,
            TcpFlags = rest.Item3,
            IcmpType = rest.Item4,
        });

    private static readonly Gen<ValueRange> PortRange = Gen.Select(Port, Port, static (a, b) => new ValueRange((UInt128)Math.Min(a, b), (UInt128)Math.Max(a, b)));

    private static readonly Gen<ValueRange> Source4 = Gen.OneOf("10.0.0.2/32", "10.0.0.0/29", "10.0.0.4/30", "0.0.0.0/0").Select(static text => FieldNames.Range(IPNetwork.Parse(text)));

    private static readonly Gen<ValueRange> Source6 = Gen.OneOf("fd00::2/128", "fd00::/125", "::/0").Select(static text => FieldNames.Range(IPNetwork.Parse(text)));

    private static readonly Gen<(FieldRead, ValueRange)> Part = Gen.Frequency(
        (4, PortRange.Select(static range => (new FieldRead(PacketField.DestinationPort), range))),
        (2, PortRange.Select(static range => (new FieldRead(PacketField.DestinationPort) { OnlyProtocol = FieldValues.Tcp }, range))),
        (1, Gen.OneOf(0, 1).Select(static bit => (new FieldRead(PacketField.DestinationPort, 1, 0), ValueRange.Of((UInt128)bit)))),
        (2, Gen.OneOf<byte>(6, 17, 58).Select(static number => (new FieldRead(PacketField.Protocol), ValueRange.Of(number)))),
        (2, Source4.Select(static range => (new FieldRead(PacketField.Source4), range))),
        (2, Source6.Select(static range => (new FieldRead(PacketField.Source6), range))),
        (1, Gen.OneOf(0, 3).Select(static bits => (new FieldRead(PacketField.Source4, 3, 1), ValueRange.Of((UInt128)bits)))),
        (1, Gen.OneOf(Mac1, Mac2).Select(static mac => (new FieldRead(PacketField.SourceMac), ValueRange.Of((UInt128)mac.Value)))),
        (2, Gen.OneOf(1, 2, 8, 64).Select(static bit => (new FieldRead(PacketField.State), ValueRange.Of((UInt128)bit)))),
        (1, Gen.OneOf("lo", "eth0", "eth*", "docker0").Select(static name => (new FieldRead(PacketField.Interface), ValueRange.Named(name)))),
        (1, Gen.OneOf("docker0", "eth*").Select(static name => (new FieldRead(PacketField.OutInterface), ValueRange.Named(name)))),
        (1, Gen.OneOf(0, 0x11).Select(static mark => (new FieldRead(PacketField.PacketMark, 0xff, 0), ValueRange.Of((UInt128)mark)))),
        (1, Gen.OneOf(0, 0x10).Select(static mark => (new FieldRead(PacketField.ConnectionMark, 0x30, 0), ValueRange.Of((UInt128)mark)))),
        (1, Gen.OneOf(1, 2).Select(static kind => (new FieldRead(PacketField.DestinationType), ValueRange.Of((UInt128)kind)))),
        (1, Gen.OneOf("10.0.0.1/32", "172.17.0.0/16").Select(static text => (new FieldRead(PacketField.Destination4), FieldNames.Range(IPNetwork.Parse(text))))),
        (1, Gen.OneOf(2, 10).Select(static family => (new FieldRead(PacketField.Family), ValueRange.Of((UInt128)family)))),
        (1, Gen.OneOf(8, 135).Select(static type => (new FieldRead(PacketField.Icmp6Type), ValueRange.Of((UInt128)type)))),
        (1, Gen.OneOf(0, 32).Select(static bit => (new FieldRead(PacketField.Status, 32, 0), ValueRange.Of((UInt128)bit)))),
        (1, Gen.Const((new FieldRead(PacketField.Other), ValueRange.Of(1)))),
        (1, Gen.Const((new FieldRead(PacketField.TcpFlags, 2, 0), ValueRange.Of(2)))));

    private static readonly Gen<Statement> Match = Gen.Select(Part.Array[1, 2], Part.Array[2], Gen.Bool, static (parts, others, negated) =>
    {
        ImmutableArray<FieldRead> fields = [.. parts.Select(static part => part.Item1)];
        // A second element that shares the first field, so that sets have more than one.
        var elements = new List<SetElement> { new([.. parts.Select(static part => part.Item2)]) };
        elements.AddRange(others.Where(other => other.Item1 == fields[0]).Select(other => new SetElement([other.Item2, .. parts.Skip(1).Select(static part => part.Item2)])));
        return (Statement)new MatchStatement(fields, new ValueSet(null, [.. elements]), negated);
    });

    private static readonly Gen<RuleVerdict> Final = Gen.OneOf(VerdictKind.Accept, VerdictKind.Drop, VerdictKind.Return, VerdictKind.Continue).Select(static kind => new RuleVerdict(kind));

    private static readonly Gen<RuleVerdict> Jump = Gen.Select(Gen.OneOf(VerdictKind.Jump, VerdictKind.Goto), Gen.OneOf("one", "two"), static (kind, chain) => new RuleVerdict(kind, chain));

    private static readonly Gen<Statement> Action = Gen.Frequency(
        (6, Final.Select(static verdict => (Statement)new VerdictStatement(verdict))),
        (2, Jump.Select(static verdict => (Statement)new VerdictStatement(verdict))),
        (1, Gen.Select(Gen.OneOf<uint?>(0, ~0u, 0xf0, null), Gen.OneOf(0x10u, 0x11u), Gen.Bool, static (keep, flip, packet) => (Statement)new MarkStatement(packet ? PacketField.PacketMark : PacketField.ConnectionMark, keep, keep is null ? 0 : flip) { NeedsConnection = !packet && keep != 0 })));

    private static readonly Gen<Statement> Rare = Gen.OneOf<Statement>(new HistoryStatement("limit"), new UnknownStatement("?", MayDecide: false), new UnknownStatement("??", MayDecide: true), new UntrackStatement());

    private static readonly Gen<Statement> Map = Gen.Select(PortRange, PortRange, Gen.OneOf(Final, Jump), Gen.OneOf(Final, Jump), static (first, second, a, b) =>
        (Statement)new VerdictMapStatement([new FieldRead(PacketField.DestinationPort)], new ValueSet(null, first.Last < second.First ? [new SetElement([first], a), new SetElement([second], b)] : [new SetElement([first], a)])));

    private static readonly Gen<ImmutableArray<Statement>> Rule = Gen.Frequency(
        (10, Gen.Select(Match.Array[0, 2], Action, static (matches, action) => matches.Append(action).ToImmutableArray())),
        (1, Gen.Select(Match, Rare, Action, static (match, rare, action) => ImmutableArray.Create(match, rare, action))),
        (2, Map.Select(static map => ImmutableArray.Create(map))));

    private static readonly Gen<ImmutableArray<Statement>> Translation = Gen.Select(
        Match.Array[0, 1],
        Gen.OneOf<Statement>(
            new TranslateStatement("dnat") { Address = IPAddress.Parse("172.17.0.2"), Port = 80, OnlyFamily = FieldValues.Ipv4 },
            new TranslateStatement("redirect") { ToSelf = true, Port = 22 },
            new TranslateStatement("dnat map") { IsVague = true },
            new TranslateStatement("dnat out") { Address = IPAddress.Parse("203.0.113.5"), OnlyFamily = FieldValues.Ipv4 }),
        static (matches, translate) => matches.Append(translate).ToImmutableArray());

    private static readonly Gen<RuleChain> Chain = Gen.Select(
        Gen.OneOf(HookPoint.Input, HookPoint.Input, HookPoint.Forward, HookPoint.Prerouting), Gen.OneOf(-300, -10, 0, 10), Gen.Bool, Rule.Array[0, 5],
        static (point, priority, drops, rules) => Chain_("base", new ChainHook(point, ChainKind.Filter, priority, drops), rules));

    public static readonly Gen<Ruleset> Rulesets = Gen.Select(Chain.Array[1, 3], Rule.Array[0, 3], Rule.Where(static rule => !Jumps(rule)).Array[0, 3], Translation.Array[0, 2], static (bases, one, two, nat) => new Ruleset(
    [
        new RuleTable(RuleFamily.Inet, "t", [.. bases.Select(static (chain, index) => chain with { Name = $"base{index}" }), Chain_("one", null, one.Where(static rule => !Jumps(rule))), Chain_("two", null, two), Chain_("nat", new ChainHook(HookPoint.Prerouting, ChainKind.Nat, -100, false), nat)]),
    ]));

    private static readonly Gen<AccessGrant> Grant = Gen.Select(
        Gen.OneOf("10.0.0.2/32", "10.0.0.0/29", "10.0.0.4/30", "0.0.0.0/0", "fd00::2/128", "fd00::/125", "::/0").Array[0, 2], Gen.OneOf(Mac1, Mac2).Array[0, 1],
        static (networks, macs) => new AccessGrant([.. networks.Select(static text => IPNetwork.Parse(text))], [.. macs], "somebody"));

    private static readonly Gen<Door> Door = Gen.Select(
        Gen.Enum<PortProtocol>(), Gen.OneOf((21, 22), (23, 23), (79, 80), (81, 90), (8080, 8080)), Grant.Array[0, 3], Gen.Int[0, 9],
        static (protocol, ports, ways, kind) => new Door($"s-{protocol}-{ports.Item1}", protocol, ports.Item1, ports.Item2, [.. ways])
        {
            Rate = kind == 0 ? new AccessRate(10, TimeSpan.FromHours(1)) : null,
            Connections = kind == 1 ? 5 : null,
            Blocked = kind == 2,
            Expires = kind == 3 ? Now.AddHours(-1) : kind == 4 ? Now.AddHours(1) : null,
        });

    private static readonly Gen<Opening> Opening = Gen.Select(
        Gen.Enum<PortProtocol>(), Port, Gen.OneOf<string?>(null, "10.0.0.2/32", "fd00::/125"), Gen.OneOf<MacAddress?>(null, Mac1), Gen.OneOf(-1, 1),
        static (protocol, port, from, mac, hours) => new Opening(7, protocol, port, from is null ? null : IPNetwork.Parse(from), mac, Now.AddHours(hours), "test", "nobody"));

    public static readonly Gen<RuleModel> Models = Gen.Select(
        Gen.Enum<UndeclaredPorts>(), Gen.OneOf<string?>(null, "10.0.0.0/29", "fd00::2/128"), Door.Array[0, 6], Opening.Array[0, 2],
        static (undeclared, management, doors, openings) => new RuleModel
        {
            Undeclared = undeclared,
            Floor = new SafetyFloor(22, management is null ? [] : [IPNetwork.Parse(management)]),
            Doors = [.. doors.DistinctBy(static door => (door.Protocol, door.First))],
            Openings = [.. openings],
        });

    private static bool Jumps(ImmutableArray<Statement> rule) => rule.Any(static statement => statement is VerdictStatement { Verdict.Chain: not null } || (statement is VerdictMapStatement map && map.Map.Elements.Any(static element => element.Verdict!.Chain is not null)));

    private static RuleChain Chain_(string name, ChainHook? hook, IEnumerable<ImmutableArray<Statement>> rules)
        => new(name, hook, [.. rules.Select((rule, index) => new FilterRule($"{name} {index}", rule))]);
}
