using CsCheck;

namespace Entrepot.SystemTests.Ports.Firewalls;

/// <summary>Small valid rulesets of iptables, for the packets of <see cref="RandomPackets"/>.</summary>
internal static class RandomIptables
{
    private static readonly Gen<string> Port = Gen.OneOf("22", "23", "80:90", "1024:65535", "1:1023", "8080");

    private static readonly Gen<string> Not = Gen.OneOf("", "", "! ");

    private static readonly Gen<string> Transport = Gen.OneOf(
        Gen.Select(Gen.OneOf("tcp", "udp"), Not, Port, static (protocol, not, port) => $"-p {protocol} -m {protocol} {not}--dport {port}"),
        Gen.Select(Gen.OneOf("tcp", "udp"), Not, static (protocol, not) => $"-p {protocol} -m multiport {not}--dports 22,80:90,1024"),
        Gen.OneOf("-p tcp", "! -p udp", "-p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN", "-p udp -m udp --sport 20020:65535", ""));

    private static readonly Gen<string> Condition = Gen.OneOf(
        Gen.Select(Not, Gen.OneOf("10.77.0.2/32", "10.77.0.0/29", "10.77.0.4/30"), static (not, source) => $"{not}-s {source}"),
        Gen.Select(Not, Gen.OneOf("NEW", "RELATED,ESTABLISHED", "INVALID", "NEW,INVALID"), static (not, states) => $"-m conntrack {not}--ctstate {states}"),
        Gen.Select(Not, Gen.OneOf("02:77:00:00:00:99", "02:77:00:00:00:02"), static (not, mac) => $"-m mac {not}--mac-source {mac}"),
        Gen.Select(Not, Gen.OneOf("eth+", "eth0", "lo"), static (not, name) => $"{not}-i {name}"),
        Gen.OneOf("-m mark --mark 0x10/0xf0", "-m mark ! --mark 0x0", "-m addrtype --dst-type LOCAL", "-m iprange --src-range 10.77.0.3-10.77.0.7", "-m comment --comment \"said \\\"so\\\"\"", "-m pkttype --pkt-type unicast"),
        Gen.Const(""));

    private static readonly Gen<string> Target = Gen.OneOf("-j ACCEPT", "-j ACCEPT", "-j DROP", "-j DROP", "-j RETURN", "-j REJECT --reject-with icmp-port-unreachable", "-j ONE", "-g ONE");

    private static Gen<string> Rule(string chain, Gen<string> target)
        => Gen.Select(Transport, Condition, target, (transport, condition, verdict) => $"-A {chain} {transport} {condition} {verdict}");

    /// <summary>Tables mangle, nat and filter, with a chain to go to.</summary>
    public static readonly Gen<string> Any = Gen.Select(
        Gen.OneOf("ACCEPT", "ACCEPT", "DROP"), Rule("INPUT", Target).Array[1, 6], Rule("ONE", Gen.OneOf("-j ACCEPT", "-j DROP", "-j RETURN")).Array[0, 3],
        Rule("PREROUTING", Gen.OneOf("-j MARK --set-xmark 0x10/0xffffffff", "-j MARK --set-xmark 0x1/0x1")).Array[0, 2], Gen.OneOf("", "-A PREROUTING -p tcp -m tcp --dport 81 -j REDIRECT --to-ports 80\n"),
        static (policy, input, one, marks, redirect) => $"""
            *mangle
            :PREROUTING ACCEPT [0:0]
            {string.Join('\n', marks)}
            COMMIT
            *nat
            :PREROUTING ACCEPT [0:0]
            {redirect}COMMIT
            *filter
            :INPUT {policy} [0:0]
            :ONE - [0:0]
            {string.Join('\n', input)}
            {string.Join('\n', one)}
            COMMIT

            """);
}
