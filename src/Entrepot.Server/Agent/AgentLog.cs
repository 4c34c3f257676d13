using Microsoft.Extensions.Logging;

namespace Entrepot.Server.Agent;

internal static partial class AgentLog
{
    [LoggerMessage(Level = LogLevel.Warning, Message = "what was due could not be done: {Reason}")]
    public static partial void TickFailed(ILogger logger, string reason);
}
