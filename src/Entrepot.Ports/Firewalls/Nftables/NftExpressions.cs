using System.Collections.Immutable;
using System.Text.Json;
using Entrepot.Ports.Firewalls.Rulesets;

namespace Entrepot.Ports.Firewalls.Nftables;

/// <summary>Expressions of nft's JSON (libnftables-json(5), EXPRESSIONS).</summary>
internal static class NftExpressions
{
    /// <summary>The fields that an expression reads, in order. What is not modelled becomes <see cref="PacketField.Other"/>.</summary>
    public static ImmutableArray<FieldRead> Fields(JsonElement expression)
        => expression.Member("concat") is { } parts ? [.. ((JsonElement?)parts).Items().Select(Field)] : [Field(expression)];

    /// <summary>The field that an expression reads.</summary>
    public static FieldRead Field(JsonElement expression)
    {
        var other = new FieldRead(PacketField.Other) { Text = expression.Shown() };
        if (expression.Single() is not ({ } name, { } value))
            return other;
        return name switch
        {
            "payload" => Payload(value),
            "meta" => Meta(value),
            "ct" => Tracking(value),
            "fib" when value.Text("result") == "type" && value.Member("flags").Items().Any(static flag => ((JsonElement?)flag).Text() == "daddr")
                => new FieldRead(PacketField.DestinationType),
            "&" or "|" or "^" => Bitwise(name, value),
            _ => null,
        } ?? other;
    }

    /// <summary>What an element of a set holds for its key, or null when it can't be read.</summary>
    public static ImmutableArray<ValueRange>? Key(ImmutableArray<PacketField> fields, JsonElement value)
    {
        if (value.Member("elem") is { } element)
            return element.Member("val") is { } inner ? Key(fields, inner) : null;
        if (fields.Length == 1)
            return Values(fields[0], value) is { } single ? [single] : null;
        if (value.ValueKind == JsonValueKind.String && value.GetString() == "*")
            return [.. fields.Select(static _ => ValueRange.All)];
        if (value.Member("concat") is not { ValueKind: JsonValueKind.Array } parts || parts.GetArrayLength() != fields.Length)
            return null;
        var key = ImmutableArray.CreateBuilder<ValueRange>(fields.Length);
        for (var index = 0; index < fields.Length; index++)
        {
            if (Values(fields[index], parts[index]) is not { } part)
                return null;
            key.Add(part);
        }

        return key.MoveToImmutable();
    }

    /// <summary>A value, prefix or range, or null when it can't be read.</summary>
    public static ValueRange? Values(PacketField field, JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Number when field is PacketField.Interface or PacketField.OutInterface:
                return null; // the index of an interface that is gone
            case JsonValueKind.Number:
                return value.TryGetUInt64(out var number) ? ValueRange.Of(number) : null;
            case JsonValueKind.String:
                return FieldNames.Read(field, value.GetString()!);
            case JsonValueKind.True or JsonValueKind.False:
                return ValueRange.Of(value.ValueKind == JsonValueKind.True ? 1u : 0u);
            case JsonValueKind.Array:
                return Flags(field, value.EnumerateArray());
            case JsonValueKind.Object:
                break;
            default:
                return null;
        }

