using Entrepot.Ports.Allocation;
using Entrepot.Ports.Truth;

namespace Entrepot.Server.PortWatch;

/// <summary>What was read of the packet filter.</summary>
/// <param name="Look">Tells what it does with a port, or null when it could not be read.</param>
/// <param name="Why">Why it could not be read, and what would help; null when it was.</param>
public sealed record PermittedReading(Func<PortProtocol, int, PermittedPort>? Look, string? Why)
{
    /// <summary>Tells to which ports of a transport packets from somewhere get, or null when it could not be read.</summary>
    public Func<PortProtocol, PortSet>? Open { get; init; }

    /// <summary>The same without what stays open for operators whatever is declared.</summary>
    public Func<PortProtocol, PortSet>? Doors { get; init; }
}

/// <summary>Reads the packet filter of this host.</summary>
public interface IPermittedSource
{
    /// <summary>Reads it.</summary>
    /// <param name="declared">What was declared, to be compared with.</param>
    /// <param name="cancellation">Gives up.</param>
    Task<PermittedReading> ReadAsync(IReadOnlyList<DeclaredPort> declared, CancellationToken cancellation);
}

/// <summary>The packet filter is not read by this process.</summary>
/// <param name="why">Why not, and what would help.</param>
public sealed class PermittedUnknown(string why) : IPermittedSource
{
    /// <summary>What an ordinary user is told.</summary>
    public const string NeedsAgent =
        "Reading the packet filter takes the agent, the one process with that privilege, and none runs here.";

    /// <inheritdoc/>
    public Task<PermittedReading> ReadAsync(IReadOnlyList<DeclaredPort> declared, CancellationToken cancellation)
        => Task.FromResult(new PermittedReading(null, $"permitted is not known: {why}"));
}
