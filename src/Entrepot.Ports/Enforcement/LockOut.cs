using System.Collections.Immutable;
using System.Globalization;
using Entrepot.Core.Faults;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Declarations;
using Entrepot.Ports.Firewalls;

namespace Entrepot.Ports.Enforcement;

/// <summary>Finds rules that would cut somebody's way to the machine, before they are applied. An established session would survive
/// them, but not its loss: the question is whether it could be made again.</summary>
public static class LockOut
{
    /// <summary>A reason for every connection that could not be made again.</summary>
    public static ImmutableArray<Fault> Find(RuleModel model, IEnumerable<OperatorConnection> connections)
        => [.. connections.Where(connection => !Admits(model, connection)).Select(static connection => Fault.Of(
            FirewallFault.LockOut, FaultKind.Conflict,
            string.Create(
                CultureInfo.InvariantCulture,
                $"These rules would lock out {connection.Whose} from {connection.Source} to tcp/{connection.Port}."),
            "Let that address in: as a way in of the service, or in policy.management, whose port and networks stay open whatever the rest says."))];

    private static bool Admits(RuleModel model, OperatorConnection connection)
    {
        var source = connection.Source.IsIPv4MappedToIPv6 ? connection.Source.MapToIPv4() : connection.Source;
        if (System.Net.IPAddress.IsLoopback(source))
            return true;
        var floor = model.Floor;
        if (connection.Port == floor.ManagementPort && (floor.ManagementNetworks.IsEmpty || floor.ManagementNetworks.Any(network => network.Contains(source))))
            return true;
        var door = model.Doors.FirstOrDefault(door => door.Protocol == PortProtocol.Tcp && door.First <= connection.Port && connection.Port <= door.Last);
        if (door is null)
            return model.Undeclared == UndeclaredPorts.Leave;
        // Which Ethernet address a packet will show is not known here; only what needs none counts.
        return !door.Blocked && door.Ways.Any(way => way.Macs.IsEmpty && way.Networks.Any(network => network.Contains(source)));
    }
}
