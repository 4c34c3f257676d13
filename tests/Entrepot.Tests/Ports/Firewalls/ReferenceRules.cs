using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Entrepot.Ports.Declarations;
using Entrepot.Ports.Firewalls;
using Entrepot.Ports.Firewalls.Evaluation;
using Entrepot.Ports.Firewalls.Rulesets;

namespace Entrepot.Tests.Ports.Firewalls;

/// <summary>A ruleset that does what a model wants, in the plainest way: one set of ways in, one of governed ports.</summary>
internal static class ReferenceRules
{
    public const uint Marks = 0x60000000;

    private static readonly ImmutableArray<FieldRead> Port = [new FieldRead(PacketField.Protocol), new FieldRead(PacketField.DestinationPort)];

    public static Ruleset Of(RuleModel model, DateTimeOffset now)
    {
        var rules = new List<ImmutableArray<Statement>>
        {
            ([new MatchStatement([new FieldRead(PacketField.Interface)], ValueSet.Of(ValueRange.Named("lo")), false), Rules.Accept]),
            ([Rules.Is(PacketField.State, FieldValues.StateBit(ConnectionState.Related)), Rules.Accept]),
            ([Rules.Is(PacketField.State, FieldValues.StateBit(ConnectionState.Established)), new MatchStatement([new FieldRead(PacketField.ConnectionMark, Marks, 0)], ValueSet.Of(ValueRange.Of(0)), false), Rules.Accept]),
        };
        foreach (var source in Sources(model.Floor.ManagementNetworks))
            rules.Add([Rules.Is(PacketField.Protocol, 6), Rules.Is(PacketField.DestinationPort, model.Floor.ManagementPort), .. source, Rules.Accept]);
        var blocked = model.Doors.Where(static door => door.Blocked).Select(static door => new SetElement(Key(door)));
        rules.Add([new MatchStatement(Port, new ValueSet("blocked", [.. blocked]), false), Rules.Drop]);
        foreach (var six in new[] { false, true })
        {
            var fields = Port.Add(new FieldRead(six ? PacketField.Source6 : PacketField.Source4)).Add(new FieldRead(PacketField.SourceMac));
            foreach (var withMac in new[] { false, true })
            {
                var openings = from opening in model.Openings
                               where opening.Ends > now && (opening.From is not null || opening.Mac is not null) && (opening.Mac is not null) == withMac
                               from range in Ranges(opening.From is { } network ? [network] : [], six)
                               select Element([ValueRange.Of(Situation.Number(opening.Protocol)), ValueRange.Of((UInt128)opening.Port), range], opening.Mac);
                var key = withMac ? fields : fields.RemoveAt(3);
                rules.Add([new MatchStatement(key, new ValueSet("open", [.. openings]), false), Rules.Accept]);
                var ways = from door in model.Doors
                           where !(door.Expires <= now)
                           from way in door.Ways
                           where (!way.Networks.IsEmpty || !way.Macs.IsEmpty) && !way.Macs.IsEmpty == withMac
                           from range in Ranges(way.Networks, six)
                           from mac in way.Macs.Select(static mac => (MacAddress?)mac).DefaultIfEmpty()
                           select (door, Element([.. Key(door), range], mac));
                var limited = ways.Where(static way => IntentEvaluator.IsLimited(way.door)).Select(static way => way.Item2);
                rules.Add([new MatchStatement(key, new ValueSet("limited", [.. limited]), false), Rules.Is(PacketField.State, FieldValues.StateBit(ConnectionState.New)), new HistoryStatement("limit rate over 10/hour"), Rules.Drop]);
                rules.Add([new MatchStatement(key, new ValueSet("allow", [.. ways.Select(static way => way.Item2)]), false), Rules.Accept]);
            }
        }

        rules.Add([Rules.Is(PacketField.State, FieldValues.StateBit(ConnectionState.Established)), new MatchStatement([new FieldRead(PacketField.Protocol)], ValueSet.Of(ValueRange.Of(6), ValueRange.Of(17), ValueRange.Of(132)), false), Rules.Drop]);
        rules.Add(model.Undeclared == UndeclaredPorts.Drop
            ? [new MatchStatement([new FieldRead(PacketField.Protocol)], ValueSet.Of(ValueRange.Of(6), ValueRange.Of(17), ValueRange.Of(132)), false), Rules.Drop]
            : [new MatchStatement(Port, new ValueSet("governed", [.. model.Doors.Select(static door => new SetElement(Key(door)))]), false), Rules.Drop]);
        return new Ruleset([new RuleTable(RuleFamily.Inet, "entrepot", [new RuleChain("input", new ChainHook(HookPoint.Input, ChainKind.Filter, -10, false), [.. rules.Select(static (rule, index) => new FilterRule($"inet entrepot input handle {index}", rule))])])]);
    }

    private static ImmutableArray<ValueRange> Key(Door door) => [ValueRange.Of(Situation.Number(door.Protocol)), new ValueRange((UInt128)door.First, (UInt128)door.Last)];

    private static SetElement Element(ImmutableArray<ValueRange> key, MacAddress? mac) => new(mac is { } address ? key.Add(ValueRange.Of((UInt128)address.Value)) : key);

    private static IEnumerable<ValueRange> Ranges(ImmutableArray<IPNetwork> networks, bool six)
        => networks.IsEmpty ? [ValueRange.All] : networks.Where(network => (network.BaseAddress.AddressFamily == AddressFamily.InterNetworkV6) == six).Select(FieldNames.Range);

    private static IEnumerable<ImmutableArray<Statement>> Sources(ImmutableArray<IPNetwork> networks)
        => networks.IsEmpty ? [[]] : networks.Select(static network => ImmutableArray.Create<Statement>(new MatchStatement(
            [new FieldRead(network.BaseAddress.AddressFamily == AddressFamily.InterNetworkV6 ? PacketField.Source6 : PacketField.Source4)], ValueSet.Of(FieldNames.Range(network)), false)));
}
