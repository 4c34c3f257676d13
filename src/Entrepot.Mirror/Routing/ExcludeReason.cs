namespace Entrepot.Mirror.Routing;

/// <summary>Why an edge was not chosen.</summary>
public enum ExcludeReason
{
    /// <summary>It missed its heart-beats.</summary>
    Out,

    /// <summary>It wants no new clients.</summary>
    Draining,

    /// <summary>It has not sent two good heart-beats in a row yet.</summary>
    Joining,

    /// <summary>The client asked not to be sent there.</summary>
    Avoided,

    /// <summary>It announces an address of its own machine, and the client is on another.</summary>
    LoopbackAddress,

    /// <summary>The file is private, and it has no key to check signed addresses by.</summary>
    NoKey,

    /// <summary>It has as many transfers as one edge may have.</summary>
    AtCapacity,

    /// <summary>It failed often in the last minutes, and others did not.</summary>
    RecentErrors,

    /// <summary>It carries more than its share among the edges that are equally near (bounded load).</summary>
    Overloaded,
}
