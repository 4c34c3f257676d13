using Entrepot.Core.Documents;
using Entrepot.Ports.Pools;

namespace Entrepot.Ports.Declarations.Reading;

/// <summary>What one service says fits together.</summary>
internal static class ServiceChecks
{
    /// <param name="draft">The file.</param>
    /// <param name="now">When it is read, or null to leave expiry alone.</param>
    /// <param name="issues">Takes the reports.</param>
    public static void Check(PortfileDraft draft, DateTimeOffset? now, PortfileIssues issues)
    {
        if (draft.Profile == PolicyProfile.Regulated && draft.Management.Get(ManagementKeys.From, []).Count == 0 && !draft.Management.IsBroken(ManagementKeys.From))
            issues.Error(
                draft.Management.At(ManagementKeys.From) is var at && draft.Management.Has(ManagementKeys.From) ? at : draft.Policy.At(PolicyKeys.Management, PolicyKeys.Profile),
                "policy.management.from is empty: administration stays open to everybody; expected its networks, because policy.profile is regulated");
        foreach (var service in draft.Services)
        {
            Pool(service, draft, issues);
            Dynamics(service, draft, issues);
            Access(service, draft, issues);
            var values = service.Values;
            if (values.TryGet(ServiceKeys.Expires, out var end) && end <= now)
                issues.Warn(values.At(ServiceKeys.Expires), $"{service.Title} has expired: its doors are closed; extend it or take it out");
            if (values.TryGet(ServiceKeys.Connections, out var all) && values.TryGet(ServiceKeys.ConnectionsPerSource, out var each) && each > all)
                issues.Error(
                    values.At(ServiceKeys.ConnectionsPerSource),
                    FormattableString.Invariant($"{values.Path}.connectionsPerSource {each} is more than connections {all}; expected at most that"));
        }
    }

    private static void Pool(ServiceDraft service, PortfileDraft draft, PortfileIssues issues)
    {
        var values = service.Values;
        if (service.Last > FieldTypes.MaxPort)
            issues.Error(values.At(ServiceKeys.Ports), FormattableString.Invariant($"{service.Title} wants {service.Ports} ports from {service.Port} on, which ends beyond {FieldTypes.MaxPort}"));
        if (service.Pool is not { } pool)
            return;
        if (service.Place is { } inner && pool.Place is { } outer)
        {
            var covers = draft.Places.Covers(outer, inner);
            if (covers == PlacementRelation.Never)
                issues.Error(values.At(ServiceKeys.Pool), $"{service.Title} is {inner}, and {pool.Title} is {outer}; expected a pool that is wherever the service is");
            else if (covers == PlacementRelation.Perhaps)
                issues.Warn(values.At(ServiceKeys.Pool), $"{service.Title} is {inner}, and {pool.Title} is {outer}; list the nodes of each site under 'sites' to have it checked");
        }

        if (pool.Range is not var (first, last) || values.IsBroken(ServiceKeys.Port))
            return;
        var range = FormattableString.Invariant($"{pool.Title} ({first}–{last})");
        if (service.Port is { } port)
        {
            if (pool.Strategy == PoolStrategy.Dynamic && !pool.Values.IsBroken(PoolKeys.Strategy))
                issues.Error(values.At(ServiceKeys.Port), $"{service.Title} names its port, and {range} is dynamic: it gives ports itself; leave out port or pool, or make the pool hybrid");
            else if (!pool.Contains(port, service.Last!.Value))
                issues.Error(values.At(ServiceKeys.Port), $"{service.Title} wants {service.PortText}, which is not within {range}");
        }
        else if (pool.Strategy == PoolStrategy.Static)
        {
            issues.Error(values.At(ServiceKeys.Pool), $"{service.Title} names no port, and {range} is static: it gives none itself; name one of its ports");
        }
        else if (service.Ports > pool.Size)
        {
            issues.Error(values.At(ServiceKeys.Ports), FormattableString.Invariant($"{service.Title} wants {service.Ports} adjacent ports, and {range} has {pool.Size}"));
        }
    }

