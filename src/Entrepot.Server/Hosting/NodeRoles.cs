namespace Entrepot.Server.Hosting;

/// <summary>What a node does.</summary>
[Flags]
public enum NodeRoles
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>The authority for bytes: push, metadata and admin surfaces.</summary>
    Origin = 1,

    /// <summary>A verified cache near clients.</summary>
    Edge = 2,

    /// <summary>The front door.</summary>
    Scheduler = 4,

    /// <summary>The audit service: the journal for auditors, and on a machine of its own a copy that the origin can't change.</summary>
    Audit = 8,
}
