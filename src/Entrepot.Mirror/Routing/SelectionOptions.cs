namespace Entrepot.Mirror.Routing;

/// <summary>How an edge is chosen.</summary>
public sealed record SelectionOptions
{
    /// <summary>How much more than the mean load an edge may carry, above 1. Default 1.25: the low end of what HAProxy
    /// advises for <c>hash-balance-factor</c> (125–200). It is the "c" of Mirrokni, Thorup and Zadimoghaddam, "Consistent Hashing with Bounded
    /// Loads" (2016), where blobs move little and no edge melts.</summary>
    public double LoadBound { get; init; } = 1.25;

    /// <summary>Transfers below which an edge never counts as overloaded, at least 1. Default 8: with a handful of downloads the mean
    /// says nothing, and moving a blob away from the edge that holds it costs more than it spares.</summary>
    public int AlwaysAllowed { get; init; } = 8;

    /// <summary>Most transfers at once on one edge. Default 4,096, well below the connections that an edge accepts.</summary>
    public int MaxTransfers { get; init; } = 4_096;

    /// <summary>Fading errors from which an edge is left out while a better one exists. Default 10.</summary>
    public double ErrorLimit { get; init; } = 10;

    /// <summary>Fading errors that halve an edge's weight. Default 2.</summary>
    public double ErrorHalving { get; init; } = 2;
}
