using System.Globalization;
using System.Net.Sockets;
using Entrepot.Core.Changes;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Declarations;
using Entrepot.Ports.Firewalls;

namespace Entrepot.Ports.Changes;

/// <summary>Who reaches what by one rule model and not by another, port by port: exact, as sets of addresses.</summary>
internal static class DoorDifference
{
    /// <summary>Most networks that one effect names.</summary>
    private const int MaxNamed = 6;

    public static IEnumerable<ChangeEffect> Of(RuleModel before, RuleModel after)
    {
        foreach (var protocol in before.Doors.Concat(after.Doors).Select(static door => door.Protocol).Distinct().Order())
        {
            var (old, next) = (Of(before, protocol), Of(after, protocol));
            // Between two neighbouring bounds every port has the same door before, and the same after.
            var bounds = old.Concat(next).SelectMany(static door => new[] { door.First, door.Last + 1 }).Distinct().Order().ToList();
            var told = new List<(int First, int Last, ChangeEffect Effect)>();
            for (var i = 0; i + 1 < bounds.Count; i++)
            {
                foreach (var effect in Compare(At(old, bounds[i]), At(next, bounds[i])))
                    told.Add((bounds[i], bounds[i + 1] - 1, effect));
            }

            foreach (var (first, last, effect) in Join(told))
                yield return effect with { Subject = string.Create(CultureInfo.InvariantCulture, $"{protocol.Name()}/{first}{(first == last ? "" : $"-{last}")}") };
        }
    }

    private static List<Door> Of(RuleModel model, PortProtocol protocol) => [.. model.Doors.Where(door => door.Protocol == protocol)];

    /// <summary>Doors are in order and do not overlap.</summary>
    private static Door? At(List<Door> doors, int port)
    {
        var (low, high) = (0, doors.Count - 1);
        while (low <= high)
        {
            var middle = (low + high) / 2;
            if (port < doors[middle].First)
                high = middle - 1;
            else if (port > doors[middle].Last)
                low = middle + 1;
            else
                return doors[middle];
        }

        return null;
    }

    private static IEnumerable<ChangeEffect> Compare(Door? before, Door? after)
    {
        var service = $"'{(after ?? before)?.Service}'";
        var (old, next) = (Sources(before), Sources(after));
        var (opened, closed) = (Minus(next.Addresses, old.Addresses), Minus(old.Addresses, next.Addresses));
        if (opened.Count > 0)
            yield return new ChangeEffect(opened.Exists(IsEverybody) ? EffectWeight.Danger : EffectWeight.Attention, "", $"of {service} opens to {Name(opened)}");
        if (closed.Count > 0)
            yield return new ChangeEffect(EffectWeight.Attention, "", $"of {service} closes to {Name(closed)}");
        foreach (var way in next.Others.Except(old.Others, StringComparer.Ordinal))
            yield return new ChangeEffect(EffectWeight.Attention, "", $"of {service} opens to {way}");
        foreach (var way in old.Others.Except(next.Others, StringComparer.Ordinal))
            yield return new ChangeEffect(EffectWeight.Attention, "", $"of {service} closes to {way}");
        if (before is null && after is not null && next.Addresses.Count == 0 && next.Others.Count == 0)
            yield return new ChangeEffect(EffectWeight.Note, "", $"of {service} is closed to everybody but the machine itself");
        if (before is not null && after is null)
            yield return new ChangeEffect(EffectWeight.Attention, "", $"of {service} is governed no more: what the policy says of undeclared ports holds for it");
    }

    private static (IReadOnlyList<AddressRange> Addresses, List<string> Others) Sources(Door? door)
    {
        if (door is null)
            return ([], []);
        return (
            AddressRange.Join(door.Ways.Where(static way => way.Macs.IsEmpty).SelectMany(static way => way.Networks)),
            [.. door.Ways.Where(static way => !way.Macs.IsEmpty).Select(Describe)]);
    }

    private static string Describe(AccessGrant way)
        => $"{string.Join(", ", way.Macs)}{(way.Networks.IsEmpty ? "" : $" at {string.Join(", ", way.Networks)}")}";

    private static List<AddressRange> Minus(IReadOnlyList<AddressRange> these, IReadOnlyList<AddressRange> those) => [.. these.SelectMany(range => range.Without(those))];

    private static bool IsEverybody(AddressRange range)
        => range.First == 0 && range.Last == (range.Family == AddressFamily.InterNetwork ? uint.MaxValue : UInt128.MaxValue);

    private static string Name(List<AddressRange> ranges)
        => string.Join(", ", ranges.Take(MaxNamed).Select(static range => !IsEverybody(range) ? range.ToString() : range.Family == AddressFamily.InterNetwork ? "everybody by IPv4" : "everybody by IPv6"))
            + (ranges.Count > MaxNamed ? string.Create(CultureInfo.InvariantCulture, $" and {ranges.Count - MaxNamed} more ranges") : "");

    /// <summary>Neighbouring spans with the same effect as one.</summary>
    private static List<(int First, int Last, ChangeEffect Effect)> Join(List<(int First, int Last, ChangeEffect Effect)> told)
    {
        var joined = new List<(int First, int Last, ChangeEffect Effect)>();
        foreach (var (first, last, effect) in told)
        {
            var at = joined.FindLastIndex(span => span.Effect == effect && span.Last == first - 1);
            if (at >= 0)
                joined[at] = joined[at] with { Last = last };
            else
                joined.Add((first, last, effect));
        }

        return joined;
    }
}
