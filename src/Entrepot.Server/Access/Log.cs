using Microsoft.Extensions.Logging;

namespace Entrepot.Server.Access;

internal static partial class Log
{
    [LoggerMessage(1900, LogLevel.Error, "Refused credentials at the {Surface} surface could not be journalled")]
    public static partial void RefusalNotJournalled(ILogger logger, string surface, Exception error);

    [LoggerMessage(1901, LogLevel.Error, "The credential for this machine's own commands could not be renewed; the node tries again in {Seconds} s")]
    public static partial void OperatorNotRenewed(ILogger logger, double seconds, Exception error);
}
