using Microsoft.Extensions.Logging;

namespace Entrepot.Mirror.Catalog.GarbageCollection;

internal static partial class Log
{
    [LoggerMessage(2000, LogLevel.Information, "Collected {Snapshots} snapshots and {Blobs} blobs, {Bytes} bytes; {Kept} blobs stay")]
    public static partial void Collected(ILogger logger, int snapshots, int blobs, long bytes, int kept);

    [LoggerMessage(2001, LogLevel.Error, "Garbage collection failed; it is tried again")]
    public static partial void CollectionFailed(ILogger logger, Exception error);
}
