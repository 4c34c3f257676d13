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

    [LoggerMessage(1104, LogLevel.Information, "{Node} stopped")]
    public static partial void NodeStopped(ILogger logger, string node);
}
