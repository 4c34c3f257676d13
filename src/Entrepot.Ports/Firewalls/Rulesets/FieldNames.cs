using System.Collections.Frozen;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Entrepot.Ports.Declarations;

namespace Entrepot.Ports.Firewalls.Rulesets;

/// <summary>Values as nft and iptables write them.</summary>
internal static class FieldNames
{
    private static readonly FrozenDictionary<string, int> Protocols = new Dictionary<string, int>
    {
        ["icmp"] = 1, ["igmp"] = 2, ["ipencap"] = 4, ["tcp"] = 6, ["udp"] = 17, ["dccp"] = 33, ["ipv6"] = 41, ["gre"] = 47, ["esp"] = 50,
        ["ah"] = 51, ["icmpv6"] = 58, ["ipv6-icmp"] = 58, ["comp"] = 108, ["vrrp"] = 112, ["sctp"] = 132, ["udplite"] = 136,
    }.ToFrozenDictionary();

    private static readonly FrozenDictionary<string, int> States = new Dictionary<string, int>
    {
        ["invalid"] = 1, ["established"] = 2, ["related"] = 4, ["new"] = 8, ["untracked"] = 64,
    }.ToFrozenDictionary();

    private static readonly FrozenDictionary<string, int> Statuses = new Dictionary<string, int>
    {
        ["expected"] = 1, ["seen-reply"] = 2, ["assured"] = 4, ["confirmed"] = 8, ["snat"] = 16, ["dnat"] = 32, ["dying"] = 512,
    }.ToFrozenDictionary();

    private static readonly FrozenDictionary<string, int> Flags = new Dictionary<string, int>
    {
        ["fin"] = 1, ["syn"] = 2, ["rst"] = 4, ["psh"] = 8, ["ack"] = 16, ["urg"] = 32, ["ecn"] = 64, ["cwr"] = 128,
    }.ToFrozenDictionary();

    private static readonly FrozenDictionary<string, int> IcmpTypes = new Dictionary<string, int>
    {
        ["echo-reply"] = 0, ["destination-unreachable"] = 3, ["source-quench"] = 4, ["redirect"] = 5, ["echo-request"] = 8,
        ["router-advertisement"] = 9, ["router-solicitation"] = 10, ["time-exceeded"] = 11, ["parameter-problem"] = 12,
        ["timestamp-request"] = 13, ["timestamp-reply"] = 14, ["info-request"] = 15, ["info-reply"] = 16, ["address-mask-request"] = 17,
        ["address-mask-reply"] = 18,
    }.ToFrozenDictionary();

    private static readonly FrozenDictionary<string, int> Icmp6Types = new Dictionary<string, int>
    {
        ["destination-unreachable"] = 1, ["packet-too-big"] = 2, ["time-exceeded"] = 3, ["parameter-problem"] = 4, ["echo-request"] = 128,
        ["echo-reply"] = 129, ["mld-listener-query"] = 130, ["mld-listener-report"] = 131, ["mld-listener-done"] = 132,
        ["mld-listener-reduction"] = 132, ["nd-router-solicit"] = 133, ["nd-router-advert"] = 134, ["nd-neighbor-solicit"] = 135,
        ["nd-neighbor-advert"] = 136, ["nd-redirect"] = 137, ["router-renumbering"] = 138, ["ind-neighbor-solicit"] = 141,
        ["ind-neighbor-advert"] = 142, ["mld2-listener-report"] = 143, ["router-solicitation"] = 133, ["router-advertisement"] = 134,
        ["neighbour-solicitation"] = 135, ["neighbour-advertisement"] = 136, ["neighbor-solicitation"] = 135, ["neighbor-advertisement"] = 136,
    }.ToFrozenDictionary();

    private static readonly FrozenDictionary<string, int> Families = new Dictionary<string, int>
    {
        // EtherTypes other than those of IP never come to where ports are judged.
        ["ip"] = 2, ["ipv4"] = 2, ["ip6"] = 10, ["ipv6"] = 10, ["arp"] = 255, ["vlan"] = 255, ["8021q"] = 255, ["8021ad"] = 255,
    }.ToFrozenDictionary();

