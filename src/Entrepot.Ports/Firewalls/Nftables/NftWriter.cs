using System.Globalization;
using System.Text;

namespace Entrepot.Ports.Firewalls.Nftables;

/// <summary>Writes nft(8) scripts. Everything variable in them is a number, an address, or a name made of those by
/// <see cref="NftElement"/> and <see cref="NftLimit"/>, so no input can become a token of its own.</summary>
internal static class NftWriter
{
    /// <summary>The own table.</summary>
    public const string Table = "inet entrepot";

    /// <summary>Marks a connection that an opening for an address let in (<see cref="NftSet.Open4"/>, <see cref="NftSet.Open6"/>).</summary>
    public const uint AddressOpening = 0x4000_0000;

    /// <summary>Marks a connection that an opening for an Ethernet address let in, alone or together with an address; replies carry none by which to look it up again.</summary>
    public const uint MacOpening = 0x2000_0000;

    /// <summary>Sources that a meter keeps apart; beyond it the newest are not limited, which the cap on all connections still is.</summary>
    private const int MeterSize = 65_535;

    private static readonly (NftSet Set, string Name, string Type, string Flags)[] Sets =
    [
        (NftSet.Floor4, "floor4", "ipv4_addr", "interval"),
        (NftSet.Floor6, "floor6", "ipv6_addr", "interval"),
        (NftSet.Governed, "governed", "inet_proto . inet_service", "interval"),
        (NftSet.Allow4, "allow4", "inet_proto . inet_service . ipv4_addr", "interval"),
        (NftSet.Allow6, "allow6", "inet_proto . inet_service . ipv6_addr", "interval"),
        (NftSet.AllowMac, "allow_mac", "inet_proto . inet_service . ether_addr", "interval"),
        (NftSet.AllowMac4, "allow_mac4", "inet_proto . inet_service . ether_addr . ipv4_addr", "interval"),
        (NftSet.AllowMac6, "allow_mac6", "inet_proto . inet_service . ether_addr . ipv6_addr", "interval"),
        (NftSet.Open4, "open4", "inet_proto . inet_service . ipv4_addr", "interval,timeout"),
        (NftSet.Open6, "open6", "inet_proto . inet_service . ipv6_addr", "interval,timeout"),
        (NftSet.OpenMac, "open_mac", "inet_proto . inet_service . ether_addr", "interval,timeout"),
        (NftSet.OpenMac4, "open_mac4", "inet_proto . inet_service . ether_addr . ipv4_addr", "interval,timeout"),
        (NftSet.OpenMac6, "open_mac6", "inet_proto . inet_service . ether_addr . ipv6_addr", "interval,timeout"),
    ];

    /// <summary>The name of a set or map in the table.</summary>
    public static string NameOf(NftSet set) => set == NftSet.Limits ? "limits" : Sets[(int)set].Name;

    /// <summary>The script that puts a plan in the place of whatever the own table is. Its first two lines take the table away
    /// whether it was there or not; all is one transaction.</summary>
    public static string Whole(NftPlan plan, DateTimeOffset now)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"table {Table}\ndelete table {Table}\ntable {Table} {{\n");
        foreach (var (set, name, type, flags) in Sets)
            WriteSet(text, $"set {name}", type, flags, Live(plan.Elements.Where(element => element.Set == set), now), now);
        WriteMeters(text, plan);
        WriteSet(text, "map limits", "inet_proto . inet_service : verdict", "interval", plan.Elements.Where(static element => element.Set == NftSet.Limits), now);
        NftRules.Write(text, plan);
        return text.Append("}\n").ToString();
    }

    /// <summary>Those that have not ended.</summary>
    public static IEnumerable<NftElement> Live(IEnumerable<NftElement> elements, DateTimeOffset now) => elements.Where(element => !(element.Ends <= now));

    private static void WriteSet(StringBuilder text, string name, string type, string flags, IEnumerable<NftElement> elements, DateTimeOffset now)
    {
        text.Append(CultureInfo.InvariantCulture, $"\t{name} {{\n\t\ttype {type}\n\t\tflags {flags}\n");
        var separator = "\t\telements = { ";
        foreach (var element in elements)
        {
            text.Append(separator);
            WriteElement(text, element, now, withValue: true);
            separator = ",\n\t\t\t     ";
        }

        if (separator[0] == ',')
            text.Append(" }\n");
        text.Append("\t}\n\n");
    }

    /// <summary>One element.</summary>
    public static void WriteElement(StringBuilder text, NftElement element, DateTimeOffset now, bool withValue)
    {
        text.Append(element.Key);
        if (!withValue)
            return;
        if (element.Ends is { } ends)
            text.Append(CultureInfo.InvariantCulture, $" timeout {Math.Max(1, (long)(ends - now).TotalMilliseconds)}ms");
        if (element.Chain is { } chain)
            text.Append(" : jump ").Append(chain);
    }

    private static void WriteMeters(StringBuilder text, NftPlan plan)
    {
        foreach (var limit in plan.Limits)
        {
            var key = limit.Block is null ? "inet_proto . inet_service . " : "";
            if (limit.Rate is { } rate)
            {
                // A source that was quiet for the whole time has a full bucket again, so that it need not be remembered.
                var forget = string.Create(CultureInfo.InvariantCulture, $"{(long)rate.Per.TotalSeconds}s");
                WriteMeter(text, limit.Chain, "rate4", key + "ipv4_addr", forget);
                WriteMeter(text, limit.Chain, "rate6", key + "ipv6_addr", forget);
            }

            if (limit.PerSource is not null)
            {
                WriteMeter(text, limit.Chain, "count4", key + "ipv4_addr", null);
                WriteMeter(text, limit.Chain, "count6", key + "ipv6_addr", null);
            }

            if (limit.Total is not null && limit.Block is null)
                WriteMeter(text, limit.Chain, "total", "inet_proto . inet_service", null);
        }
    }

    private static void WriteMeter(StringBuilder text, string chain, string meter, string type, string? forget)
    {
        text.Append(CultureInfo.InvariantCulture, $"\tset {chain}_{meter} {{\n\t\ttype {type}\n\t\tsize {MeterSize}\n");
        text.Append(forget is null ? "\t\tflags dynamic\n" : $"\t\tflags dynamic,timeout\n\t\ttimeout {forget}\n");
        text.Append("\t}\n\n");
    }
}
