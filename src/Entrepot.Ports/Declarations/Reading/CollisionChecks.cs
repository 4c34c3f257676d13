using Entrepot.Ports.Allocation;

namespace Entrepot.Ports.Declarations.Reading;

/// <summary>No two services name the same port of a node, and none names a port that a pool gives to others.</summary>
internal static class CollisionChecks
{
    public static void Check(PortfileDraft draft, PortfileIssues issues)
    {
        foreach (var protocol in PortProtocols.All)
            Pairs([.. draft.Services.Where(service => service.Protocol == protocol && service is { Port: not null, Place: not null })], draft.Places, issues);
        foreach (var service in draft.Services)
            Strays(service, draft, issues);
    }

    /// <summary>Each service is reported once, with the first that it collides with.</summary>
    private static void Pairs(IReadOnlyList<ServiceDraft> services, PlacementMap places, PortfileIssues issues)
    {
        var reported = new HashSet<ServiceDraft>(ReferenceEqualityComparer.Instance);
        var open = new List<ServiceDraft>();
        foreach (var service in services.OrderBy(static service => service.Port).ThenBy(static service => service.Values.Node.Line))
        {
            open.RemoveAll(other => other.Last < service.Port);
            foreach (var other in open)
            {
                var (earlier, later) = IsAfter(service, other) ? (other, service) : (service, other);
                if (reported.Contains(later) || places.Meet(service.Place!, other.Place!) is var meet && meet == PlacementRelation.Never)
                    continue;
                reported.Add(later);
                Report(earlier, later, meet, issues);
            }

            open.Add(service);
        }
    }

    private static bool IsAfter(ServiceDraft one, ServiceDraft other)
        => (one.Values.Node.Line, one.Values.Node.Column).CompareTo((other.Values.Node.Line, other.Values.Node.Column)) > 0;

    private static void Report(ServiceDraft earlier, ServiceDraft later, PlacementRelation meet, PortfileIssues issues)
    {
        var at = later.Values.At(ServiceKeys.Port);
        var both = FormattableString.Invariant(
            $"{later.Title} wants {later.PortText} {later.Place}, and {earlier.Title} of line {earlier.Values.Node.Line} has {earlier.PortText} {earlier.Place}");
        if (meet == PlacementRelation.Always)
            issues.Error(at, $"{both}; expected different ports");
        else
            issues.Warn(at, $"{both}: they collide where that node is at that site; list the nodes of each site under 'sites' to have it checked");
    }

    private static void Strays(ServiceDraft service, PortfileDraft draft, PortfileIssues issues)
    {
        if (service is not { Port: { } first, Last: { } last, Place: { } place })
            return;
        foreach (var pool in draft.Pools)
        {
            if (ReferenceEquals(pool, service.Pool) || pool.Place is null || !pool.Touches(first, last) || draft.Places.Meet(place, pool.Place) == PlacementRelation.Never)
                continue;
            var range = FormattableString.Invariant($"{pool.Title} ({pool.Range?.First}–{pool.Range?.Last}) of line {pool.Values.Node.Line}");
            issues.Warn(
                service.Values.At(ServiceKeys.Port),
                $"{service.Title} wants {service.PortText}, which {range} may give to others; name the pool, or choose another port");
            return;
        }
    }
}
