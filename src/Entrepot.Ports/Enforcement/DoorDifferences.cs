using System.Collections.Immutable;
using System.Globalization;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Declarations;
using Entrepot.Ports.Firewalls;

namespace Entrepot.Ports.Enforcement;

/// <summary>Says what a change of rules means for whom.</summary>
public static class DoorDifferences
{
    /// <summary>One sentence for each difference, in order of ports; none when the rules are the same.</summary>
    /// <param name="from">The rules before, or null when there were none.</param>
    /// <param name="to">The rules after.</param>
    public static ImmutableArray<string> Describe(RuleModel? from, RuleModel to)
    {
        var lines = ImmutableArray.CreateBuilder<string>();
        if (from is null || from.Undeclared != to.Undeclared)
            lines.Add(to.Undeclared == UndeclaredPorts.Drop
                ? "Ports that no service declares are closed."
                : from is null ? "Ports that no service declares are left as they are." : "Ports that no service declares are left to other rules again.");
        if (from is null || !Same(from.Floor, to.Floor))
            lines.Add(string.Create(
                CultureInfo.InvariantCulture, $"The management port tcp/{to.Floor.ManagementPort} stays open to {List(to.Floor.ManagementNetworks.Select(static n => n.ToString()), "everybody")}."));
        var before = from?.Doors.ToDictionary(Key) ?? [];
        foreach (var door in to.Doors)
        {
            if (!before.Remove(Key(door), out var old))
                lines.Add($"{Name(door)} ('{door.Service}') is governed now: open to {Who(door)}{Limits(door)}.");
            else if (Who(old) != Who(door) || Limits(old) != Limits(door))
                lines.Add($"{Name(door)} ('{door.Service}'): open to {Who(door)}{Limits(door)}; before, to {Who(old)}{Limits(old)}.");
            else if (old.Service != door.Service)
                lines.Add($"{Name(door)} belongs to '{door.Service}' now, before to '{old.Service}'.");
        }

        foreach (var old in before.Values.OrderBy(static door => (door.Protocol, door.First)))
            lines.Add($"{Name(old)} ('{old.Service}') is not governed any more: {(to.Undeclared == UndeclaredPorts.Drop ? "closed to everybody" : "other rules on the machine decide")}.");
        return lines.ToImmutable();
    }

    private static (PortProtocol, int, int) Key(Door door) => (door.Protocol, door.First, door.Last);

    private static bool Same(SafetyFloor a, SafetyFloor b) => a.ManagementPort == b.ManagementPort && a.ManagementNetworks.SequenceEqual(b.ManagementNetworks);

    private static string Name(Door door)
        => string.Create(CultureInfo.InvariantCulture, $"{door.Protocol.Name()}/{door.First}{(door.First == door.Last ? "" : $"–{door.Last}")}");

    private static string Who(Door door) => door.Blocked
        ? "nobody (blocked)"
        : List(door.Ways.Select(static way => (way.Networks.IsEmpty, way.Macs.IsEmpty) switch
        {
            (false, true) => List(way.Networks.Select(static network => network.ToString()), ""),
            (true, false) => List(way.Macs.Select(static mac => mac.ToString()), ""),
            _ => $"{List(way.Networks.Select(static network => network.ToString()), "")} with {List(way.Macs.Select(static mac => mac.ToString()), "")}",
        }), "this machine only");

    private static string Limits(Door door)
    {
        var parts = new List<string>();
        if (door.Rate is { } rate)
            parts.Add(string.Create(CultureInfo.InvariantCulture, $"{rate.Count} new connections per source in {ModelRules.Text(rate.Per)}"));
        if (door.ConnectionsPerSource is { } perSource)
            parts.Add(string.Create(CultureInfo.InvariantCulture, $"{perSource} connections per source"));
        if (door.Connections is { } total)
            parts.Add(string.Create(CultureInfo.InvariantCulture, $"{total} connections"));
        return parts.Count == 0 ? "" : $", at most {string.Join(", ", parts)}";
    }

    /// <summary>A list that stays readable when it is long.</summary>
    private static string List(IEnumerable<string> items, string empty)
    {
        var all = items.ToList();
        return all.Count switch
        {
            0 => empty,
            <= 6 => string.Join(", ", all),
            _ => string.Create(CultureInfo.InvariantCulture, $"{string.Join(", ", all.Take(5))} and {all.Count - 5} more"),
        };
    }
}
