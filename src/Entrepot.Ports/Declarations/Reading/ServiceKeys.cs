using Entrepot.Core.Documents;
using Entrepot.Core.Identities;
using Entrepot.Ports.Allocation;

namespace Entrepot.Ports.Declarations.Reading;

/// <summary>The keys of a service.</summary>
internal static class ServiceKeys
{
    private static readonly ServiceDeclaration Usual = new() { Name = "", Owner = "", Purpose = "" };

    public static Key<string> Name { get; } = new("name", PortfileTypes.Label, "its name") { Required = true };

    public static Key<NodeName> Node { get; } = new("node", PortfileTypes.Node, "the node that runs it; without node and site every node runs it");

    public static Key<string> Site { get; } = new("site", PortfileTypes.Label, "the site whose nodes run it");

    public static Key<PortProtocol> Protocol { get; } = new("protocol", PortfileTypes.Choice<PortProtocol>(), "the transport; each has ports of its own") { Default = PortfileTypes.NameOf(Usual.Protocol) };

    public static Key<int> Port { get; } = new("port", PortfileTypes.Port, "the port that it must have, the first one of a block");

    public static Key<string> Pool { get; } = new("pool", PortfileTypes.Label, "the pool that its port is in, or comes from when it names none");

    public static Key<int> Ports { get; } = new("ports", PortfileTypes.WholeNumber(1, ServiceDeclaration.MaxPorts), "how many adjacent ports") { Default = "1" };

    public static Key<AllocationMode> Mode { get; } = new("mode", PortfileTypes.Choice<AllocationMode>(), "how a pool's port is chosen") { Default = PortfileTypes.NameOf(Usual.Mode) };

    public static Key<string> Zone { get; } = new("zone", PortfileTypes.Label, "the zone that its listener faces");

    public static Key<IReadOnlyList<GroupValues>> Allow { get; } = new(
        "allow", new ListShape<GroupValues>(GrantKeys.Group, PortfileLimits.GrantsPerService, "a list of grants such as {zone: internal} or {cidr: 10.1.0.0/16}"),
        "who may reach it; empty means this machine alone") { Default = "[]" };

    public static Key<AccessRate> Rate { get; } = new("rate", PortfileTypes.Rate, "most new connections per source");

    public static Key<int> ConnectionsPerSource { get; } = new("connectionsPerSource", PortfileTypes.WholeNumber(1, PortfileLimits.Connections), "most connections at once per source");

    public static Key<int> Connections { get; } = new("connections", PortfileTypes.WholeNumber(1, PortfileLimits.Connections), "most connections at once in all");

    public static Key<TlsRequirement> Tls { get; } = new("tls", PortfileTypes.Choice<TlsRequirement>(), "what a connection must prove") { Default = PortfileTypes.NameOf(Usual.Tls) };

    public static Key<string> Owner { get; } = new("owner", PortfileTypes.Sentence, "who answers for it") { Required = true };

    public static Key<string> Purpose { get; } = new("purpose", PortfileTypes.Sentence, "what it is for") { Required = true };

    public static Key<DateTimeOffset> Expires { get; } = new("expires", PortfileTypes.Expiry, "when the declaration ends, in UTC");

    public static Key<PortAudience> Audience { get; } = new("audience", PortfileTypes.Choice<PortAudience>(), "who connects") { Default = PortfileTypes.NameOf(Usual.Audience) };

    public static Key<GroupValues> Process { get; } = new("process", ProcessKeys.Group, "who may listen on the port; what is given must all be right");

    public static Key<StrangerReaction> Strangers { get; } = new("strangers", PortfileTypes.Choice<StrangerReaction>(), "what happens when somebody else listens; without it policy.strangers holds");

    public static Key<TimeSpan> Rotate { get; } = new(
        "rotate", PortfileTypes.Span(TimeSpan.FromMinutes(1), TimeSpan.FromDays(30)), "the port changes this often; needs a pool that gives ports");

    public static Key<TimeSpan> RotationOverlap { get; } = new(
        "rotationOverlap", PortfileTypes.Span(TimeSpan.FromSeconds(1), TimeSpan.FromDays(1)), "the old and the new port are both served for so long")
    {
        Default = Duration.Format(Usual.RotationOverlap),
    };

    public static Key<IReadOnlyList<AcceptedRisk>> Accept { get; } = new(
        "accept", new ListShape<AcceptedRisk>(PortfileTypes.Choice<AcceptedRisk>(), Enum.GetValues<AcceptedRisk>().Length, "a list of rules such as [privileged]"),
        "rules about port numbers that it may break, because somebody has looked at it") { Default = "[]" };

    public static GroupShape Group { get; } = new(
        "service", Name, Node, Site, Protocol, Port, Pool, Ports, Mode, Zone, Allow, Rate, ConnectionsPerSource, Connections, Tls, Owner, Purpose,
        Expires, Audience, Process, Strangers, Rotate, RotationOverlap, Accept)
    {
        AnyOf = [Port, Pool],
        NotBoth = [(Node, Site)],
    };
}
