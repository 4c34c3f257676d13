namespace Entrepot.Trust.Authority;

/// <summary>What a machine is to the network, as its certificate says.</summary>
public enum NodeRole
{
    /// <summary>The authority for bytes, and for certificates.</summary>
    Origin,

    /// <summary>A verified cache near clients.</summary>
    Edge,

    /// <summary>The front door.</summary>
    Scheduler,

    /// <summary>The audit service.</summary>
    Audit,
}
