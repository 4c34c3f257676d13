using System.Collections.Immutable;
using System.Net;
using System.Text.Json;
using Entrepot.Ports.Firewalls.Rulesets;

namespace Entrepot.Ports.Firewalls.Nftables;

/// <summary>Statements of nft's JSON (libnftables-json(5), STATEMENTS).</summary>
/// <param name="sets">The named sets and maps of the table.</param>
internal sealed class NftStatements(IReadOnlyDictionary<string, ValueSet> sets)
{
    private static readonly FieldRead Nothing = new(PacketField.Other);

    /// <summary>Reads one; null when it changes no verdict.</summary>
    public Statement? Read(JsonElement statement)
    {
        if (statement.Single() is not ({ } name, { } value))
            return new UnknownStatement(statement.Shown(), MayDecide: true);
        return name switch
        {
            "match" => Match(statement, value),
            "vmap" => Map(value),
            "accept" or "drop" or "reject" or "jump" or "goto" or "return" or "continue" or "queue" => new VerdictStatement(Verdict(name, value)),
            "counter" or "log" or "last" or "comment" or "flow" or "dup" or "ct helper" or "ct timeout" or "ct expectation" or "secmark" => null,
            "limit" or "quota" or "ct count" or "meter" => new HistoryStatement(statement.Shown()),
            "set" or "map" => value.Text("op") == "delete" ? null : new HistoryStatement(statement.Shown()),
            "mangle" => Mangle(statement, value),
            "notrack" => new UntrackStatement(),
            "dnat" => Translate(statement, value),
            "redirect" => Translate(statement, value) with { ToSelf = true },
            "snat" or "masquerade" => new SourceTranslateStatement(statement.Shown()),
            "xt" => Extension(statement, value),
            _ => new UnknownStatement(statement.Shown(), MayDecide: true),
        };
    }

    /// <summary>Reads a verdict.</summary>
    public static RuleVerdict Verdict(string name, JsonElement value) => name switch
    {
        "accept" => new RuleVerdict(VerdictKind.Accept),
        "drop" => new RuleVerdict(VerdictKind.Drop),
        "reject" => new RuleVerdict(VerdictKind.Reject),
        "jump" => new RuleVerdict(VerdictKind.Jump, value.Text("target") ?? ""),
        "goto" => new RuleVerdict(VerdictKind.Goto, value.Text("target") ?? ""),
        "return" => new RuleVerdict(VerdictKind.Return),
        "continue" => new RuleVerdict(VerdictKind.Continue),
        _ => new RuleVerdict(VerdictKind.Queue),
    };

    /// <summary>Reads the elements of a set or, with verdicts, of a map.</summary>
    public static ValueSet Elements(string? name, ImmutableArray<PacketField> fields, IEnumerable<JsonElement> items, bool isMap, string? doubt)
    {
        var elements = ImmutableArray.CreateBuilder<SetElement>();
        foreach (var item in items)
        {
            var (keyPart, verdictPart) = !isMap ? (item, default) : item.Pair() ?? (default, default);
            var verdict = isMap && verdictPart.ValueKind == JsonValueKind.Object && verdictPart.Single() is var (kind, target) ? Verdict(kind, target) : null;
            if (keyPart.ValueKind == JsonValueKind.Undefined || (isMap && verdict is null) || NftExpressions.Key(fields, keyPart) is not { } key)
                doubt ??= $"{(name is null ? "a set" : $"set {name}")} has an element that is not understood: {item.Shown()}";
            else
                elements.Add(new SetElement(key, verdict));
        }

        return new ValueSet(name, elements.ToImmutable()) { Doubt = doubt };
    }

    private Statement Match(JsonElement whole, JsonElement match)
    {
        if (match.Member("left") is not { } left || match.Member("right") is not { } right || match.Text("op") is not { } operation)
            return new UnknownStatement(whole.Shown(), MayDecide: false);
        var fields = NftExpressions.Fields(left);
        if (fields.All(static read => read.Field == PacketField.Other))
            return new UnknownStatement(whole.Shown(), MayDecide: false);
        if (((JsonElement?)right).Text() is ['@', .. var name])
            return new MatchStatement(fields, Named(name), operation == "!=");
        var keys = ImmutableArray.CreateRange(fields, static read => read.Field);
        if (right.Member("set") is { } items)
            return new MatchStatement(fields, Elements(null, keys, items.ValueKind == JsonValueKind.Array ? items.EnumerateArray() : [items], isMap: false, null), operation == "!=");
        if (NftExpressions.Key(keys, right) is not { } key)
            return new UnknownStatement(whole.Shown(), MayDecide: false);
        if (key is [{ Name: null } single] && Compare(fields[0], operation, single) is { } compared)
            return compared;
        return operation is "==" or "!=" or "in"
            ? new MatchStatement(fields, new ValueSet(null, [new SetElement(key)]), operation == "!=")
            : new UnknownStatement(whole.Shown(), MayDecide: false);
    }

