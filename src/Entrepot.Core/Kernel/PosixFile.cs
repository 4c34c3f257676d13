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
    private const uint OwnerMask = 0x18;  // STATX_UID | STATX_GID
    private const int UserOffset = 20;  // struct statx is laid out alike on every architecture (statx(2)); the group follows
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

    /// <summary>The user and group that a file belongs to; null where the platform can't tell.</summary>
    internal static (uint User, uint Group)? OwnerOf(string path)
    {
        if (!OperatingSystem.IsLinux())
            return null;
        var buffer = new byte[256];
        try
        {
            return Statx(-100, Encoding.UTF8.GetBytes(path + '\0'), 0, OwnerMask, buffer) == 0
                ? (BitConverter.ToUInt32(buffer, UserOffset), BitConverter.ToUInt32(buffer, UserOffset + sizeof(uint)))
                : null;
        }
        catch (EntryPointNotFoundException)
        {
            return null;
        }
    }

    /// <summary>Gives a file to a user and group, as far as this user may.</summary>
    internal static bool TryGive(SafeFileHandle file, uint user, uint group) => !OperatingSystem.IsWindows() && Fchown(file, user, group) == 0;

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

    [DllImport("libc", EntryPoint = "statx", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Statx(int folder, byte[] path, int flags, uint mask, byte[] buffer);

    [DllImport("libc", EntryPoint = "fchown", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Fchown(SafeFileHandle file, uint user, uint group);
}
