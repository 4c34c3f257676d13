using CsCheck;

namespace Entrepot.SystemTests.Ports.Firewalls;

/// <summary>Small valid rulesets of everything that is modelled, for the packets of <see cref="RandomPackets"/>.</summary>
internal static class RandomRulesets
{
    private static readonly Gen<string> Port = Gen.OneOf(RandomPackets.Ports).Select(static port => $"{port}");

    private static readonly Gen<string> PortRange = Gen.OneOf(
        Port, Gen.Const("22-80"), Gen.Const("80-90"), Gen.Const("1-1023"), Gen.Const("1024-65535"));

    private static readonly Gen<string> Ports = Gen.OneOf(PortRange, Gen.OneOf("{ 22, 80-90 }", "{ 1-21, 23-79, 8080 }", "{ 22, 23, 1024-9000 }"));

    private static readonly Gen<string> Source4 = Gen.OneOf(
        "10.77.0.2", "10.77.0.0/29", "10.77.0.4/30", "10.77.0.3-10.77.0.7", "{ 10.77.0.2, 10.77.0.8-10.77.0.255 }", "0.0.0.0/0");

    private static readonly Gen<string> Source6 = Gen.OneOf("fd77::2", "fd77::/125", "fd77::3-fd77::7", "{ fd77::2, fd77::8-fd77::ffff }", "fe80::/10");

    private static readonly Gen<string> Compare = Gen.OneOf("", "", "", "!= ");

    private static readonly Gen<string> States = Gen.OneOf(
        "new", "established", "established,related", "invalid", "{ new, invalid }", "!= new", "!= established", "{ established, untracked }");

    private static readonly Gen<string> Condition = Gen.Frequency(
        (4, Gen.Select(Gen.OneOf("tcp", "udp", "th"), Compare, Ports, static (protocol, compare, ports) => protocol == "th" ? $"meta l4proto {{ tcp, udp }} th dport {compare}{ports}" : $"{protocol} dport {compare}{ports}")),
        (1, Gen.Select(Gen.OneOf("<", "<=", ">", ">="), Port, static (compare, port) => $"tcp dport {compare} {port}")),
        (1, Gen.OneOf("tcp sport 20000-20010", "udp sport >= 20020")),
        (2, Gen.Select(Compare, Source4, static (compare, source) => $"ip saddr {compare}{source}")),
        (2, Gen.Select(Compare, Source6, static (compare, source) => $"ip6 saddr {compare}{source}")),
        (1, Gen.OneOf("ip saddr & 0.0.0.1 == 0.0.0.1", "ip saddr & 0.0.0.7 != 0.0.0.2", "ip6 saddr & ::3 == ::3", "tcp dport & 1 == 1")),
        (2, States.Select(static states => $"ct state {states}")),
        (1, Gen.OneOf("ether saddr 02:77:00:00:00:99", "ether saddr != 02:77:00:00:00:99", "ether saddr { 02:77:00:00:00:02, 02:77:00:00:00:07 }")),
        (1, Gen.OneOf("iif lo", "iifname \"eth*\"", "iifname != \"eth0\"", "iifname { \"eth1\", \"lo\" }", "iif != lo")),
        (1, Gen.OneOf("meta l4proto tcp", "meta l4proto { udp, icmp }", "meta nfproto ipv6", "meta nfproto ipv4", "meta l4proto != tcp", "ip protocol udp", "ip6 nexthdr tcp")),
        (1, Gen.OneOf("meta mark 0x10", "meta mark and 0x3 == 0x1", "meta mark != 0", "ct mark 0x10", "ct mark and 0x40 == 0")),
        (1, Gen.OneOf("fib daddr type local", "fib daddr type != local", "meta pkttype host", "meta pkttype { broadcast, multicast }")),
        (1, Gen.OneOf("tcp flags syn", "tcp flags & (fin|syn|rst|ack) == syn", "tcp flags & (syn|rst) != syn", "tcp flags { rst, syn }")),
        (2, Gen.Select(Source4, PortRange, static (source, port) => $"ip saddr . tcp dport {{ {source.Trim('{', '}', ' ').Split(',')[0]} . {port} }}")),
        (2, Gen.OneOf("meta l4proto . th dport . ip saddr @doors4", "meta l4proto . th dport . ip6 saddr @doors6", "meta l4proto . th dport @governed", "meta l4proto . th dport . ether saddr @macs", "tcp dport @ports", "tcp dport != @ports", "meta l4proto . th dport . ip saddr != @doors4")));

    private static readonly Gen<string> Verdict = Gen.Frequency(
        (5, Gen.Const("accept")), (4, Gen.Const("drop")), (1, Gen.Const("reject")), (1, Gen.Const("return")), (1, Gen.Const("continue")),
        (2, Gen.OneOf("jump one", "jump two", "goto one", "goto two")));

