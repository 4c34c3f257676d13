using Microsoft.Extensions.Logging;

namespace Entrepot.Server.Guard;

internal static partial class Log
{
    [LoggerMessage(1800, LogLevel.Information, "{Node} moved from port {From} to {To}, as its port rotates")]
    public static partial void Rotated(ILogger logger, string node, int from, int to);

    [LoggerMessage(1801, LogLevel.Warning, "{Node} stays on port {Port}, though it should rotate: {Reason}")]
    public static partial void RotationFailed(ILogger logger, string node, int port, string reason);
}
