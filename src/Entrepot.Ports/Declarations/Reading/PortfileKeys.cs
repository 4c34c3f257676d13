using System.Net;
using Entrepot.Core.Documents;
using Entrepot.Core.Identities;
using Entrepot.Ports.Pools;

namespace Entrepot.Ports.Declarations.Reading;

/// <summary>Every key of a portfile, declared once: the reader, the JSON Schema and the reference page follow from these.</summary>
internal static class PortfileKeys
{
    public static Key<GroupValues> Policy { get; } = new("policy", PolicyKeys.Group, "the rules that concern everything");

    public static Key<IReadOnlyList<GroupValues>> Sites { get; } = new(
        "sites", new ListShape<GroupValues>(SiteKeys.Group, PortfileLimits.Sites, "a list of sites such as {name: berlin, nodes: [b1, b2]}"),
        "which nodes are where; once given, it names every site and node that the file speaks of");

    public static Key<IReadOnlyList<GroupValues>> Zones { get; } = new(
        "zones", new ListShape<GroupValues>(ZoneKeys.Group, PortfileLimits.Zones, "a list of zones such as {name: internal, facing: internal, networks: [10.0.0.0/8]}"),
        "network segments");

    public static Key<IReadOnlyList<GroupValues>> Identities { get; } = new(
        "identities", new ListShape<GroupValues>(IdentityKeys.Group, PortfileLimits.Identities, "a list of identities such as {name: backup, networks: [10.0.0.7]}"),
        "machines and groups that may be let in");

    public static Key<IReadOnlyList<GroupValues>> Pools { get; } = new(
        "pools", new ListShape<GroupValues>(PoolKeys.Group, PortfileLimits.Pools, "a list of pools such as {name: edges, range: 54321-54400}"),
        "ranges of ports from which services get theirs");

    public static Key<IReadOnlyList<GroupValues>> Services { get; } = new(
        "services", new ListShape<GroupValues>(ServiceKeys.Group, PortfileLimits.Services, "a list of services such as {name: web, port: 443, owner: ops, purpose: web site}"),
        "the services, their ports and who may reach them");

    /// <summary>The whole file.</summary>
    public static GroupShape Root { get; } = new("portfile", Policy, Sites, Zones, Identities, Pools, Services);
}

/// <summary>The keys of <c>policy</c>.</summary>
internal static class PolicyKeys
{
    private static readonly PortfilePolicy Usual = new();

    public static Key<PolicyProfile> Profile { get; } = new(
        "profile", PortfileTypes.Choice<PolicyProfile>(), "what the allocator weighs most; regulated also turns risks into errors") { Default = PortfileTypes.NameOf(Usual.Profile) };

    public static Key<DynamicPortRule> DynamicPorts { get; } = new(
        "dynamicPorts", PortfileTypes.Choice<DynamicPortRule>(), "how ports may be given out; bounded and forbid also turn risks into errors") { Default = PortfileTypes.NameOf(Usual.DynamicPorts) };

    public static Key<UndeclaredPorts> Undeclared { get; } = new(
        "undeclared", PortfileTypes.Choice<UndeclaredPorts>(), "what becomes of ports that no service declares") { Default = PortfileTypes.NameOf(Usual.Undeclared) };

    public static Key<TimeSpan> LongestOpening { get; } = new(
        "longestOpening", PortfileTypes.Span(TimeSpan.FromMinutes(1), TimeSpan.FromDays(30)), "the longest that a temporary opening may last") { Default = Duration.Format(Usual.LongestOpening) };

    public static Key<GroupValues> Management { get; } = new("management", ManagementKeys.Group, "how the machine is administered; this stays open whatever the rest says");

    public static Key<StrangerReaction> Strangers { get; } = new(
        "strangers", PortfileTypes.Choice<StrangerReaction>(), "what happens when a stranger listens on a governed port, where the service says nothing else") { Default = PortfileTypes.NameOf(Usual.Strangers) };

    public static Key<(int First, int Last)> KubernetesNodePorts { get; } = new(
        "kubernetesNodePorts", PortfileTypes.PortRange, "the node ports of Kubernetes (kube-apiserver's --service-node-port-range, 30000-32767 unless told otherwise), where the nodes are Kubernetes nodes");

    public static GroupShape Group { get; } = new("policy", Profile, DynamicPorts, Undeclared, LongestOpening, Management, Strangers, KubernetesNodePorts);
}

/// <summary>The keys of <c>policy.management</c>.</summary>
internal static class ManagementKeys
{
    public static Key<int> Port { get; } = new("port", PortfileTypes.Port, "the TCP port of administration, SSH unless told otherwise") { Default = "22" };

    public static Key<IReadOnlyList<IPNetwork>> From { get; } = new("from", PortfileTypes.Networks, "from where; empty means from everywhere") { Default = "[]" };