    private static readonly Gen<string> Action = Gen.Frequency(
        (1, Gen.OneOf("counter", "meta mark set 0x10", "meta mark set meta mark or 0x1", "ct mark set 0x10", "meta mark set ct mark", "ct mark set ct mark or 0x40 counter accept")),
        (8, Verdict.Select(static verdict => $"counter {verdict}")));

    private static readonly Gen<string> Map = Gen.OneOf(
        "tcp dport vmap { 22 : accept, 80-90 : drop, 8080 : jump one }", "meta l4proto . th dport vmap @verdicts", "ct state vmap { established : accept, invalid : drop }",
        "ip saddr vmap { 10.77.0.0/30 : goto two, 10.77.0.8 : return }", "meta l4proto vmap { tcp : jump one, udp : jump two }");

    private static readonly Gen<string> Rule = Gen.Frequency(
        (8, Gen.Select(Condition.Array[0, 3], Action, static (conditions, action) => $"{Together(conditions)} {action}")),
        (1, Map));

    private static readonly Gen<string> Leaf = Gen.Select(Condition.Array[0, 2], Gen.OneOf("accept", "drop", "return", "reject"), static (conditions, verdict) => $"{Together(conditions)} {verdict}");

    private static readonly Gen<string> Base = Gen.Select(
        Gen.OneOf("input", "input", "input", "prerouting"), Gen.OneOf(-300, -150, -10, 0, 10, 50), Gen.OneOf("accept", "accept", "drop"), Rule.Array[1, 6],
        static (hook, priority, policy, rules) => $"type filter hook {hook} priority {priority}; policy {policy};\n{Lines(rules)}");

    private static readonly Gen<string> Redirects = Gen.OneOf(
        "", "", "chain nat { type nat hook prerouting priority dstnat; tcp dport 81 redirect to :80; udp dport 21-23 ip saddr 10.77.0.0/29 redirect to :8080;\n }");

    /// <summary>One table of both families with sets, two chains to jump to and one to three base chains.</summary>
    public static readonly Gen<string> Any = Gen.Select(Base.Array[1, 3], Leaf.Array[0, 3], Rule.Where(static rule => !rule.Contains("jump", StringComparison.Ordinal) && !rule.Contains("goto", StringComparison.Ordinal) && !rule.Contains("@verdicts", StringComparison.Ordinal)).Array[0, 3], Redirects, static (bases, one, two, redirects) => $$"""
        table inet trial {
          set doors4 { type inet_proto . inet_service . ipv4_addr; flags interval; elements = { tcp . 22 . 10.77.0.0/29, tcp . 80-90 . 10.77.0.2, udp . 23 . 0.0.0.0/0 }
          }
          set doors6 { type inet_proto . inet_service . ipv6_addr; flags interval; elements = { tcp . 22 . fd77::/125, udp . 80-90 . fd77::2 }
          }
          set macs { type inet_proto . inet_service . ether_addr; elements = { tcp . 22 . 02:77:00:00:00:99, udp . 80 . 02:77:00:00:00:02 }
          }
          set governed { type inet_proto . inet_service; flags interval; elements = { tcp . 80-90, udp . 1-1023 }
          }
          set ports { type inet_service; flags interval,timeout; elements = { 22 timeout 1h, 80-90, 1024 }
          }
          map verdicts { type inet_proto . inet_service : verdict; flags interval; elements = { tcp . 22 : jump one, tcp . 80-90 : drop, udp . 1-1023 : accept }
          }
          chain one {
            {{Lines(one)}}
          }
          chain two {
            {{Lines(two)}}
          }
          {{Lines(bases.Select(static (rules, index) => $"chain base_{index} {{\n{rules}\n}}"))}}
          {{redirects}}
        }
        """);

    /// <summary>Those that one rule may have: nft refuses two families, or two transports.</summary>
    private static string Together(IEnumerable<string> conditions)
    {
        var kept = new List<string>();
        foreach (var condition in conditions)
        {
            if (!kept.Exists(other => Clash(other, condition, "ip ", "ip6 ") || Clash(other, condition, "tcp ", "udp ") || Clash(other, condition, "nfproto", "ip") || Clash(other, condition, "l4proto", "")))
                kept.Add(condition);
        }

        return string.Join(' ', kept);
    }

    private static bool Clash(string one, string other, string first, string second)
        => (one.Contains(first, StringComparison.Ordinal) && other.Contains(second, StringComparison.Ordinal))
            || (one.Contains(second, StringComparison.Ordinal) && other.Contains(first, StringComparison.Ordinal));

    private static string Lines(IEnumerable<string> rules) => string.Join('\n', rules);
}