    private static void Dynamics(ServiceDraft service, PortfileDraft draft, PortfileIssues issues)
    {
        var values = service.Values;
        var rotates = values.Has(ServiceKeys.Rotate);
        if (draft.DynamicPorts == DynamicPortRule.Forbid)
        {
            if (!values.Has(ServiceKeys.Port))
                issues.Error(values.At(ServiceKeys.Pool), $"{service.Title} names no port, and policy.dynamicPorts forbids that one is chosen for it; expected a port");
            if (rotates)
                issues.Error(values.At(ServiceKeys.Rotate), $"{service.Title} rotates its port, and policy.dynamicPorts forbids that");
        }

        if (rotates && values.Has(ServiceKeys.Port))
            issues.Error(values.At(ServiceKeys.Rotate), $"{service.Title} rotates its port and names one; expected a pool that gives ports, and no port");
        var overlap = values.Get(ServiceKeys.RotationOverlap, DefaultOverlap);
        if (values.TryGet(ServiceKeys.Rotate, out var period) && overlap >= period && !values.IsBroken(ServiceKeys.RotationOverlap))
            issues.Error(
                values.At(ServiceKeys.RotationOverlap, ServiceKeys.Rotate),
                $"{values.Path}.rotationOverlap {Duration.Format(overlap)} is not shorter than rotate {Duration.Format(period)}; a third port would be needed");
        if (!rotates && values.Has(ServiceKeys.RotationOverlap))
            issues.Warn(values.At(ServiceKeys.RotationOverlap), $"{service.Title} does not rotate, so rotationOverlap does nothing");
        if (values.Has(ServiceKeys.Mode) && values.Has(ServiceKeys.Port))
            issues.Warn(values.At(ServiceKeys.Mode), $"{service.Title} names its port, so mode does nothing");
    }

    private static readonly TimeSpan DefaultOverlap = new ServiceDeclaration { Name = "", Owner = "", Purpose = "" }.RotationOverlap;

    private static void Access(ServiceDraft service, PortfileDraft draft, PortfileIssues issues)
    {
        var values = service.Values;
        var facesLoopback = values.TryGet(ServiceKeys.Zone, out var own) && draft.ZonesByName.TryGetValue(own, out var zone)
            && zone.TryGet(ZoneKeys.Facing, out var facing) && facing == ZoneFacing.Loopback;
        if (values.IsBroken(ServiceKeys.Allow))
            return;
        var grants = values.Get(ServiceKeys.Allow, []);
        if (grants.Count == 0 && !facesLoopback)
            issues.Warn(values.At(ServiceKeys.Allow, ServiceKeys.Name), $"{service.Title} allows nobody but this machine; say who may reach it, or give it a zone that faces loopback");
        if (!facesLoopback)
            return;
        foreach (var grant in grants)
        {
            if (IsElsewhere(grant, draft))
                issues.Error(grant.Node, $"{grant.Path} lets in others, and {service.Title} is in zone '{own}', which faces loopback; take one of them out");
        }
    }

    private static bool IsElsewhere(GroupValues grant, PortfileDraft draft)
    {
        if (grant.TryGet(GrantKeys.Zone, out var name) && draft.ZonesByName.TryGetValue(name, out var zone))
            return zone.TryGet(ZoneKeys.Facing, out var facing) && facing != ZoneFacing.Loopback;
        if (grant.TryGet(GrantKeys.Cidr, out var network))
            return !LoopbackNetworks.Contain(network);
        if (grant.TryGet(GrantKeys.Identity, out var person) && draft.IdentitiesByName.TryGetValue(person, out var identity))
            return identity.Get(IdentityKeys.Networks, []) is var networks && (networks.Count == 0 || !networks.All(LoopbackNetworks.Contain));
        return grant.TryGet(GrantKeys.Mac, out _);
    }
}
