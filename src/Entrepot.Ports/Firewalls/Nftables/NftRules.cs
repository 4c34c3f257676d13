using System.Globalization;
using System.Text;
using Entrepot.Ports.Declarations;

namespace Entrepot.Ports.Firewalls.Nftables;

/// <summary>Writes the chains. Their verdicts: <c>drop</c> is final; <c>accept</c> only ends this table's say, so that rules of others
/// on the machine still count. Only packets with ports are ever dropped: ICMP and neighbour discovery (RFC 4890 §4.4) pass.</summary>
internal static class NftRules
{
    /// <summary>Before the usual filters, so that what is dropped here costs no more work.</summary>
    private const string Priority = "filter - 10";

    /// <summary>Enough of an IPv6 address to know a subscriber by, who has a whole /64 (RFC 6177).</summary>
    private const string Subscriber = "ip6 saddr & ffff:ffff:ffff:ffff::";

    private const string Port = "meta l4proto . th dport";
    private const uint AnyOpening = NftWriter.AddressOpening | NftWriter.MacOpening;

    public static void Write(StringBuilder text, NftPlan plan)
    {
        foreach (var limit in plan.Limits)
            WriteLimit(text, limit);
        WriteAdmitted(text);
        WriteInput(text, plan);
        WriteOutput(text);
    }

    private static void WriteLimit(StringBuilder text, NftLimit limit)
    {
        var key = limit.Block is null ? Port + " . " : "";
        Begin(text, limit.Chain);
        if (limit.Rate is { } rate)
        {
            // "update" keeps the bucket of a source that goes on trying; "add" would hand it a new one in the middle.
            var over = string.Create(CultureInfo.InvariantCulture, $"limit rate over {rate.Count}/{limit.Unit} burst {limit.Burst} packets");
            Rule(text, $"update @{limit.Chain}_rate4 {{ {key}ip saddr {over} }} drop");
            Rule(text, $"update @{limit.Chain}_rate6 {{ {key}{Subscriber} {over} }} drop");
        }

        if (limit.PerSource is { } perSource)
        {
            var over = string.Create(CultureInfo.InvariantCulture, $"ct count over {perSource}");
            Rule(text, $"add @{limit.Chain}_count4 {{ {key}ip saddr {over} }} drop");
            Rule(text, $"add @{limit.Chain}_count6 {{ {key}{Subscriber} {over} }} drop");
        }

        if (limit.Total is { } total)
            Rule(text, limit.Block is null
                ? string.Create(CultureInfo.InvariantCulture, $"add @{limit.Chain}_total {{ {Port} ct count over {total} }} drop")
                : string.Create(CultureInfo.InvariantCulture, $"ct count over {total} drop"));
        End(text);
    }

    private static void WriteAdmitted(StringBuilder text)
    {
        Begin(text, "admitted");
        Rule(text, "ct state != new accept");
        Rule(text, $"{Port} vmap @limits");
        Rule(text, "accept");
        End(text);
    }

    private static void WriteInput(StringBuilder text, NftPlan plan)
    {
        Begin(text, "input");
        Rule(text, $"type filter hook input priority {Priority}; policy accept;");
        Rule(text, "iif \"lo\" accept");
        Rule(text, "ct state related accept");
        // A connection that an opening let in is looked up again with every packet, so that it ends with the opening, agent or not.
        Rule(text, $"ct state established ct mark & {Hex(AnyOpening)} == 0 accept");
        if (plan.Floor.ManagementNetworks.IsEmpty)
        {
            Rule(text, string.Create(CultureInfo.InvariantCulture, $"tcp dport {plan.Floor.ManagementPort} accept"));
        }
        else
        {
            Rule(text, string.Create(CultureInfo.InvariantCulture, $"tcp dport {plan.Floor.ManagementPort} ip saddr @floor4 accept"));
            Rule(text, string.Create(CultureInfo.InvariantCulture, $"tcp dport {plan.Floor.ManagementPort} ip6 saddr @floor6 accept"));
        }

        Rule(text, $"ct state invalid {Port} @governed drop");
        // What a door lets in for good depends on no opening any more.
        const string forGood = "ct mark set ct mark & 0x9fffffff goto admitted";
        Rule(text, $"{Port} . ip saddr @allow4 {forGood}");
        Rule(text, $"{Port} . ip6 saddr @allow6 {forGood}");
        Rule(text, $"{Port} . ether saddr @allow_mac {forGood}");
        Rule(text, $"{Port} . ether saddr . ip saddr @allow_mac4 {forGood}");
        Rule(text, $"{Port} . ether saddr . ip6 saddr @allow_mac6 {forGood}");
        Rule(text, $"{Port} . ip saddr @open4 ct mark set ct mark | {Hex(NftWriter.AddressOpening)} goto admitted");
        Rule(text, $"{Port} . ip6 saddr @open6 ct mark set ct mark | {Hex(NftWriter.AddressOpening)} goto admitted");
        var byMac = $"ct mark set ct mark | {Hex(NftWriter.MacOpening)} goto admitted";
        Rule(text, $"{Port} . ether saddr @open_mac {byMac}");
        Rule(text, $"{Port} . ether saddr . ip saddr @open_mac4 {byMac}");
        Rule(text, $"{Port} . ether saddr . ip6 saddr @open_mac6 {byMac}");
        Rule(text, "ct state established drop");
        Rule(text, plan.Undeclared == UndeclaredPorts.Drop ? "meta l4proto { 6, 17, 132 } drop" : $"{Port} @governed drop");
        End(text);
    }

    /// <summary>What a service sends on a connection whose opening ended stops as well; new connections of this machine are not
    /// looked at.</summary>
    private static void WriteOutput(StringBuilder text)
    {
        Begin(text, "output");
        Rule(text, $"type filter hook output priority {Priority}; policy accept;");
        Rule(text, $"ct mark & {Hex(NftWriter.AddressOpening)} == 0 accept");
        Rule(text, "ct direction original accept");
        Rule(text, "oif \"lo\" accept");
        foreach (var (address, set) in new[] { ("ip", "open4"), ("ip6", "open6"), ("ip", "allow4"), ("ip6", "allow6") })
            Rule(text, $"meta l4proto . th sport . {address} daddr @{set} accept");
        Rule(text, "meta l4proto { 6, 17, 132 } drop");
        End(text);
    }

    private static string Hex(uint mark) => string.Create(CultureInfo.InvariantCulture, $"0x{mark:x8}");

    private static void Begin(StringBuilder text, string chain) => text.Append(CultureInfo.InvariantCulture, $"\tchain {chain} {{\n");

    private static void Rule(StringBuilder text, string rule) => text.Append("\t\t").Append(rule).Append('\n');

    private static void End(StringBuilder text) => text.Append("\t}\n\n");
}
