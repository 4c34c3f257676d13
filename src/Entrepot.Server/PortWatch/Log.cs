using Microsoft.Extensions.Logging;

namespace Entrepot.Server.PortWatch;

internal static partial class Log
{
    [LoggerMessage(1900, LogLevel.Information, "A new listener on {Protocol}/{Port}: {Summary}")]
    public static partial void ListenerAppeared(ILogger logger, string protocol, int port, string summary);

    [LoggerMessage(1901, LogLevel.Warning, "Finding on {Subject} is {State} ({Kind}): {Reason}")]
    public static partial void FindingStep(ILogger logger, string subject, string state, string kind, string reason);

    [LoggerMessage(1902, LogLevel.Error, "The ports could not be looked at; findings stay as they are")]
    public static partial void LookFailed(ILogger logger, Exception error);
}