    public static GroupShape Group { get; } = new("management", Port, From);
}

/// <summary>The keys of a site.</summary>
internal static class SiteKeys
{
    public static Key<string> Name { get; } = new("name", PortfileTypes.Label, "its name") { Required = true };

    public static Key<IReadOnlyList<NodeName>> Nodes { get; } = new(
        "nodes", new ListShape<NodeName>(PortfileTypes.Node, PortfileLimits.NodesPerSite, "a list of node names such as [b1, b2]", least: 1), "its nodes; none belongs to two sites")
    {
        Required = true,
    };

    public static GroupShape Group { get; } = new("site", Name, Nodes);
}

/// <summary>The keys of a zone.</summary>
internal static class ZoneKeys
{
    public static Key<string> Name { get; } = new("name", PortfileTypes.Label, "its name") { Required = true };

    public static Key<ZoneFacing> Facing { get; } = new("facing", PortfileTypes.Choice<ZoneFacing>(), "who is on the other side") { Required = true };

    public static Key<IReadOnlyList<IPNetwork>> Networks { get; } = new(
        "networks", PortfileTypes.Networks, "its addresses; without them public means every address and loopback 127.0.0.0/8 and ::1, others need them");

    public static GroupShape Group { get; } = new("zone", Name, Facing, Networks);
}

/// <summary>The keys of an identity.</summary>
internal static class IdentityKeys
{
    public static Key<string> Name { get; } = new("name", PortfileTypes.Label, "its name") { Required = true };

    public static Key<IReadOnlyList<IPNetwork>> Networks { get; } = new("networks", PortfileTypes.Networks, "its addresses; with macs, both must be right");

    public static Key<IReadOnlyList<MacAddress>> Macs { get; } = new(
        "macs", new ListShape<MacAddress>(PortfileTypes.Mac, PortfileLimits.MacsPerIdentity, "a list of Ethernet addresses such as [\"00:16:3e:00:00:01\"]"),
        "its Ethernet addresses, which only neighbours on the same link show");

    public static GroupShape Group { get; } = new("identity", Name, Networks, Macs) { AnyOf = [Networks, Macs] };
}

/// <summary>The keys of a pool.</summary>
internal static class PoolKeys
{
    public static Key<string> Name { get; } = new("name", PortfileTypes.Label, "its name") { Required = true };

    public static Key<NodeName> Node { get; } = new("node", PortfileTypes.Node, "the node that has it; without node and site every node has it");

    public static Key<string> Site { get; } = new("site", PortfileTypes.Label, "the site whose nodes have it");

    public static Key<(int First, int Last)> Range { get; } = new("range", PortfileTypes.PortRange, "its ports") { Required = true };

    public static Key<PoolStrategy> Strategy { get; } = new(
        "strategy", PortfileTypes.Choice<PoolStrategy>(), "static: services name their port; dynamic: the pool gives it; hybrid: either") { Default = PortfileTypes.NameOf(PoolStrategy.Dynamic) };

    public static Key<double> Spare { get; } = new("spare", PortfileTypes.Share, "the share that should stay free; below it the pool is reported as running out")
    {
        Default = FormattableString.Invariant($"{PoolDeclaration.DefaultSpareShare * 100}%"),
    };

    public static GroupShape Group { get; } = new("pool", Name, Node, Site, Range, Strategy, Spare) { NotBoth = [(Node, Site)] };
}

/// <summary>The keys of a grant.</summary>
internal static class GrantKeys
{
    public static Key<string> Zone { get; } = new("zone", PortfileTypes.Label, "everybody in this zone");

    public static Key<IPNetwork> Cidr { get; } = new("cidr", PortfileTypes.Network, "everybody with such an address");

    public static Key<MacAddress> Mac { get; } = new("mac", PortfileTypes.Mac, "the machine with this Ethernet address; with zone or cidr, both must be right");

    public static Key<string> Identity { get; } = new("identity", PortfileTypes.Label, "this identity");

    public static GroupShape Group { get; } = new("grant", Zone, Cidr, Mac, Identity)
    {
        AnyOf = [Zone, Cidr, Mac, Identity],
        NotBoth = [(Zone, Cidr), (Zone, Identity), (Cidr, Identity), (Mac, Identity)],
    };
}

/// <summary>The keys of a service's <c>process</c>.</summary>
internal static class ProcessKeys
{
    public static Key<string> User { get; } = new("user", PortfileTypes.User, "it runs as this user");

    public static Key<string> Executable { get; } = new("executable", PortfileTypes.Executable, "it is this program");

    public static Key<string> Unit { get; } = new("unit", PortfileTypes.Unit, "it belongs to this systemd unit");

    public static GroupShape Group { get; } = new("process", User, Executable, Unit) { AnyOf = [User, Executable, Unit] };
}
