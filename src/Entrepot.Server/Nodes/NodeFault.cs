namespace Entrepot.Server.Nodes;

/// <summary>Why a heart-beat was refused.</summary>
public enum NodeFault
{
    /// <summary>The heart-beat breaks the rules of <see cref="HeartbeatRules"/>.</summary>
    Heartbeat,

    /// <summary>As many nodes as allowed are known, and none of them has been out for long.</summary>
    TooMany,

    /// <summary>Another node of the same name is alive at another address.</summary>
    Duplicate,

    /// <summary>Whoever sent it showed no certificate of a node.</summary>
    NotANode,

    /// <summary>The address names one node and the heart-beat another.</summary>
    NameMismatch,
}
