using Microsoft.Extensions.Logging;

namespace Entrepot.Server.Declarations;

internal static partial class Log
{
    [LoggerMessage(1820, LogLevel.Information, "{File} was read again: {Services} services and {Pools} pools are declared")]
    public static partial void PortfileTaken(ILogger logger, string file, int services, int pools);

    [LoggerMessage(1821, LogLevel.Error, "{File} has changed and is not taken over; what was declared before stays:\n{Errors}")]
    public static partial void PortfileRefused(ILogger logger, string file, string errors);

    [LoggerMessage(1823, LogLevel.Error, "What {File} declares could not be brought about; it is tried again")]
    public static partial void PortfileUnsettled(ILogger logger, string file, Exception error);

    [LoggerMessage(1822, LogLevel.Warning, "'{Service}' of the portfile has no port: {Reason}")]
    public static partial void Unleased(ILogger logger, string service, string reason);
}
