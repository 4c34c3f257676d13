namespace Entrepot.Ports.Reachability;

/// <summary>Makes one try to reach a port.</summary>
public interface IProbeTransport
{
    /// <summary>Tries once. Never throws but for the cancellation.</summary>
    /// <param name="target">The port.</param>
    /// <param name="patience">How long to wait for an answer.</param>
    /// <param name="cancellation">Gives up.</param>
    Task<ProbeAnswer> TryAsync(ProbeTarget target, TimeSpan patience, CancellationToken cancellation);
}
