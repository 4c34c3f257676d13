using Microsoft.Extensions.Logging;

namespace Entrepot.Server.Replica;

internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Warning, "The catalog stays as it was last known, as the origin does not tell: {Reason}")]
    public static partial void CatalogStale(ILogger logger, string reason);

    [LoggerMessage(2, LogLevel.Warning, "The edges stay as they were last known, as the origin does not tell: {Reason}")]
    public static partial void NodesStale(ILogger logger, string reason);

    [LoggerMessage(3, LogLevel.Debug, "The origin was not told of an error of edge {Edge}: {Reason}")]
    public static partial void ReportLost(ILogger logger, string edge, string reason);
}
