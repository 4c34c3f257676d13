using Entrepot.Ports.Truth;

namespace Entrepot.Server.PortWatch;

/// <summary>Keeps the last reading of the packet filter for those who can't wait for one.</summary>
/// <param name="source">Reads it.</param>
/// <param name="time">The clock.</param>
internal sealed class KeptReading(IPermittedSource source, TimeProvider time) : IPermittedSource
{
    private volatile Kept? _last;

    /// <summary>The last reading and when it began, or null before the first.</summary>
    public Kept? Last => _last;

    /// <inheritdoc/>
    public async Task<PermittedReading> ReadAsync(IReadOnlyList<DeclaredPort> declared, CancellationToken cancellation)
    {
        var at = time.GetUtcNow();
        var reading = await source.ReadAsync(declared, cancellation);
        _last = new Kept(reading, at);
        return reading;
    }

    /// <summary>A reading and when it began.</summary>
    internal sealed record Kept(PermittedReading Reading, DateTimeOffset At);
}
