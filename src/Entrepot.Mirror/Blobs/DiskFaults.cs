using Entrepot.Core.Faults;

namespace Entrepot.Mirror.Blobs;

/// <summary>Turns an <see cref="IOException"/> of the data folder into a fault that names the place.</summary>
public static class DiskFaults
{
    private const int ProcessFull = 24;  // EMFILE
    private const int SystemFull = 23;  // ENFILE
    private const int NoSpace = 28;  // ENOSPC
    private const int QuotaExceeded = 122;  // EDQUOT
    private const int WindowsDiskFull = unchecked((int)0x80070070);  // ERROR_DISK_FULL

    /// <summary>True when the file system has no room left for the write.</summary>
    public static bool IsDiskFull(IOException error)
        => error.HResult is NoSpace or QuotaExceeded or WindowsDiskFull || error.Message.Contains("No space left", StringComparison.Ordinal);

    /// <summary>True when nothing is wrong with the file, but the process or the system has as many open as it may have.</summary>
    public static bool IsOutOfFiles(IOException error) => !OperatingSystem.IsWindows() && error.HResult is ProcessFull or SystemFull;

    /// <summary>The fault for a failed write or read.</summary>
    public static FaultException Translate(IOException error, string place)
        => IsDiskFull(error)
            ? Fault.Of(
                BlobFault.DiskFull, FaultKind.Exhausted, $"The disk that holds '{place}' is full; nothing was published.",
                "Free some space, or run 'entrepot gc'.").ToException(error)
            : Fault.Of(BlobFault.Disk, FaultKind.Internal, $"'{place}': {error.Message}", "Check the disk.").ToException(error);
}
