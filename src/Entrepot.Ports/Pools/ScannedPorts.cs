using System.Collections.Frozen;
using Entrepot.Ports.Allocation;

namespace Entrepot.Ports.Pools;

/// <summary>Numbers that draw attention: a choice of ours after what internet-wide scans try first and what people take for something
/// else. No standard publishes such a list; it lowers a score and forbids nothing.</summary>
public static class ScannedPorts
{
    // A service that is worth attacking, and by which other numbers people hide it.
    private static readonly FrozenDictionary<int, string> LookAlikes = new (string Name, int[] Ports)[]
    {
        ("SSH", [2022, 2202, 2220, 2222, 8022, 10022, 20022, 22022, 22222, 52222]),
        ("Telnet", [2323, 8023, 23023, 23231]),
        ("SMB", [1445, 4445, 14445, 44445]),
        ("Remote Desktop", [3388, 3390, 3391, 13389, 23389, 33389, 33890, 43389, 53389, 63389]),
        ("MySQL", [3307, 3308, 13306, 23306, 33060, 33306, 43306, 53306, 63306]),
        ("PostgreSQL", [5433, 5434, 15432, 25432, 35432, 45432, 55432]),
        ("Redis", [6380, 6381, 16379, 26379, 36379, 46379, 56379]),
        ("MongoDB", [27018, 27019, 37017, 47017, 57017]),
        ("SQL Server", [11433, 14330, 14333, 21433, 31433, 41433, 51433, 61433]),
        ("VNC", [5902, 5903, 5904, 15900, 25900, 35900, 45900, 55900]),
        ("the Docker API", [12375, 22375, 32375, 42375, 52375, 62375]),
    }.SelectMany(static entry => entry.Ports.Select(port => KeyValuePair.Create(port, entry.Name))).ToFrozenDictionary();

    /// <summary>Numbers known from malware or pranks, which intrusion detection alarms on.</summary>
    public static PortSet Notorious { get; } = PortSet.Of(
        666, 1234, 1337, 3127, 4444, 4899, 5554, 6666, 6667, 6969, 7777, 9996, 9999, 12345, 12346, 16660, 20034, 27374, 27665, 31335,
        31337, 31338, 54320, 54321, 65000);

    /// <summary>Numbers of services of ours and others that scans of the whole internet try first.</summary>
    public static PortSet Hot { get; } = PortSet.Of(
        21, 22, 25, 53, 80, 81, 82, 88, 110, 143, 443, 465, 587, 993, 995, 1080, 1723, 1883, 2082, 2083, 2086, 2087, 3000, 3128, 4443,
        5000, 5001, 5060, 5555, 5601, 5672, 5683, 7001, 7547, 8000, 8001, 8008, 8080, 8081, 8088, 8089, 8090, 8443, 8545, 8728, 8888, 8983,
        9000, 9001, 9042, 9090, 9443, 10000, 10443, 15672, 37215, 49152, 50000, 52869, 60001);

    /// <summary>What people take the number for, or null.</summary>
    public static string? LooksLike(int port) => LookAlikes.GetValueOrDefault(port);
}
