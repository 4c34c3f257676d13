using System.Collections.Immutable;
using System.Security.Cryptography;
using Entrepot.Ports.Allocation;
using Entrepot.Server.Hosting;
using Microsoft.Extensions.Logging;

namespace Entrepot.Server.Guard;

/// <summary>The surfaces of a node whose port can be changed while they run.</summary>
internal sealed class PortRotations(TimeProvider time, ILoggerFactory loggers)
{
    private ImmutableArray<PortRotation> _all = [];

    /// <summary>All of them.</summary>
    public ImmutableArray<PortRotation> All => _all;

    /// <summary>Adds a surface.</summary>
    /// <param name="surface">The surface.</param>
    /// <param name="request">What it asks of the port book.</param>
    public PortRotation Add(RunningSurface surface, PortRequest request)
    {
        var rotation = new PortRotation(surface, request, time, Draw, loggers.CreateLogger("Entrepot.Guard"));
        ImmutableInterlocked.Update(ref _all, static (all, added) => all.Add(added), rotation);
        return rotation;
    }

    private static double Draw() => RandomNumberGenerator.GetInt32(1 << 30) / (double)(1 << 30);
}
