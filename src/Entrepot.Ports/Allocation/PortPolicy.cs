using Entrepot.Ports.Pools;

namespace Entrepot.Ports.Allocation;

/// <summary>The node's standing rules about ports.</summary>
public sealed record PortPolicy
{
    /// <summary>The policy of a node whose operator said nothing.</summary>
    public static PortPolicy Default { get; } = new();

    /// <summary>The pools of the node, for explanations; a request names its own.</summary>
    public IReadOnlyList<PortPool> Pools { get; init; } = [DefaultPorts.Edges];

    /// <summary>How long a released port is kept from other services. The default is Linux's TIME_WAIT, 60 s (<c>TCP_TIMEWAIT_LEN</c>):
    /// as long as packets of the last owner's connections may still arrive.</summary>
    public TimeSpan CoolDown { get; init; } = TimeSpan.FromSeconds(60);
}
