using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Entrepot.Core.Kernel;

/// <summary>The file calls that .NET does not offer. Each does nothing, or says it can't, where the platform lacks it.</summary>
public static class PosixFile
{
    private const int ReadOnly = 0;
    private const int CloseOnExec = 0x80000;
    private const int KeepSize = 1;  // FALLOC_FL_KEEP_SIZE
    private const int DontNeed = 4;  // POSIX_FADV_DONTNEED
    private const int PunchHoleFlag = 2;  // FALLOC_FL_PUNCH_HOLE

    /// <summary>Makes renames and creations inside a folder durable: fsync(2) on the folder itself. On Windows, where a folder can't
    /// be flushed and NTFS journals its metadata, does nothing.</summary>
    /// <exception cref="IOException">The folder can't be opened or flushed.</exception>
    public static void SyncFolder(string folder)
    {
        if (OperatingSystem.IsWindows())
            return;
        var path = Encoding.UTF8.GetBytes(folder + '\0');
        var flags = OperatingSystem.IsLinux() ? ReadOnly | CloseOnExec : ReadOnly;
        var descriptor = Open(path, flags);
        if (descriptor < 0)
            throw Failure($"open folder '{folder}'");
        try
        {
            if (Fsync(descriptor) != 0)
                throw Failure($"fsync folder '{folder}'");
        }
        finally
        {
            _ = Close(descriptor);
        }
    }

    /// <summary>Gives the space of a byte range back to the file system; the range then reads as zeros.</summary>
    /// <returns>False where the platform or file system can't.</returns>
    public static bool TryPunchHole(SafeFileHandle file, long offset, long length)
        => OperatingSystem.IsLinux() && Fallocate(file, KeepSize | PunchHoleFlag, offset, length) == 0;

    /// <summary>Drops what the page cache has of a byte range and is on disk already, so that the next read sees the disk itself.
    /// A hint: does nothing where the platform can't.</summary>
    public static void ForgetPages(SafeFileHandle file, long offset, long length)
    {
        if (OperatingSystem.IsLinux())
            _ = Fadvise(file, offset, length, DontNeed);
    }

    private static IOException Failure(string what)
    {
        var error = Marshal.GetLastPInvokeError();
        return new IOException($"{what}: {new Win32Exception(error).Message}", error);
    }

    [DllImport("libc", EntryPoint = "open", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Open(byte[] path, int flags);

    [DllImport("libc", EntryPoint = "fsync", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Fsync(int descriptor);

    [DllImport("libc", EntryPoint = "close", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Close(int descriptor);

    [DllImport("libc", EntryPoint = "fallocate64", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Fallocate(SafeFileHandle file, int mode, long offset, long length);

    [DllImport("libc", EntryPoint = "posix_fadvise64")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Fadvise(SafeFileHandle file, long offset, long length, int advice);
}
