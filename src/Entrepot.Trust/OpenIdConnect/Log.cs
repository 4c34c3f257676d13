using Microsoft.Extensions.Logging;

namespace Entrepot.Trust.OpenIdConnect;

internal static partial class Log
{
    [LoggerMessage(4200, LogLevel.Warning, "Nobody can sign in through {Issuer} now: {Reason}")]
    public static partial void ProviderUnusable(ILogger logger, string issuer, string reason, Exception? error);
}
