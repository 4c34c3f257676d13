using System.Collections.Immutable;
using System.Net;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Declarations;
using Entrepot.Ports.Firewalls;

namespace Entrepot.Tests.Ports.Firewalls;

/// <summary>Declarations and rules for tests.</summary>
internal static class TestRules
{
    public static DateTimeOffset Now { get; } = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);

    public static ServiceDeclaration Service(string name, int? port, params ReadOnlySpan<string> networks) => new()
    {
        Name = name,
        Port = port,
        Pool = port is null ? "edges" : null,
        Owner = "ops",
        Purpose = "a test",
        Allow = networks.Length == 0 ? [] : [Way(networks)],
    };

    public static AccessGrant Way(params ReadOnlySpan<string> networks)
        => new([.. networks.ToArray().Select(static network => IPNetwork.Parse(network))], [], string.Join(", ", networks.ToArray()));

    public static AccessGrant MacWay(string mac, params ReadOnlySpan<string> networks)
        => Way(networks) with { Macs = [Mac(mac)] };

    public static MacAddress Mac(string text) => MacAddress.TryParse(text, out var mac) ? mac : throw new FormatException(text);

    public static Door Door(string service, int first, int last, params ImmutableArray<AccessGrant> ways)
        => new(service, PortProtocol.Tcp, first, last, ways);

    public static RuleModel Model(params ImmutableArray<Door> doors) => new() { Floor = new SafetyFloor(22, []), Doors = doors };

    public static Opening Opening(long id, int port, string from, TimeSpan left)
        => new(id, PortProtocol.Tcp, port, IPNetwork.Parse(from), null, Now + left, "test", "uid:0");
}
