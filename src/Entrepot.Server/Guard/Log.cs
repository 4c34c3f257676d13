using Microsoft.Extensions.Logging;

namespace Entrepot.Server.Guard;

internal static partial class Log
{
    [LoggerMessage(1800, LogLevel.Information, "{Node} moved from port {From} to {To}, as its port rotates")]
    public static partial void Rotated(ILogger logger, string node, int from, int to);

    [LoggerMessage(1801, LogLevel.Warning, "{Node} stays on port {Port}, though it should rotate: {Reason}")]
    public static partial void RotationFailed(ILogger logger, string node, int port, string reason);

    [LoggerMessage(1802, LogLevel.Warning, "STRANGER: {Reason}")]
    public static partial void Stranger(ILogger logger, string reason);

    [LoggerMessage(1803, LogLevel.Information, "No stranger is on {Port} of '{Service}' any more")]
    public static partial void StrangerGone(ILogger logger, string port, string service);

    [LoggerMessage(1804, LogLevel.Warning, "{Port} of '{Service}' is {State}")]
    public static partial void Blocked(ILogger logger, string port, string service, string state);

    [LoggerMessage(1805, LogLevel.Warning, "{Port} of '{Service}' should be blocked or opened again, but can't be: {Reason}")]
    public static partial void BlockFailed(ILogger logger, string port, string service, string reason);

    [LoggerMessage(1806, LogLevel.Warning, "'{Service}' should move, as its port is {Port}, but can't: {Reason}")]
    public static partial void MoveFailed(ILogger logger, string service, string port, string reason);

    [LoggerMessage(1808, LogLevel.Warning, "The packet filter does not follow '{Service}' to another port: {Reason}")]
    public static partial void DoorStays(ILogger logger, string service, string reason);

    [LoggerMessage(1807, LogLevel.Error, "The ports could not be looked at and are not guarded for now: {Reason}")]
    public static partial void LookFailed(ILogger logger, string reason);
}
