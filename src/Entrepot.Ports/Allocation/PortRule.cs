namespace Entrepot.Ports.Allocation;

/// <summary>A named rule about ports. The name is the same in API, CLI, console and journal.</summary>
public enum PortRule
{
    /// <summary>Another service has a lease on it.</summary>
    Leased,

    /// <summary>A socket has it, according to the host.</summary>
    Bound,

    /// <summary>It could not be bound just now, whatever the host says about it.</summary>
    FoundTaken,

    /// <summary>It was released so recently that clients of the last owner may still come.</summary>
    CoolingDown,

    /// <summary>It is on the block list: clear-text logins, lateral movement, unguarded data stores and control planes.</summary>
    Forbidden,

    /// <summary>Browsers refuse to connect to it.</summary>
    BrowserBlocked,

    /// <summary>Binding it needs privileges.</summary>
    Privileged,

    /// <summary>It is not in the static pool that the request names.</summary>
    OutsidePool,

    /// <summary>The kernel may give it to an outgoing connection at any time.</summary>
    Ephemeral,

    /// <summary>Windows keeps it for itself.</summary>
    Excluded,

    /// <summary>Kubernetes gives it to Services.</summary>
    NodePort,

    /// <summary>The policy forbids ports of its kind.</summary>
    Compliance,
}

/// <summary>What a rule does to a candidate.</summary>
public enum PortEffect
{
    /// <summary>The port can't be chosen.</summary>
    Veto,

    /// <summary>The port may be chosen, and the owner is told.</summary>
    Warning,
}

/// <summary>One rule's word on one port.</summary>
/// <param name="Rule">The rule.</param>
/// <param name="Effect">What it does.</param>
/// <param name="Text">The rest of a sentence that begins with the port: <c>is bound by nginx (pid 12)</c>.</param>
public sealed record PortObjection(PortRule Rule, PortEffect Effect, string Text);
