using Microsoft.Extensions.Logging;

namespace Entrepot.Server.Enrolment;

internal static partial class Log
{
    [LoggerMessage(2400, LogLevel.Information, "Joined as {Identity} at {Origin}")]
    public static partial void Joined(ILogger logger, string identity, string origin);

    [LoggerMessage(2401, LogLevel.Information, "{Identity} has a new certificate until {Expires:u}")]
    public static partial void Renewed(ILogger logger, string identity, DateTimeOffset expires);

    [LoggerMessage(2402, LogLevel.Error, "{Identity} could not get another certificate and tries again every minute; the one it has ends {Expires:u}: {Why}")]
    public static partial void RenewalFailed(ILogger logger, string identity, DateTimeOffset expires, string why);
}
