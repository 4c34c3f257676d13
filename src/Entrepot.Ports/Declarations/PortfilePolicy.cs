using System.Collections.Immutable;
using System.Net;
using Entrepot.Ports.Pools;

namespace Entrepot.Ports.Declarations;

/// <summary>The rules of a portfile that concern everything in it.</summary>
public sealed record PortfilePolicy
{
    /// <summary>Which weights the allocator uses.</summary>
    public PolicyProfile Profile { get; init; } = PolicyProfile.Lan;

    /// <summary>How ports may be given out at all.</summary>
    public DynamicPortRule DynamicPorts { get; init; } = DynamicPortRule.Allow;

    /// <summary>What becomes of ports that no service declares.</summary>
    public UndeclaredPorts Undeclared { get; init; } = UndeclaredPorts.Leave;

    /// <summary>The longest that an opening may last. The default is 8 hours: a working day.</summary>
    public TimeSpan LongestOpening { get; init; } = TimeSpan.FromHours(8);

    /// <summary>The port by which the machine is administered; it stays open to <see cref="ManagementNetworks"/> whatever the rest
    /// says. 22, SSH (RFC 4253 §4.2), unless told otherwise.</summary>
    public int ManagementPort { get; init; } = 22;

    /// <summary>From where the machine is administered; empty means from everywhere.</summary>
    public ImmutableArray<IPNetwork> ManagementNetworks { get; init; } = [];

    /// <summary>What happens when a stranger has a governed port, where the service says nothing else.</summary>
    public StrangerReaction Strangers { get; init; } = StrangerReaction.Alert;

    /// <summary>The node ports of Kubernetes, where the nodes are Kubernetes nodes; null elsewhere.</summary>
    public NodePortRange? KubernetesNodePorts { get; init; }
}

/// <summary>A set of weights for the allocator.</summary>
public enum PolicyProfile
{
    /// <summary>One trusted network: short ways and stable ports first.</summary>
    Lan,

    /// <summary>Clients from anywhere: what passes firewalls and browsers first.</summary>
    Public,

    /// <summary>Audited networks: security and compliance margin first.</summary>
    Regulated,
}

/// <summary>How ports may be given out.</summary>
public enum DynamicPortRule
{
    /// <summary>As the pools say.</summary>
    Allow,

    /// <summary>Only from pools of at most 128 ports outside the kernel's ephemeral range, each lease journalled: what an auditor of
    /// PCI DSS 1.2.5 can accept.</summary>
    Bounded,

    /// <summary>Never: every service names its port.</summary>
    Forbid,
}

/// <summary>What a packet filter does with ports that no service declares.</summary>
public enum UndeclaredPorts
{
    /// <summary>Nothing: other rules on the machine decide.</summary>
    Leave,

    /// <summary>Drops what comes in for them.</summary>
    Drop,
}

/// <summary>What happens when a stranger listens on a governed port.</summary>
public enum StrangerReaction
{
    /// <summary>A finding and a journal entry.</summary>
    Alert,

    /// <summary>Also no packet gets to the port.</summary>
    Block,

    /// <summary>Also the service moves to the emergency port until its own is free.</summary>
    Move,
}
