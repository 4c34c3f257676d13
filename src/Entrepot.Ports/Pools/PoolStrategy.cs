namespace Entrepot.Ports.Pools;

/// <summary>How ports of a pool are given out.</summary>
public enum PoolStrategy
{
    /// <summary>Only to a service that names the port that it wants.</summary>
    Static,

    /// <summary>Any port of the pool to any service that asks for one.</summary>
    Dynamic,

    /// <summary>Both: services that name a port find the low band spared, because the others get the high band until it is full.</summary>
    Hybrid,
}
