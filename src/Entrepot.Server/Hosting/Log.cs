using Microsoft.Extensions.Logging;

namespace Entrepot.Server.Hosting;

internal static partial class Log
{
    [LoggerMessage(1100, LogLevel.Error, "No more connections are accepted on {Address}")]
    public static partial void AcceptFailed(ILogger logger, string address, Exception error);

    [LoggerMessage(1101, LogLevel.Information, "{Surface} of {Node} listens on {Url}: {Reason}")]
    public static partial void SurfaceStarted(ILogger logger, string surface, string node, string url, string reason);

    [LoggerMessage(1102, LogLevel.Warning, "{Surface} of {Node} HAD TO MOVE to port {Port}: {Reason}")]
    public static partial void SurfaceMoved(ILogger logger, string surface, string node, int port, string reason);

    [LoggerMessage(1103, LogLevel.Warning, "{Surface} of {Node}: {Warning}")]
    public static partial void SurfaceWarning(ILogger logger, string surface, string node, string warning);

    [LoggerMessage(1105, LogLevel.Error, "The loop '{Loop}' ended and does not run until the next start")]
    public static partial void LoopFailed(ILogger logger, string loop, Exception error);

    [LoggerMessage(1106, LogLevel.Information, "{Node}: {Event}")]
    public static partial void NodeEvent(ILogger logger, string node, string @event);

    [LoggerMessage(1107, LogLevel.Error, "A change of node '{Node}' could not be journalled")]
    public static partial void JournalFailed(ILogger logger, string node, Exception error);

    [LoggerMessage(1104, LogLevel.Information, "{Node} stopped")]
    public static partial void NodeStopped(ILogger logger, string node);

    [LoggerMessage(1108, LogLevel.Warning, "{Address} refuses connections: {Open} are open, as many as limits.connections or the process's open-file limit allow; {Held} more were refused since the last of these lines")]
    public static partial void ConnectionRefused(ILogger logger, string address, int open, int held);

    [LoggerMessage(1110, LogLevel.Error, "{Part} did not stop in good order")]
    public static partial void StopFailed(ILogger logger, string part, Exception error);

    [LoggerMessage(1109, LogLevel.Warning, "Outgoing connections may take {Ports} while this node is down: they are in the host's range {First}–{Last} and not reserved. {Cure}")]
    public static partial void PortsAtRisk(ILogger logger, string ports, int first, int last, string cure);
}