    private static readonly FrozenDictionary<string, int> PacketTypes = new Dictionary<string, int>
    {
        ["host"] = 0, ["unicast"] = 0, ["broadcast"] = 1, ["multicast"] = 2, ["other"] = 3,
    }.ToFrozenDictionary();

    private static readonly FrozenDictionary<string, int> RouteTypes = new Dictionary<string, int>
    {
        ["unspec"] = 0, ["unicast"] = 1, ["local"] = 2, ["broadcast"] = 3, ["anycast"] = 4, ["multicast"] = 5, ["blackhole"] = 6,
        ["unreachable"] = 7, ["prohibit"] = 8,
    }.ToFrozenDictionary();

    /// <summary>Fields whose values are sets of bits.</summary>
    public static bool IsFlags(PacketField field) => field is PacketField.State or PacketField.Status or PacketField.TcpFlags;

    /// <summary>Bits of a field.</summary>
    public static int Width(PacketField field) => field switch
    {
        PacketField.Source6 or PacketField.Destination6 => 128,
        PacketField.SourceMac => 48,
        PacketField.Source4 or PacketField.Destination4 or PacketField.PacketMark or PacketField.ConnectionMark => 32,
        PacketField.SourcePort or PacketField.DestinationPort => 16,
        _ => 8,
    };

    /// <summary>Reads a value, or gives null.</summary>
    public static ValueRange? Read(PacketField field, string text)
    {
        if (text is "*" or "")
            return text == "*" ? ValueRange.All : null;
        if (field is PacketField.Interface or PacketField.OutInterface)
            return ValueRange.Named(text);
        if (field is PacketField.Source4 or PacketField.Source6 or PacketField.Destination4 or PacketField.Destination6)
            return ReadNetwork(text, field is PacketField.Source6 or PacketField.Destination6);
        if (field == PacketField.SourceMac)
            return MacAddress.TryParse(text, out var mac) ? ValueRange.Of((UInt128)mac.Value) : null;
        if (Table(field)?.TryGetValue(text, out var value) == true)
            return ValueRange.Of((UInt128)value);
        return Number(text) is { } number ? ValueRange.Of(number) : null;
    }

    /// <summary>Reads a number, decimal or <c>0x</c>, or gives null.</summary>
    public static UInt128? Number(string text)
        => text.StartsWith("0x", StringComparison.Ordinal)
            ? UInt128.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var hex) ? hex : null
            : UInt128.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    /// <summary>An address as a number.</summary>
    public static UInt128 Bits(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out var count);
        UInt128 bits = 0;
        foreach (var part in bytes[..count])
            bits = (bits << 8) | part;
        return bits;
    }

    /// <summary>The addresses of a network.</summary>
    public static ValueRange Range(IPNetwork network) => Prefix(Bits(network.BaseAddress), network.PrefixLength, network.BaseAddress.AddressFamily == AddressFamily.InterNetworkV6 ? 128 : 32);

    /// <summary>Values that begin with the same bits.</summary>
    public static ValueRange Prefix(UInt128 value, int length, int width)
    {
        var rest = length >= width ? 0 : length == 0 && width == 128 ? UInt128.MaxValue : (UInt128.One << (width - length)) - 1;
        return new ValueRange(value & ~rest, value | rest);
    }

    private static ValueRange? ReadNetwork(string text, bool six)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        var host = slash < 0 ? text : text[..slash];
        if (!IPAddress.TryParse(host, out var address) || address.AddressFamily != (six ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork))
            return null;
        var width = six ? 128 : 32;
        if (slash < 0)
            return ValueRange.Of(Bits(address));
        return int.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var length) && length <= width
            ? Prefix(Bits(address), length, width)
            : null;
    }

    private static FrozenDictionary<string, int>? Table(PacketField field) => field switch
    {
        PacketField.Protocol => Protocols,
        PacketField.State => States,
        PacketField.Status => Statuses,
        PacketField.TcpFlags => Flags,
        PacketField.IcmpType => IcmpTypes,
        PacketField.Icmp6Type => Icmp6Types,
        PacketField.Family => Families,
        PacketField.PacketType => PacketTypes,
        PacketField.DestinationType => RouteTypes,
        _ => null,
    };
}
