using Microsoft.Extensions.Logging;

namespace Entrepot.Ports.Discovery;

internal static partial class Log
{
    [LoggerMessage(4100, LogLevel.Information, "{Registry}: {Published} instances published, {Withdrawn} withdrawn, {Renewed} renewed")]
    public static partial void Published(ILogger logger, string registry, int published, int withdrawn, int renewed);

    [LoggerMessage(4101, LogLevel.Warning, "Services can't be published, which is tried again until they can: {Trouble}")]
    public static partial void Failed(ILogger logger, string trouble);

    [LoggerMessage(4102, LogLevel.Information, "{Registry} is up to date again after {Failures} failed rounds")]
    public static partial void Recovered(ILogger logger, string registry, int failures);

    [LoggerMessage(4103, LogLevel.Warning, "{Instance} of {Publisher} is published in {Registry} with a later generation than {Generation}: another process uses this node's name, and its entry is left alone")]
    public static partial void Superseded(ILogger logger, string instance, string publisher, string registry, long generation);

    [LoggerMessage(4104, LogLevel.Warning, "{Registry} was not told that this node stops; its entries expire by themselves: {Trouble}")]
    public static partial void FarewellFailed(ILogger logger, string registry, string trouble);
}
