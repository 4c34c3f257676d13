using Entrepot.Core.Documents;

namespace Entrepot.Ports.Declarations;

/// <summary>How much a portfile may hold. Where nothing else is said, the number is ours: far above what one file is pleasant with, and low
/// enough for every check to end at once.</summary>
public static class PortfileLimits
{
    /// <summary>Longest file in characters.</summary>
    public const int Length = DocumentTree.MaxLength;

    /// <summary>Most sites.</summary>
    public const int Sites = 256;

    /// <summary>Most nodes of one site.</summary>
    public const int NodesPerSite = 1_024;

    /// <summary>Most zones.</summary>
    public const int Zones = 256;

    /// <summary>Most identities.</summary>
    public const int Identities = 4_096;

    /// <summary>Most Ethernet addresses of one identity.</summary>
    public const int MacsPerIdentity = 1_024;

    /// <summary>Most pools.</summary>
    public const int Pools = 1_024;

    /// <summary>Most services.</summary>
    public const int Services = 4_096;

    /// <summary>Most grants of one service.</summary>
    public const int GrantsPerService = 256;

    /// <summary>Highest cap of connections.</summary>
    public const int Connections = 1_000_000;
}
