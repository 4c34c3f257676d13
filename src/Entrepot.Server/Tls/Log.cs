using Microsoft.Extensions.Logging;

namespace Entrepot.Server.Tls;

internal static partial class Log
{
    [LoggerMessage(2300, LogLevel.Information, "The certificate in {Path} was replaced: {Subject}, until {Expires:u}")]
    public static partial void CertificateReplaced(ILogger logger, string path, string subject, DateTime expires);

    [LoggerMessage(2301, LogLevel.Error, "The new certificate in {Path} can't be used, the old one stays in use: {Why} {Cure}")]
    public static partial void CertificateKept(ILogger logger, string path, string why, string cure);

    [LoggerMessage(2302, LogLevel.Warning, "A connection of {Address} is refused: {Why} {Held} more were refused since the last of these lines")]
    public static partial void ConnectionRefused(ILogger logger, string address, string why, int held);
}
