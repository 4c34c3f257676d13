using CsCheck;

namespace Entrepot.SystemTests.Ports.Firewalls;

/// <summary>Portfiles of one host, about the ports and senders of <see cref="RandomPackets"/>.</summary>
internal static class RandomPortfiles
{
    private static readonly Gen<string> Grant = Gen.OneOf(
        "cidr: 10.77.0.2", "cidr: 10.77.0.0/29", "cidr: 10.77.0.4/30", "cidr: 0.0.0.0/0", "cidr: \"fd77::2\"", "cidr: \"fd77::/125\"", "cidr: \"::/0\"",
        "zone: near", "identity: card", "identity: machine").Select(static grant => $"{{{grant}}}");

    // Limits are so wide that no test reaches them.
    private static readonly Gen<string> Limits = Gen.OneOf("", "", "", "\n    rate: 5000/hour", "\n    connections: 5000", "\n    connectionsPerSource: 5000");

    private static readonly Gen<string> Service = Gen.Select(
        Gen.OneOf("tcp", "udp"), Gen.OneOf("port: 80", "port: 81", "port: 89\n    ports: 3", "port: 1023\n    ports: 2", "port: 8080"), Grant.Array[0, 4], Limits,
        static (protocol, port, grants, limits) => $"""
              - name: {protocol}-{port[6..8]}-{port.Length}
                protocol: {protocol}
                {port}
                accept: [forbidden]
                owner: test
                purpose: to be judged
                allow: [{string.Join(", ", grants.Distinct())}]{limits}
            """);

    public static readonly Gen<string> Any = Gen.Select(
        Gen.OneOf("leave", "drop"), Gen.OneOf("{port: 22}", "{port: 22, from: [10.77.0.0/29]}", "{port: 22, from: [\"fd77::/125\", 10.77.0.8]}"), Service.Array[1, 8],
        static (undeclared, management, services) => $"""
            policy:
              undeclared: {undeclared}
              management: {management}
            zones:
              - name: near
                facing: internal
                networks: [10.77.0.0/30, "fd77::/126"]
            identities:
              - name: card
                macs: ["02:77:00:00:00:99"]
              - name: machine
                networks: [10.77.0.2, 10.77.0.3, "fd77::2"]
                macs: ["02:77:00:00:00:02"]
            services:
            {string.Join('\n', services.DistinctBy(static service => service.Split('\n')[0]))}
            """);
}
