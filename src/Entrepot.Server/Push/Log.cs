using Microsoft.Extensions.Logging;

namespace Entrepot.Server.Push;

internal static partial class Log
{
    [LoggerMessage(1205, LogLevel.Warning, "Upload {Upload}… could not be finished and stays: {Reason}")]
    public static partial void UploadNotFinished(ILogger logger, string upload, string reason);

    [LoggerMessage(1200, LogLevel.Information, "Upload {Upload}… was interrupted at {Offset} bytes and may go on")]
    public static partial void UploadInterrupted(ILogger logger, string upload, long offset);

    [LoggerMessage(1201, LogLevel.Information, "Upload {Upload}… goes on in another request, from {Offset} bytes")]
    public static partial void UploadTakenOver(ILogger logger, string upload, long offset);

    [LoggerMessage(1202, LogLevel.Information, "{Count} uploads that nobody continued have expired")]
    public static partial void UploadsExpired(ILogger logger, int count);

    [LoggerMessage(1203, LogLevel.Warning, "Uploads found at start could not go on, because their bytes or their state were lost: {Uploads}")]
    public static partial void UploadsDropped(ILogger logger, string uploads);

    [LoggerMessage(1204, LogLevel.Error, "The sweep of uploads failed and is tried again later")]
    public static partial void SweepFailed(ILogger logger, Exception error);
}
