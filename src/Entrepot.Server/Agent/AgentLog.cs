using Microsoft.Extensions.Logging;

namespace Entrepot.Server.Agent;

internal static partial class AgentLog
{
    [LoggerMessage(Level = LogLevel.Warning, Message = "what was due could not be done: {Reason}")]
    public static partial void TickFailed(ILogger logger, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The machine was started again: the rules that were confirmed before are loaded. {Proof}")]
    public static partial void LoadedAfterBoot(ILogger logger, string proof);

    [LoggerMessage(Level = LogLevel.Error, Message = "The machine was started again, and the rules that were confirmed before can't be loaded: {Reason}")]
    public static partial void NotLoadedAfterBoot(ILogger logger, string reason);
}