    private static MatchStatement? Compare(FieldRead field, string operation, ValueRange value) => operation switch
    {
        // One bit of several, and none of them.
        "in" when FieldNames.IsFlags(field.Field) => new([field with { Mask = field.Mask & value.First, Flip = field.Flip & value.First }], ValueSet.Of(ValueRange.Of(0)), true),
        "!" => new([field with { Mask = field.Mask & value.First, Flip = field.Flip & value.First }], ValueSet.Of(ValueRange.Of(0)), false),
        "<" => new([field], value.First == 0 ? ValueSet.Of() : ValueSet.Of(new ValueRange(0, value.First - 1)), false),
        "<=" => new([field], ValueSet.Of(new ValueRange(0, value.Last)), false),
        ">" => new([field], value.Last == UInt128.MaxValue ? ValueSet.Of() : ValueSet.Of(new ValueRange(value.Last + 1, UInt128.MaxValue)), false),
        ">=" => new([field], ValueSet.Of(new ValueRange(value.First, UInt128.MaxValue)), false),
        _ => null,
    };

    private VerdictMapStatement Map(JsonElement map)
    {
        var fields = map.Member("key") is { } key ? NftExpressions.Fields(key) : [Nothing];
        var data = map.Member("data");
        var values = data.Text() is ['@', .. var name]
            ? Named(name)
            : Elements(null, ImmutableArray.CreateRange(fields, static read => read.Field), (data?.Member("set")).Items(), isMap: true, null);
        return new VerdictMapStatement(fields, values);
    }

    private ValueSet Named(string name)
        => sets.TryGetValue(name, out var set) ? set : new ValueSet(name, []) { Doubt = $"set {name} is not listed" };

    private static Statement? Mangle(JsonElement whole, JsonElement mangle)
    {
        if (mangle.Member("key") is not { } key || mangle.Member("value") is not { } value)
            return new UnknownStatement(whole.Shown(), MayDecide: true);
        var target = NftExpressions.Field(key).Field;
        if (target is not (PacketField.PacketMark or PacketField.ConnectionMark))
            return target == PacketField.Other ? null : new UnknownStatement(whole.Shown(), MayDecide: true);
        if (NftExpressions.Values(target, value) is { Name: null } constant && constant.First == constant.Last && constant.First <= uint.MaxValue)
            return new MarkStatement(target, 0, (uint)constant.First);
        var read = NftExpressions.Field(value);
        var mark = read.Field == target ? new MarkStatement(target, (uint)(read.Mask & uint.MaxValue), (uint)(read.Flip & uint.MaxValue)) : new MarkStatement(target, null, 0);
        return mark with { NeedsConnection = read.Field == PacketField.ConnectionMark };
    }

    private static TranslateStatement Translate(JsonElement whole, JsonElement translate)
    {
        var address = translate.Member("addr");
        var port = translate.Number("port");
        IPAddress? parsed = null;
        var vague = (address is not null && !IPAddress.TryParse(address.Text(), out parsed)) || (port is null && translate.Member("port") is not null) || port is < 1 or > 65535;
        byte? family = translate.Text("family") switch { "ip" => FieldValues.Ipv4, "ip6" => FieldValues.Ipv6, _ => null };
        return new TranslateStatement(whole.Shown()) { Address = parsed, Port = vague ? null : (int?)port, OnlyFamily = family, IsVague = vague };
    }

    private static UnknownStatement? Extension(JsonElement whole, JsonElement extension) => (extension.Text("type"), extension.Text("name")) switch
    {
        ("target", "LOG" or "NFLOG" or "TRACE" or "CHECKSUM" or "TCPMSS" or "AUDIT" or "CLASSIFY" or "DSCP" or "TOS") => null,
        ("match", _) => new UnknownStatement(whole.Shown(), MayDecide: false),
        _ => new UnknownStatement(whole.Shown(), MayDecide: true),
    };
}
