namespace Entrepot.Server.Scheduler;

/// <summary>Why the scheduler can't send a client on.</summary>
public enum SchedulerFault
{
    /// <summary>No edge may serve this client now, and the origin is not in this process.</summary>
    NoEdge,

    /// <summary>Every chosen edge failed before it sent a byte.</summary>
    EdgesFailed,

    /// <summary>A query parameter is not well formed.</summary>
    Query,

    /// <summary>The MD5 of a file that was just published is still being computed.</summary>
    Md5Pending,

    /// <summary>The digest that the address pins is no longer, or was never, stored here.</summary>
    PinnedDigest,

    /// <summary>What is published is not known yet.</summary>
    NotReady,
}
