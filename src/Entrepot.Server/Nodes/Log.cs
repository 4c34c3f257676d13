using Entrepot.Core.Identities;
using Microsoft.Extensions.Logging;

namespace Entrepot.Server.Nodes;

internal static partial class Log
{
    [LoggerMessage(1400, LogLevel.Information, "Node {Node} went from {From} to {To}: {Reason}")]
    public static partial void NodeChanged(ILogger logger, NodeName node, string from, string to, string reason);

    [LoggerMessage(1401, LogLevel.Warning, "Node {Node} is out: {Reason}")]
    public static partial void NodeOut(ILogger logger, NodeName node, string reason);

    [LoggerMessage(1402, LogLevel.Warning, "Edge {Node} failed ({Error}): {Detail}")]
    public static partial void EdgeFailed(ILogger logger, NodeName node, EdgeError error, string detail);

    [LoggerMessage(1403, LogLevel.Warning, "The origin could not be told of this node: {Reason}")]
    public static partial void BeatFailed(ILogger logger, string reason);
}
