namespace Entrepot.Ports.Allocation;

/// <summary>Who will connect.</summary>
public enum PortAudience
{
    /// <summary>Programs only: package managers, other nodes, curl.</summary>
    Machine,

    /// <summary>Browsers too, which refuse some ports outright (WHATWG Fetch, "bad port").</summary>
    Browser,
}