        if (value.Member("elem")?.Member("val") is { } inner)
            return Values(field, inner);
        if (value.Member("|") is { ValueKind: JsonValueKind.Array } flags)
            return Flags(field, flags.EnumerateArray());
        if (value.Member("prefix") is { } prefix)
            return prefix.Member("addr") is { } address && Values(field, address) is { Name: null } whole
                && prefix.Number("len") is { } length && length >= 0 && length <= FieldNames.Width(field)
                    ? FieldNames.Prefix(whole.First, (int)length, FieldNames.Width(field))
                    : null;
        if (value.Member("range") is { ValueKind: JsonValueKind.Array } range && range.Pair() is var (first, last)
            && Values(field, first) is { Name: null } from && Values(field, last) is { Name: null } to && from.First <= to.Last)
            return new ValueRange(from.First, to.Last);
        return null;
    }

    private static ValueRange? Flags(PacketField field, IEnumerable<JsonElement> parts)
    {
        UInt128 bits = 0;
        foreach (var part in parts)
        {
            if (Values(field, part) is not { Name: null } value || value.First != value.Last)
                return null;
            bits |= value.First;
        }

        return ValueRange.Of(bits);
    }

    private static FieldRead? Bitwise(string operation, JsonElement operands)
    {
        if (operands.Pair() is not var (left, right))
            return null;
        var read = Field(left);
        if (read.Field == PacketField.Other || Values(read.Field, right) is not { Name: null } value || value.First != value.Last)
            return null;
        var bits = value.First;
        return operation switch
        {
            "&" => read with { Mask = read.Mask & bits, Flip = read.Flip & bits },
            "|" => read with { Mask = read.Mask & ~bits, Flip = read.Flip | bits },
            _ => read with { Flip = read.Flip ^ bits },
        };
    }

    private static FieldRead? Meta(JsonElement meta) => meta.Text("key") switch
    {
        "l4proto" => new FieldRead(PacketField.Protocol),
        "nfproto" or "protocol" => new FieldRead(PacketField.Family),
        "iif" or "iifname" => new FieldRead(PacketField.Interface),
        "oif" or "oifname" => new FieldRead(PacketField.OutInterface),
        "mark" => new FieldRead(PacketField.PacketMark),
        "pkttype" => new FieldRead(PacketField.PacketType),
        _ => null,
    };

    private static FieldRead? Tracking(JsonElement tracking) => (tracking.Text("key"), tracking.Member("dir")) switch
    {
        ("state", null) => new FieldRead(PacketField.State),
        ("status", null) => new FieldRead(PacketField.Status),
        ("mark", null) => new FieldRead(PacketField.ConnectionMark),
        _ => null,
    };

    private static FieldRead? Payload(JsonElement payload)
    {
        if (payload.Text("base") == "th" && payload.Number("len") == 16)
            return payload.Number("offset") switch
            {
                0 => new FieldRead(PacketField.SourcePort),
                16 => new FieldRead(PacketField.DestinationPort),
                _ => null,
            };
        return (payload.Text("protocol"), payload.Text("field")) switch
        {
            ("th", "dport") => new FieldRead(PacketField.DestinationPort),
            ("th", "sport") => new FieldRead(PacketField.SourcePort),
            ("tcp", "flags") => new FieldRead(PacketField.TcpFlags) { OnlyProtocol = FieldValues.Tcp },
            ("tcp" or "udp" or "sctp" or "dccp" or "udplite", "dport") => Port(PacketField.DestinationPort, payload.Text("protocol")!),
            ("tcp" or "udp" or "sctp" or "dccp" or "udplite", "sport") => Port(PacketField.SourcePort, payload.Text("protocol")!),
            ("ip", "saddr") => new FieldRead(PacketField.Source4),
            ("ip", "daddr") => new FieldRead(PacketField.Destination4),
            ("ip", "protocol") => new FieldRead(PacketField.Protocol) { OnlyFamily = FieldValues.Ipv4 },
            ("ip6", "saddr") => new FieldRead(PacketField.Source6),
            ("ip6", "daddr") => new FieldRead(PacketField.Destination6),
            ("ip6", "nexthdr") => new FieldRead(PacketField.Protocol) { OnlyFamily = FieldValues.Ipv6 },
            ("ether", "saddr") => new FieldRead(PacketField.SourceMac),
            ("ether", "type") => new FieldRead(PacketField.Family),
            ("icmp", "type") => new FieldRead(PacketField.IcmpType),
            ("icmpv6", "type") => new FieldRead(PacketField.Icmp6Type),
            _ => null,
        };
    }

    private static FieldRead Port(PacketField field, string protocol)
        => new(field) { OnlyProtocol = (byte)FieldNames.Read(PacketField.Protocol, protocol)!.Value.First };
}
