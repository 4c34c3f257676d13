using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json;
using Entrepot.Core.Faults;
using Entrepot.Ports.Firewalls.Rulesets;

namespace Entrepot.Ports.Firewalls.Nftables;

/// <summary>Reads what <c>nft -j list ruleset</c> prints (libnftables-json(5)). What it does not understand of a rule is kept as unknown, so
/// that nobody takes it for harmless.</summary>
public sealed class NftablesReader
{
    private readonly List<Table> _tables = [];

    private NftablesReader()
    {
    }

    /// <summary>Reads a ruleset. Any text gives a ruleset or a fault that names the place.</summary>
    public static bool TryRead(string json, [NotNullWhen(true)] out Ruleset? ruleset, [NotNullWhen(false)] out Fault? fault)
    {
        ruleset = null;
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(json);
        }
        catch (JsonException exception)
        {
            fault = Malformed($"line {exception.LineNumber + 1}, byte {exception.BytePositionInLine}, is not JSON");
            return false;
        }

        using (document)
        {
            if (document.RootElement.Member("nftables") is not { ValueKind: JsonValueKind.Array } items)
            {
                fault = Malformed("there is no list \"nftables\"");
                return false;
            }

            var reader = new NftablesReader();
            try
            {
                fault = reader.Declare(items) ?? reader.Fill(items);
            }
            catch (InvalidOperationException exception)
            {
                // Text with half a surrogate pair, which JSON allows and strings don't.
                fault = Malformed(exception.Message);
            }

            ruleset = fault is null ? reader.Finish() : null;
            return fault is null;
        }
    }

    /// <summary>Tables and chains, and which sets the rules add to.</summary>
    private Fault? Declare(JsonElement items)
    {
        var index = 0;
        foreach (var item in items.EnumerateArray())
        {
            var place = Place(index++);
            if (item.Single() is not ({ } kind, { } value))
                return Malformed($"{place} is not an object");
            if (kind == "table")
            {
                if (value.Text("name") is not { } name || Family(value) is not { } family)
                    return Malformed($"{place}, a table, has no name or family");
                if (Find(family, name) is null)
                    _tables.Add(new Table(family, name));
            }
            else if (kind is "chain" or "rule" or "set" or "map")
            {
                if (Find(value) is not { } table)
                    return Incomplete($"{place}, a {kind}, belongs to table {value.Text("family")} {value.Text("table")}, which is not listed");
                if (kind == "chain" && table.Declare(value) is { } problem)
                    return Malformed($"{place}, a chain, {problem}");
                if (kind == "rule")
                    table.NoteUpdates(value);
            }
        }

        return null;
    }

    /// <summary>Sets, then rules.</summary>
    private Fault? Fill(JsonElement items)
    {
        var index = 0;
        foreach (var item in items.EnumerateArray())
        {
            var place = Place(index++);
            if (item.Single() is ("set" or "map", { } value) && Find(value)?.AddSet(value) is { } problem)
                return Malformed($"{place}, a set, {problem}");
        }

        index = 0;
        foreach (var item in items.EnumerateArray())
        {
            var place = Place(index++);
            if (item.Single() is ("rule", { } value) && Find(value)?.AddRule(value) is { } problem)
                return Incomplete($"{place}, a rule, {problem}");
        }

        return null;
    }

    private Ruleset Finish() => new([.. _tables.Select(static table => table.Finish())]);

    private Table? Find(JsonElement item) => Family(item) is { } family && item.Text("table") is { } name ? Find(family, name) : null;

    private Table? Find(RuleFamily family, string name) => _tables.Find(table => table.Family == family && table.Name == name);

    private static RuleFamily? Family(JsonElement item) => item.Text("family") switch
    {
        "ip" => RuleFamily.Ip,
        "ip6" => RuleFamily.Ip6,
        "inet" => RuleFamily.Inet,
        "netdev" => RuleFamily.Netdev,
        "arp" => RuleFamily.Arp,
        "bridge" => RuleFamily.Bridge,
        _ => null,
    };

    private static string Place(int index) => string.Create(CultureInfo.InvariantCulture, $"entry {index + 1} of \"nftables\"");

    private static Fault Malformed(string what) => Fault.Of(RulesetFault.Malformed, FaultKind.Invalid, $"This is not a ruleset of nft: {what}.", "Read it with nft -j list ruleset.");

    private static Fault Incomplete(string what) => Fault.Of(RulesetFault.Incomplete, FaultKind.Invalid, $"The ruleset of nft is not whole: {what}.", "Read it whole with nft -j list ruleset.");

    /// <summary>A table on its way.</summary>
    private sealed class Table(RuleFamily family, string name)
    {
        private readonly List<string> _order = [];
        private readonly Dictionary<string, (ChainHook? Hook, List<FilterRule> Rules)> _chains = [];
        private readonly Dictionary<string, ValueSet> _sets = [];
        private readonly HashSet<string> _updated = [];

        public RuleFamily Family { get; } = family;

        public string Name { get; } = name;

        private string Title { get; } = $"{family.ToString().ToLowerInvariant()} {name}";

        public string? Declare(JsonElement chain)
        {
            if (chain.Text("name") is not { } name)
                return "has no name";
            var hook = chain.Text("hook") is { } point
                ? new ChainHook(Point(point), Kind(chain.Text("type")), (int)(chain.Number("prio") ?? 0), chain.Text("policy") == "drop", chain.Text("dev"))
                : null;

            if (_chains.TryAdd(name, (hook, [])))
                _order.Add(name);
            return null;
        }

        public void NoteUpdates(JsonElement rule)
        {
            foreach (var statement in rule.Member("expr").Items())
            {
                if (statement.Single() is ("set" or "map", { } update) && (update.Text("set") ?? update.Text("map")) is ['@', .. var set])
                    _updated.Add(set);
            }
        }

        public string? AddSet(JsonElement set)
        {
            if (set.Text("name") is not { } name)
                return "has no name";
            var fields = Types(set.Member("type"));
            var isMap = set.Member("map") is not null;
            var doubt = _updated.Contains(name) || set.Member("flags").Items().Any(static flag => ((JsonElement?)flag).Text() == "dynamic")
                ? $"packets add to set {name}"
                : fields.IsEmpty ? $"set {name} has keys of unknown type" : null;
            var isVerdictMap = isMap && set.Text("map") == "verdict";
            _sets[name] = isMap && !isVerdictMap
                ? new ValueSet(name, []) { Doubt = $"map {name} is not a map to verdicts" }
                : NftStatements.Elements(name, fields, set.Member("elem").Items(), isVerdictMap, doubt);
            return null;
        }

        public string? AddRule(JsonElement rule)
        {
            var chain = rule.Text("chain") ?? "";
            if (!_chains.TryGetValue(chain, out var found))
                return $"belongs to chain {chain} of table {Title}, which is not listed";
            var place = string.Create(CultureInfo.InvariantCulture, $"{Title} {chain} handle {rule.Number("handle") ?? 0}");
            if (rule.Text("comment") is { } comment)
                place = $"{place} \"{comment}\"";
            var reader = new NftStatements(_sets);
            ImmutableArray<Statement> statements = [.. rule.Member("expr").Items().Select(reader.Read).OfType<Statement>()];
            var missing = statements.SelectMany(Targets).FirstOrDefault(target => !_chains.ContainsKey(target));
            if (missing is not null)
                return $"{place}, jumps to chain {missing}, which is not listed";
            found.Rules.Add(new FilterRule(place, statements));
            return null;
        }

        public RuleTable Finish()
            => new(Family, Name, [.. _order.Select(name => new RuleChain(name, _chains[name].Hook, [.. _chains[name].Rules]))]);

        private static IEnumerable<string> Targets(Statement statement) => statement switch
        {
            VerdictStatement { Verdict.Chain: { } chain } => [chain],
            VerdictMapStatement map => map.Map.Elements.Select(static element => element.Verdict?.Chain).OfType<string>(),
            _ => [],
        };

        private static ChainKind Kind(string? type) => type switch
        {
            "nat" => ChainKind.Nat,
            "route" => ChainKind.Route,
            _ => ChainKind.Filter,
        };

        private static HookPoint Point(string hook) => hook switch
        {
            "ingress" => HookPoint.Ingress,
            "prerouting" => HookPoint.Prerouting,
            "input" => HookPoint.Input,
            "forward" => HookPoint.Forward,
            "postrouting" => HookPoint.Postrouting,
            _ => HookPoint.Output, // and egress: what leaves is not judged
        };

        /// <summary>The fields of a key. Newer versions of nft may give expressions instead of names.</summary>
        private static ImmutableArray<PacketField> Types(JsonElement? type) => type switch
        {
            { ValueKind: JsonValueKind.String } => [TypeOf(type.Text())],
            { ValueKind: JsonValueKind.Array } => [.. type.Items().Select(static part => TypeOf(((JsonElement?)part).Text()))],
            { ValueKind: JsonValueKind.Object } => [.. NftExpressions.Fields(type.Value.Member("typeof") ?? type.Value).Select(static read => read.Field)],
            _ => [],
        };

        private static PacketField TypeOf(string? type) => type switch
        {
            "inet_proto" => PacketField.Protocol,
            "inet_service" => PacketField.DestinationPort,
            "ipv4_addr" => PacketField.Source4,
            "ipv6_addr" => PacketField.Source6,
            "ether_addr" => PacketField.SourceMac,
            "ifname" or "iface_index" => PacketField.Interface,
            "mark" => PacketField.PacketMark,
            "ct_state" => PacketField.State,
            "ct_status" => PacketField.Status,
            "nf_proto" or "ether_type" => PacketField.Family,
            "icmp_type" => PacketField.IcmpType,
            "icmpv6_type" => PacketField.Icmp6Type,
            "tcp_flag" => PacketField.TcpFlags,
            "pkt_type" => PacketField.PacketType,
            "fib_addrtype" => PacketField.DestinationType,
            _ => PacketField.Other,
        };
    }
}
