using Entrepot.Core.Identities;
using Microsoft.Extensions.Logging;

namespace Entrepot.Server.Scheduler;

internal static partial class Log
{
    [LoggerMessage(1500, LogLevel.Debug, "{Address} goes to {Edge} for {Client}")]
    public static partial void Redirected(ILogger logger, string address, NodeName edge, string client);

    [LoggerMessage(1501, LogLevel.Warning, "No edge may serve {Address} to {Client}; the origin serves it: {Reasons} ({Held} more like it before)")]
    public static partial void ServedByOrigin(ILogger logger, string address, string client, string reasons, int held);

    [LoggerMessage(1502, LogLevel.Error, "Nobody may serve {Address} to {Client}: {Reasons} ({Held} more like it before)")]
    public static partial void NoEdge(ILogger logger, string address, string client, string reasons, int held);

    [LoggerMessage(1503, LogLevel.Warning, "{Edge} failed to serve {Address} before its first byte ({Failure}); the next edge is tried")]
    public static partial void EdgeSkipped(ILogger logger, NodeName edge, string address, string failure);

    [LoggerMessage(1504, LogLevel.Warning, "{Edge} cut {Address} short ({Failure})")]
    public static partial void EdgeCut(ILogger logger, NodeName edge, string address, string failure);
}
