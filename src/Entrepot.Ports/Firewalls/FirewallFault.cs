namespace Entrepot.Ports.Firewalls;

/// <summary>Why a declaration does not become a packet filter, or a change of one is refused.</summary>
public enum FirewallFault
{
    /// <summary>A service takes its port from a pool and has no lease yet.</summary>
    ServiceUnleased,

    /// <summary>Two services would govern one port of one protocol.</summary>
    DoorOverlap,

    /// <summary>A way in names neither an address nor an Ethernet address.</summary>
    GrantEmpty,

    /// <summary>A block of adjacent ports runs beyond 65535.</summary>
    BlockTooLong,

    /// <summary>The packet filter has no means for what the declaration says.</summary>
    Inexpressible,

    /// <summary>The change would cut the connection of whoever asks for it.</summary>
    LockOut,

    /// <summary>The packet filter lets in more than the declaration.</summary>
    Widened,

    /// <summary>The packet filter's program is not installed.</summary>
    ProgramMissing,

    /// <summary>The packet filter's program refused, or failed.</summary>
    ProgramFailed,

    /// <summary>The process lacks the privilege to change the packet filter.</summary>
    Privilege,

    /// <summary>A change waits to be confirmed.</summary>
    ChangePending,

    /// <summary>No change waits to be confirmed.</summary>
    NothingPending,

    /// <summary>The model or opening is not well formed.</summary>
    Malformed,

    /// <summary>The policy allows shorter openings only.</summary>
    OpeningTooLong,

    /// <summary>There is no such opening.</summary>
    OpeningUnknown,

    /// <summary>Nothing was applied yet that the call could refer to.</summary>
    NothingApplied,

    /// <summary>The caller may not use the agent.</summary>
    PeerForbidden,

    /// <summary>The agent does not answer.</summary>
    AgentUnreachable,

    /// <summary>The watchdog that would take the change back could not be started, so the change was not made.</summary>
    WatchdogFailed,
}
