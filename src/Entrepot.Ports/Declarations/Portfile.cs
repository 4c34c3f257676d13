using System.Collections.Immutable;
using System.Net;
using Entrepot.Core.Identities;
using Entrepot.Ports.Pools;

namespace Entrepot.Ports.Declarations;

/// <summary>The declaration of ports: what a portfile says once every error is out of it. Names are unique within their list and refer
/// to what exists.</summary>
public sealed record Portfile
{
    /// <summary>The rules that concern everything.</summary>
    public PortfilePolicy Policy { get; init; } = new();

    /// <summary>Which nodes are where. Empty when the portfile does not say; otherwise it names every site and node that it speaks of.</summary>
    public ImmutableArray<SiteDeclaration> Sites { get; init; } = [];

    /// <summary>Network segments by name.</summary>
    public ImmutableArray<ZoneDeclaration> Zones { get; init; } = [];

    /// <summary>Machines and groups that may be let in, by name.</summary>
    public ImmutableArray<IdentityDeclaration> Identities { get; init; } = [];

    /// <summary>Ranges of ports from which services get theirs.</summary>
    public ImmutableArray<PoolDeclaration> Pools { get; init; } = [];

    /// <summary>The services and who may reach them.</summary>
    public ImmutableArray<ServiceDeclaration> Services { get; init; } = [];
}

/// <summary>A place with its machines.</summary>
/// <param name="Name">1–63 characters <c>a–z 0–9 -</c>.</param>
/// <param name="Nodes">Its nodes; none belongs to two sites.</param>
public sealed record SiteDeclaration(string Name, ImmutableArray<NodeName> Nodes);

/// <summary>A network segment.</summary>
/// <param name="Name">1–63 characters <c>a–z 0–9 -</c>.</param>
/// <param name="Facing">Who is on the other side.</param>
/// <param name="Networks">Its addresses. A zone that faces the public and names none has every address, one that faces the machine itself
/// those of loopback.</param>
public sealed record ZoneDeclaration(string Name, ZoneFacing Facing, ImmutableArray<IPNetwork> Networks);

/// <summary>Which kind of segment a zone is.</summary>
public enum ZoneFacing
{
    /// <summary>Anybody.</summary>
    Public,

    /// <summary>The own network.</summary>
    Internal,

    /// <summary>Those who administer.</summary>
    Management,

    /// <summary>The machine itself.</summary>
    Loopback,
}

/// <summary>Somebody who may be let in: the addresses and Ethernet addresses by which a packet filter can tell them.</summary>
/// <param name="Name">1–63 characters <c>a–z 0–9 -</c>.</param>
/// <param name="Networks">Their addresses.</param>
/// <param name="Macs">Their Ethernet addresses, which only neighbours on the same link show.</param>
public sealed record IdentityDeclaration(string Name, ImmutableArray<IPNetwork> Networks, ImmutableArray<MacAddress> Macs);

/// <summary>A range of ports from which services get theirs.</summary>
/// <param name="Placement">On which nodes.</param>
/// <param name="Pool">Name, range and strategy.</param>
/// <param name="SpareShare">The share that should stay free, 0–1; below it the pool is reported as running out.</param>
public sealed record PoolDeclaration(Placement Placement, PortPool Pool, double SpareShare)
{
    /// <summary>The share that stays free unless the portfile says otherwise.</summary>
    public const double DefaultSpareShare = 0.3;
}
