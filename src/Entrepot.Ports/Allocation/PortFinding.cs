namespace Entrepot.Ports.Allocation;

/// <summary>What was noticed while a port was bound.</summary>
public enum PortFindingKind
{
    /// <summary>Somebody else has a port that the service was granted or should have.</summary>
    Taken,

    /// <summary>The service listens on another port than it should.</summary>
    Moved,

    /// <summary>An outgoing connection may take the port while the service is down.</summary>
    AtRisk,

    /// <summary>Less of a pool is free than should stay free.</summary>
    RunningOut,
}

/// <summary>A difference between what should be and what is, for the host to print and log.</summary>
/// <param name="Kind">What kind.</param>
/// <param name="Service">The service concerned.</param>
/// <param name="Protocol">The transport.</param>
/// <param name="Port">The port concerned.</param>
/// <param name="Message">One sentence.</param>
/// <param name="Cure">What the operator can do, or null.</param>
public sealed record PortFinding(PortFindingKind Kind, string Service, PortProtocol Protocol, int Port, string Message, string? Cure);
