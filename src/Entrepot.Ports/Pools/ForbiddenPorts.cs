using Entrepot.Ports.Allocation;

namespace Entrepot.Ports.Pools;

/// <summary>A port of the block list.</summary>
/// <param name="First">Lowest port.</param>
/// <param name="Last">Highest port, included.</param>
/// <param name="Protocol">The transport, or null for all.</param>
/// <param name="Known">What runs there by convention.</param>
/// <param name="Danger">Why a listener of ours must not be mistaken for it.</param>
public sealed record ForbiddenPort(int First, int Last, PortProtocol? Protocol, string Known, string Danger);

/// <summary>The block list: numbers whose usual service is a finding wherever it is seen, so that every scanner, firewall and auditor
/// would take a listener there for it. A default of ours, after what hardening guides and compliance checkers look for; no standard
/// publishes one.</summary>
public static class ForbiddenPorts
{
    private const string ClearText = "clear-text login or transfer";
    private const string Lateral = "lateral movement";
    private const string DataStore = "data stores that often lack authentication";
    private const string Control = "control planes that hand over the machine";
    private const string Amplifier = "reflection and amplification attacks";

    /// <summary>The list.</summary>
    public static IReadOnlyList<ForbiddenPort> All { get; } =
    [
        new(17, 17, null, "qotd", Amplifier),
        new(19, 19, null, "chargen", Amplifier),
        new(20, 21, PortProtocol.Tcp, "FTP", ClearText),
        new(23, 23, PortProtocol.Tcp, "Telnet", ClearText),
        new(53, 53, PortProtocol.Udp, "DNS", Amplifier),
        new(69, 69, PortProtocol.Udp, "TFTP", ClearText),
        new(79, 79, PortProtocol.Tcp, "finger", ClearText),
        new(111, 111, null, "rpcbind", Lateral),
        new(123, 123, PortProtocol.Udp, "NTP", Amplifier),
        new(135, 135, null, "Windows RPC", Lateral),
        new(137, 139, null, "NetBIOS", Lateral),
        new(161, 161, PortProtocol.Udp, "SNMP", Amplifier),
        new(389, 389, PortProtocol.Udp, "CLDAP", Amplifier),
        new(445, 445, null, "SMB", Lateral),
        new(512, 514, PortProtocol.Tcp, "rexec, rlogin, rsh", ClearText),
        new(515, 515, PortProtocol.Tcp, "LPD printing", Lateral),
        new(593, 593, PortProtocol.Tcp, "RPC over HTTP", Lateral),
        new(623, 623, PortProtocol.Udp, "IPMI", Control),
        new(873, 873, PortProtocol.Tcp, "rsync daemon", ClearText),
        new(1099, 1099, PortProtocol.Tcp, "Java RMI", Control),
        new(1433, 1434, null, "Microsoft SQL Server", DataStore),
        new(1521, 1521, PortProtocol.Tcp, "Oracle", DataStore),
        new(1900, 1900, PortProtocol.Udp, "SSDP", Amplifier),
        new(2049, 2049, null, "NFS", Lateral),
        new(2181, 2181, PortProtocol.Tcp, "ZooKeeper", DataStore),
        new(2375, 2376, PortProtocol.Tcp, "Docker API", Control),
        new(2379, 2379, PortProtocol.Tcp, "etcd", Control),
        new(3306, 3306, PortProtocol.Tcp, "MySQL", DataStore),
        new(3389, 3389, null, "Remote Desktop", Lateral),
        new(3702, 3702, PortProtocol.Udp, "WS-Discovery", Amplifier),
        new(4243, 4243, PortProtocol.Tcp, "Docker API", Control),
        new(5005, 5005, PortProtocol.Tcp, "Java debugger", Control),
        new(5432, 5432, PortProtocol.Tcp, "PostgreSQL", DataStore),
        new(5900, 5901, PortProtocol.Tcp, "VNC", ClearText),
        new(5984, 5984, PortProtocol.Tcp, "CouchDB", DataStore),
        new(5985, 5985, PortProtocol.Tcp, "WinRM over HTTP", Lateral),
        new(6000, 6063, PortProtocol.Tcp, "X11", Lateral),
        new(6379, 6379, PortProtocol.Tcp, "Redis", DataStore),
        new(8009, 8009, PortProtocol.Tcp, "AJP", Control),
        new(8500, 8500, PortProtocol.Tcp, "Consul", Control),
        new(9010, 9010, PortProtocol.Tcp, "JMX", Control),
        new(9092, 9092, PortProtocol.Tcp, "Kafka", DataStore),
        new(9100, 9100, PortProtocol.Tcp, "raw printing", Lateral),
        new(9200, 9200, PortProtocol.Tcp, "Elasticsearch", DataStore),
        new(9300, 9300, PortProtocol.Tcp, "Elasticsearch", DataStore),
        new(10250, 10250, PortProtocol.Tcp, "kubelet", Control),
        new(10255, 10255, PortProtocol.Tcp, "kubelet", Control),
        new(11211, 11211, null, "Memcached", DataStore),
        new(27017, 27017, PortProtocol.Tcp, "MongoDB", DataStore),
        new(50070, 50070, PortProtocol.Tcp, "Hadoop", Control),
    ];

    /// <summary>The list as a rule of the allocator.</summary>
    public static PortConstraint Constraint(PortProtocol protocol) => Constraints[(int)protocol];

    private static PortConstraint[] Constraints { get; } = [.. PortProtocols.All.Select(Make)];

    private static PortConstraint Make(PortProtocol protocol)
    {
        var details = All
            .Where(port => port.Protocol is null || port.Protocol == protocol)
            .SelectMany(static port => Enumerable.Range(port.First, port.Last - port.First + 1)
                .Select(number => (number, text: $"is on the block list ({port.Known}: {port.Danger})")))
            .ToDictionary(static pair => pair.number, static pair => pair.text);
        return new PortConstraint(PortRule.Forbidden, PortEffect.Veto, PortSet.Of(details.Keys), "is on the block list") { Details = details };
    }
}
