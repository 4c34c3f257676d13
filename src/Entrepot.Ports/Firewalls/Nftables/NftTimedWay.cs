using Entrepot.Ports.Declarations;

namespace Entrepot.Ports.Firewalls.Nftables;

/// <summary>A way in to one port that ends by itself: an opening, or a service whose declaration ends.</summary>
/// <param name="Port">The port.</param>
/// <param name="Source">The addresses, or null when <paramref name="Mac"/> alone decides.</param>
/// <param name="Mac">The Ethernet address, or null when <paramref name="Source"/> alone decides; where both are given, both must be true.</param>
/// <param name="Ends">When it ends, in UTC.</param>
internal readonly record struct NftTimedWay(PortRange Port, AddressRange? Source, MacAddress? Mac, DateTimeOffset Ends)
{
    public static NftTimedWay Of(Opening opening) => new(
        new PortRange(opening.Protocol, opening.Port, opening.Port), opening.From is { } from ? AddressRange.Of(from) : null, opening.Mac, opening.Ends);

    /// <summary>The ways of a door that expires, for each of its ports: openings know single ones, and no two elements may overlap.</summary>
    public static IEnumerable<NftTimedWay> Of(Door door)
    {
        if (door.Expires is not { } ends)
            yield break;
        for (var port = door.First; port <= door.Last; port++)
        {
            var range = new PortRange(door.Protocol, port, port);
            foreach (var source in AddressRange.Join(door.Ways.Where(static way => way.Macs.IsEmpty).SelectMany(static way => way.Networks)))
                yield return new NftTimedWay(range, source, null, ends);
            foreach (var way in door.Ways)
            {
                foreach (var mac in way.Macs.Distinct())
                {
                    if (way.Networks.IsEmpty)
                        yield return new NftTimedWay(range, null, mac, ends);
                    foreach (var source in AddressRange.Join(way.Networks))
                        yield return new NftTimedWay(range, source, mac, ends);
                }
            }
        }
    }

    /// <summary>Elements that do not overlap: what several ways cover ends when the last of them does.</summary>
    public static IEnumerable<NftElement> Elements(IEnumerable<NftTimedWay> ways)
    {
        foreach (var key in ways.GroupBy(static way => (way.Port, way.Mac)))
        {
            if (key.Key.Mac is { } alone && key.Where(static way => way.Source is null).Select(static way => (DateTimeOffset?)way.Ends).Max() is { } last)
                yield return NftElement.Open(key.Key.Port, alone, last);
            var taken = new List<AddressRange>();
            foreach (var way in key.Where(static way => way.Source is not null).OrderByDescending(static way => way.Ends).ThenBy(static way => way.Source!.Value.First))
            {
                foreach (var part in way.Source!.Value.Without(taken))
                    yield return way.Mac is { } mac ? NftElement.Open(key.Key.Port, mac, part, way.Ends) : NftElement.Open(key.Key.Port, part, way.Ends);
                taken.Add(way.Source.Value);
            }
        }
    }
}
