using System.Collections.Frozen;
using Entrepot.Ports.Allocation;

namespace Entrepot.Ports.Pools;

/// <summary>A number that people and programs expect a service on.</summary>
/// <param name="Port">The number.</param>
/// <param name="Protocol">The transport.</param>
/// <param name="Name">What they expect there.</param>
public sealed record WellKnownService(int Port, PortProtocol Protocol, string Name);

/// <summary>The customary numbers that matter to the allocator: a choice of ours from the IANA registry and from what is in use, not
/// the registry itself. What <see cref="ForbiddenPorts"/> lists needs no line here.</summary>
public static class WellKnownServices
{
    private const string Both = "tcp udp";

    private static readonly (string Names, string Transports, int[] Ports)[] Source =
    [
        ("ssh sftp git-ssh", "tcp", [22]),
        ("smtp mail", "tcp", [25]),
        ("dns resolver", Both, [53]),
        ("http web www", "tcp", [80, 8080]),
        ("kerberos", Both, [88]),
        ("pop3", "tcp", [110]),
        ("ntp", "udp", [123]),
        ("imap", "tcp", [143]),
        ("bgp", "tcp", [179]),
        ("ldap", "tcp", [389]),
        ("https tls", "tcp", [443, 8443]),
        ("quic http3", "udp", [443]),
        ("smtps submissions", "tcp", [465]),
        ("syslog", "udp", [514]),
        ("submission", "tcp", [587]),
        ("ipp cups", "tcp", [631]),
        ("ldaps", "tcp", [636]),
        ("dot dns-over-tls", "tcp", [853]),
        ("imaps", "tcp", [993]),
        ("pop3s", "tcp", [995]),
        ("socks", "tcp", [1080]),
        ("openvpn", Both, [1194]),
        ("mqtt", "tcp", [1883]),
        ("mqtts", "tcp", [8883]),
        ("radius", "udp", [1812, 1813]),
        ("m3ua sigtran", "sctp", [2905]),
        ("s1ap lte", "sctp", [36412]),
        ("ngap 5g", "sctp", [38412]),
        ("x2ap", "sctp", [36422]),
        ("diameter", "tcp sctp", [3868]),
        ("grafana", "tcp", [3000]),
        ("squid proxy", "tcp", [3128]),
        ("iscsi", "tcp", [3260]),
        ("stun turn", Both, [3478]),
        ("nut ups", "tcp", [3493]),
        ("svn", "tcp", [3690]),
        ("ipsec-nat-t", "udp", [4500]),
        ("amqp rabbitmq", "tcp", [5672]),
        ("amqps", "tcp", [5671]),
        ("coap", "udp", [5683]),
        ("coaps", "udp", [5684]),
        ("sip", Both, [5060]),
        ("sips", "tcp", [5061]),
        ("xmpp", "tcp", [5222, 5269]),
        ("mdns", "udp", [5353]),
        ("kibana", "tcp", [5601]),
        ("registry oci docker-registry", "tcp", [5000]),
        ("bittorrent", "tcp", [6881]),
        ("kubernetes kube-apiserver", "tcp", [6443]),
        ("cassandra", "tcp", [9042]),
        ("bitcoin seaweedfs", "tcp", [8333]),
        ("influxdb", "tcp", [8086]),
        ("vault", "tcp", [8200]),
        ("nats", "tcp", [4222]),
        ("alertmanager", "tcp", [9093]),
        ("prometheus", "tcp", [9090]),
        ("minio s3", "tcp", [9000]),
        ("git", "tcp", [9418]),
        ("otlp opentelemetry", "tcp", [4317, 4318]),
        ("zabbix", "tcp", [10050, 10051]),
        ("wireguard", "udp", [51820]),
        ("vxlan", "udp", [4789, 8472]),
        ("rtmp", "tcp", [1935]),
        ("rtsp", "tcp", [554, 8554]),
        ("postgres postgresql", "tcp", [5432]),
        ("mysql mariadb", "tcp", [3306]),
        ("redis", "tcp", [6379]),
        ("mongodb mongo", "tcp", [27017]),
        ("elasticsearch", "tcp", [9200]),
        ("kafka", "tcp", [9092]),
        ("etcd", "tcp", [2379, 2380]),
        ("consul", "tcp", [8500]),
        ("nfs", "tcp", [2049]),
        ("rsync", "tcp", [873]),
        ("memcached", "tcp", [11211]),
        ("zookeeper", "tcp", [2181]),
        ("rdp", "tcp", [3389]),
    ];

    /// <summary>All of them, by transport and number.</summary>
    public static IReadOnlyList<WellKnownService> All { get; } =
        [.. Read().Select(static entry => new WellKnownService(entry.Port, entry.Protocol, entry.Names[0])).OrderBy(static service => (service.Protocol, service.Port))];

    private static readonly FrozenDictionary<(PortProtocol, int), WellKnownService> ByPort =
        All.DistinctBy(static service => (service.Protocol, service.Port)).ToFrozenDictionary(static service => (service.Protocol, service.Port));

    private static readonly FrozenDictionary<(PortProtocol, string), IReadOnlyList<WellKnownService>> ByName = Read()
        .SelectMany(static entry => entry.Names.Select(name => (Key: (entry.Protocol, name), Service: new WellKnownService(entry.Port, entry.Protocol, entry.Names[0]))))
        .GroupBy(static pair => pair.Key, static pair => pair.Service)
        .ToFrozenDictionary(static group => group.Key, static group => (IReadOnlyList<WellKnownService>)[.. group]);

    /// <summary>Who has a number by custom, or null.</summary>
    public static WellKnownService? On(int port, PortProtocol protocol) => ByPort.GetValueOrDefault((protocol, port));

    /// <summary>The customary numbers of a service, by its name or a part of it between hyphens: <c>orders-postgres-2</c> is a
    /// PostgreSQL. Empty for a name that says nothing.</summary>
    public static IReadOnlyList<WellKnownService> Of(string service, PortProtocol protocol)
    {
        if (ByName.TryGetValue((protocol, service), out var whole))
            return whole;
        foreach (var part in service.Split('-'))
        {
            if (ByName.TryGetValue((protocol, part), out var found))
                return found;
        }

        return [];
    }

    private static IEnumerable<(int Port, PortProtocol Protocol, string[] Names)> Read()
        => from line in Source
           from transport in line.Transports.Split(' ')
           from port in line.Ports
           select (port, PortProtocols.TryParse(transport, out var protocol) ? protocol : default, line.Names.Split(' '));
}
