using Microsoft.Extensions.Logging;

namespace Entrepot.Server.Http;

internal static partial class Log
{
    [LoggerMessage(1000, LogLevel.Error, "{Method} {Path} failed ({TraceId})")]
    public static partial void RequestFailed(ILogger logger, string method, string path, string traceId, Exception error);

    [LoggerMessage(1001, LogLevel.Debug, "Refused {Address}: not on the allow-list of {Surface}")]
    public static partial void AddressRefused(ILogger logger, string address, string surface);
}
