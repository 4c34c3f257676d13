using System.Collections.Immutable;
using Entrepot.Ports.Declarations;

namespace Entrepot.Ports.Firewalls.Nftables;

/// <summary>A model as the kernel wants it: elements of sets that do not overlap, and the few rules that look them up. The rules do not
/// depend on how many services there are.</summary>
internal sealed record NftPlan
{
    private NftPlan(RuleModel model, ImmutableArray<NftLimit> limits, ImmutableArray<NftElement> elements)
        => (Floor, Undeclared, Limits, Elements) = (model.Floor, model.Undeclared, limits, elements);

    public SafetyFloor Floor { get; }

    public UndeclaredPorts Undeclared { get; }

    public ImmutableArray<NftLimit> Limits { get; }

    /// <summary>Ordered by set and key.</summary>
    public ImmutableArray<NftElement> Elements { get; }

    public static NftPlan Of(RuleModel model)
    {
        var elements = new List<NftElement>();
        elements.AddRange(AddressRange.Join(model.Floor.ManagementNetworks).Select(NftElement.Floor));
        elements.AddRange(Merge(model.Doors.Select(static door => (PortRange.Of(door), 0))).Select(static row => NftElement.Governed(row.Ports)));
        var open = model.Doors.Where(static door => !door.Blocked).ToList();
        var lasting = open.Where(static door => door.Expires is null).ToList();
        elements.AddRange(Merge(lasting.SelectMany(ByAddress)).Select(static row => NftElement.Allow(row.Ports, row.Way)));
        elements.AddRange(Merge(lasting.SelectMany(ByMac)).Select(static row => NftElement.Allow(row.Ports, row.Way)));
        elements.AddRange(Merge(lasting.SelectMany(ByBoth)).Select(static row => NftElement.Allow(row.Ports, row.Way.Mac, row.Way.Source)));
        var blocked = model.Doors.Where(static door => door.Blocked).ToList();
        var openings = model.Openings.Where(opening => !blocked.Exists(door => Covers(door, opening)));
        elements.AddRange(NftTimedWay.Elements([.. openings.Select(NftTimedWay.Of), .. open.SelectMany(NftTimedWay.Of)]));
        var limits = new SortedDictionary<string, NftLimit>(StringComparer.Ordinal);
        foreach (var door in model.Doors)
        {
            if (NftLimit.Of(door) is not { } limit)
                continue;
            limits.TryAdd(limit.Chain, limit);
            elements.Add(NftElement.Limit(PortRange.Of(door), limit));
        }

        elements.Sort();
        return new NftPlan(model, [.. limits.Values], [.. elements]);
    }

    /// <summary>True when the rules are the same, so that only elements differ.</summary>
    public bool HasRulesOf(NftPlan other)
        => Undeclared == other.Undeclared && Floor.ManagementPort == other.Floor.ManagementPort
            && Floor.ManagementNetworks.IsEmpty == other.Floor.ManagementNetworks.IsEmpty && Limits.SequenceEqual(other.Limits);

    private static bool Covers(Door door, Opening opening)
        => door.Protocol == opening.Protocol && door.First <= opening.Port && opening.Port <= door.Last;

    private static IEnumerable<(PortRange Ports, AddressRange Way)> ByAddress(Door door)
        => AddressRange.Join(door.Ways.Where(static way => way.Macs.IsEmpty).SelectMany(static way => way.Networks))
            .Select(range => (PortRange.Of(door), range));

    private static IEnumerable<(PortRange Ports, MacAddress Way)> ByMac(Door door)
        => door.Ways.Where(static way => way.Networks.IsEmpty).SelectMany(static way => way.Macs).Distinct().Select(mac => (PortRange.Of(door), mac));

    private static IEnumerable<(PortRange Ports, (MacAddress Mac, AddressRange Source) Way)> ByBoth(Door door)
        => door.Ways.Where(static way => !way.Networks.IsEmpty).SelectMany(static way => way.Macs.Select(mac => (mac, way.Networks)))
            .GroupBy(static pair => pair.mac, static pair => pair.Networks)
            .SelectMany(group => AddressRange.Join(group.SelectMany(static networks => networks)).Select(range => (PortRange.Of(door), (group.Key, range))));

    /// <summary>Joins adjacent ports that have the same way in. Doors of a protocol do not overlap, so neither do the results.</summary>
    private static IEnumerable<(PortRange Ports, TWay Way)> Merge<TWay>(IEnumerable<(PortRange Ports, TWay Way)> rows)
        where TWay : notnull
    {
        foreach (var group in rows.GroupBy(static row => (row.Ports.Protocol, row.Way)))
        {
            PortRange? current = null;
            foreach (var (ports, _) in group.OrderBy(static row => row.Ports.First))
            {
                if (current is { } before && before.Last + 1 == ports.First)
                {
                    current = before with { Last = ports.Last };
                    continue;
                }

                if (current is { } done)
                    yield return (done, group.Key.Way);
                current = ports;
            }

            yield return (current!.Value, group.Key.Way);
        }
    }
}
