using Microsoft.Extensions.Logging;

namespace Entrepot.Server.Leases;

internal static partial class Log
{
    [LoggerMessage(1840, LogLevel.Warning, "{Why} The lease lapses")]
    public static partial void Lapsed(ILogger logger, string why);

    [LoggerMessage(1841, LogLevel.Warning, "{Why} The port is given back")]
    public static partial void Released(ILogger logger, string why);

    [LoggerMessage(1842, LogLevel.Warning, "{Summary} {Cure} Forecast: {Forecast}")]
    public static partial void RunningOut(ILogger logger, string summary, string cure, string forecast);

    [LoggerMessage(1843, LogLevel.Warning, "Leases could not be looked after: {Message}")]
    public static partial void BeatFailed(ILogger logger, string message);
}
