using System.Runtime.InteropServices;
using System.Text;

namespace Entrepot.Core.Kernel;

/// <summary>What a name in a folder stands for.</summary>
public enum FileKind
{
    /// <summary>Bytes on a disk.</summary>
    Regular,

    /// <summary>A folder.</summary>
    Folder,

    /// <summary>A symbolic link.</summary>
    Link,

    /// <summary>A pipe, socket or device: reading it may never end.</summary>
    Special,

    /// <summary>Nothing, or nothing that this user may look at.</summary>
    Missing,
}

/// <summary>What makes a file or folder the same under two names.</summary>
/// <param name="FileSystem">The file system that holds it; files can be renamed only within one.</param>
/// <param name="Number">Its inode there.</param>
public readonly record struct FileIdentity(ulong FileSystem, ulong Number);

/// <summary>Tells pipes, sockets and devices from files before they are opened: opening a pipe waits for its other end.</summary>
public static class FileKinds
{
    private const int CurrentFolder = -100;  // AT_FDCWD
    private const int NoFollow = 0x100;  // AT_SYMLINK_NOFOLLOW
    private const uint TypeOnly = 1;  // STATX_TYPE
    private const uint TypeAndInode = 0x101;  // STATX_TYPE | STATX_INO
    private const int StatxSize = 256;
    private const int ModeOffset = 28;  // struct statx is laid out alike on every architecture (statx(2))
    private const int TypeMask = 0xF000;
    private const int InodeOffset = 32;
    private const int DeviceOffset = 136;

    /// <summary>The kind of the thing at a path. Where the platform has no statx(2), pipes and devices are told to be regular.</summary>
    /// <param name="path">The path.</param>
    /// <param name="follow">True to look at what a link points to.</param>
    public static FileKind Of(string path, bool follow)
    {
        if (OperatingSystem.IsLinux())
        {
            var data = new byte[StatxSize];
            if (Statx(CurrentFolder, Encoding.UTF8.GetBytes(path + '\0'), follow ? 0 : NoFollow, TypeOnly, data) != 0)
                return FileKind.Missing;
            return (MemoryMarshal.Read<ushort>(data.AsSpan(ModeOffset)) & TypeMask) switch
            {
                0x8000 => FileKind.Regular,
                0x4000 => FileKind.Folder,
                0xA000 => FileKind.Link,
                _ => FileKind.Special,
            };
        }

        FileSystemInfo info = new FileInfo(path);
        if (info.LinkTarget is not null)
        {
            if (!follow)
                return FileKind.Link;
            if (info.ResolveLinkTarget(returnFinalTarget: true) is not { Exists: true } target)
                return FileKind.Missing;
            info = target;
        }

        return Directory.Exists(info.FullName) ? FileKind.Folder : File.Exists(info.FullName) ? FileKind.Regular : FileKind.Missing;
    }

    /// <summary>Tells whether two paths lead to the same thing, links followed.</summary>
    /// <returns>Null where the path is missing or the platform has no statx(2).</returns>
    public static FileIdentity? IdentityOf(string path)
    {
        var data = new byte[StatxSize];
        return OperatingSystem.IsLinux() && Statx(CurrentFolder, Encoding.UTF8.GetBytes(path + '\0'), 0, TypeAndInode, data) == 0
            ? new FileIdentity(MemoryMarshal.Read<ulong>(data.AsSpan(DeviceOffset)), MemoryMarshal.Read<ulong>(data.AsSpan(InodeOffset)))
            : null;
    }

    [DllImport("libc", EntryPoint = "statx", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Statx(int folder, byte[] path, int flags, uint mask, byte[] data);
}
