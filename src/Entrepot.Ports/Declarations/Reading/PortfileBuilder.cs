using System.Collections.Immutable;
using System.Net;
using Entrepot.Ports.Pools;

namespace Entrepot.Ports.Declarations.Reading;

/// <summary>Makes the records of a file that holds no error.</summary>
internal static class PortfileBuilder
{
    private static readonly ImmutableArray<IPNetwork> Anyone = [IPNetwork.Parse("0.0.0.0/0"), IPNetwork.Parse("::/0")];

    public static Portfile Build(PortfileDraft draft)
    {
        var zones = draft.Zones.Select(Zone).ToImmutableArray();
        var identities = draft.Identities.Select(Identity).ToImmutableArray();
        var byZone = zones.ToDictionary(static zone => zone.Name, StringComparer.Ordinal);
        var byIdentity = identities.ToDictionary(static identity => identity.Name, StringComparer.Ordinal);
        return new Portfile
        {
            Policy = Policy(draft),
            Sites = [.. draft.Sites.Select(static site => new SiteDeclaration(site.Get(SiteKeys.Name, ""), [.. site.Get(SiteKeys.Nodes, [])]))],
            Zones = zones,
            Identities = identities,
            Pools = [.. draft.Pools.Select(static pool => new PoolDeclaration(
                pool.Place!, new PortPool(pool.Name!, pool.Range!.Value.First, pool.Range.Value.Last, pool.Strategy),
                pool.Values.Get(PoolKeys.Spare, PoolDeclaration.DefaultSpareShare)))],
            Services = [.. draft.Services.Select(service => Service(service, byZone, byIdentity))],
        };
    }

    private static PortfilePolicy Policy(PortfileDraft draft)
    {
        var usual = new PortfilePolicy();
        var policy = draft.Policy;
        return new PortfilePolicy
        {
            Profile = draft.Profile,
            DynamicPorts = draft.DynamicPorts,
            Undeclared = policy.Get(PolicyKeys.Undeclared, usual.Undeclared),
            LongestOpening = policy.Get(PolicyKeys.LongestOpening, usual.LongestOpening),
            ManagementPort = draft.Management.Get(ManagementKeys.Port, usual.ManagementPort),
            ManagementNetworks = [.. draft.Management.Get(ManagementKeys.From, [])],
            Strangers = policy.Get(PolicyKeys.Strangers, usual.Strangers),
            KubernetesNodePorts = policy.TryGet(PolicyKeys.KubernetesNodePorts, out var range) ? new NodePortRange(range.First, range.Last) : null,
        };
    }

    private static ZoneDeclaration Zone(GroupValues zone)
    {
        var facing = zone.Get(ZoneKeys.Facing, ZoneFacing.Public);
        ImmutableArray<IPNetwork> networks = [.. zone.Get(ZoneKeys.Networks, [])];
        if (networks.IsEmpty)
            networks = facing == ZoneFacing.Loopback ? [.. LoopbackNetworks.All] : Anyone;
        return new ZoneDeclaration(zone.Get(ZoneKeys.Name, ""), facing, networks);
    }

    private static IdentityDeclaration Identity(GroupValues identity)
        => new(identity.Get(IdentityKeys.Name, ""), [.. identity.Get(IdentityKeys.Networks, [])], [.. identity.Get(IdentityKeys.Macs, [])]);

    private static ServiceDeclaration Service(ServiceDraft service, Dictionary<string, ZoneDeclaration> zones, Dictionary<string, IdentityDeclaration> identities)
    {
        var values = service.Values;
        var usual = new ServiceDeclaration { Name = service.Name!, Owner = values.Get(ServiceKeys.Owner, ""), Purpose = values.Get(ServiceKeys.Purpose, "") };
        return usual with
        {
            Placement = service.Place!,
            Protocol = service.Protocol!.Value,
            Port = service.Port,
            Pool = service.Pool?.Name,
            Ports = service.Ports,
            Mode = values.Get(ServiceKeys.Mode, usual.Mode),
            Zone = values.Get(ServiceKeys.Zone!, null),
            Allow = [.. values.Get(ServiceKeys.Allow, []).Select(grant => Grant(grant, zones, identities))],
            Rate = values.Get(ServiceKeys.Rate!, null),
            ConnectionsPerSource = values.TryGet(ServiceKeys.ConnectionsPerSource, out var each) ? each : null,
            Connections = values.TryGet(ServiceKeys.Connections, out var all) ? all : null,
            Tls = values.Get(ServiceKeys.Tls, usual.Tls),
            Expires = values.TryGet(ServiceKeys.Expires, out var end) ? end : null,
            Audience = values.Get(ServiceKeys.Audience, usual.Audience),
            Process = values.TryGet(ServiceKeys.Process, out var process) ? Process(process) : null,
            Strangers = values.TryGet(ServiceKeys.Strangers, out var reaction) ? reaction : null,
            Rotation = values.TryGet(ServiceKeys.Rotate, out var period) ? period : null,
            RotationOverlap = values.Get(ServiceKeys.RotationOverlap, usual.RotationOverlap),
            Accept = [.. values.Get(ServiceKeys.Accept, []).Distinct()],
        };
    }

    private static ExpectedProcess Process(GroupValues process)
        => new(process.Get(ProcessKeys.User!, null), process.Get(ProcessKeys.Executable!, null), process.Get(ProcessKeys.Unit!, null));

    private static AccessGrant Grant(GroupValues grant, Dictionary<string, ZoneDeclaration> zones, Dictionary<string, IdentityDeclaration> identities)
    {
        ImmutableArray<MacAddress> macs = grant.TryGet(GrantKeys.Mac, out var mac) ? [mac] : [];
        var suffix = macs.IsEmpty ? "" : $" with {mac}";
        if (grant.TryGet(GrantKeys.Identity, out var name))
            return new AccessGrant(identities[name].Networks, identities[name].Macs, $"identity {name}");
        if (grant.TryGet(GrantKeys.Zone, out var zone))
            return new AccessGrant(zones[zone].Networks, macs, $"zone {zone}{suffix}");
        return grant.TryGet(GrantKeys.Cidr, out var network)
            ? new AccessGrant([network], macs, $"{network}{suffix}")
            : new AccessGrant([], macs, $"{mac}");
    }
}
