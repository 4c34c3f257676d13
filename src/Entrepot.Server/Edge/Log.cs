using Microsoft.Extensions.Logging;

namespace Entrepot.Server.Edge;

internal static partial class Log
{
    [LoggerMessage(1600, LogLevel.Warning, "Edge {Node} can't tell the origin how it is: {Detail}")]
    public static partial void BeatFailed(ILogger logger, string node, string detail);

    [LoggerMessage(1601, LogLevel.Information, "Edge {Node} reaches the origin again")]
    public static partial void BeatRecovered(ILogger logger, string node);

    [LoggerMessage(1602, LogLevel.Information, "Edge {Node} takes missing pieces from: {Sources}")]
    public static partial void SourcesChanged(ILogger logger, string node, string sources);

    [LoggerMessage(1603, LogLevel.Information, "Edge {Node} serves on {Url} with {Held} bytes held")]
    public static partial void EdgeStarted(ILogger logger, string node, string url, long held);

    [LoggerMessage(1604, LogLevel.Warning, "Edge {Node} can't write down which paths it has learnt; after a restart it has to ask the origin again: {Detail}")]
    public static partial void MemoryFailed(ILogger logger, string node, string detail);
}
