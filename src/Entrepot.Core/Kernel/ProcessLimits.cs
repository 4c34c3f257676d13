using System.Runtime.InteropServices;

namespace Entrepot.Core.Kernel;

/// <summary>What the kernel lets this process have.</summary>
public static class ProcessLimits
{
    private const int OpenFilesLinux = 7;  // RLIMIT_NOFILE
    private const int OpenFilesMac = 8;

    /// <summary>How many files and sockets this process may have open at once, or null where the platform sets no such limit.</summary>
    public static long? OpenFiles()
    {
        if (OperatingSystem.IsWindows() || GetLimit(OperatingSystem.IsLinux() ? OpenFilesLinux : OpenFilesMac, out var limit) != 0)
            return null;
        return limit.Soft > long.MaxValue ? null : (long)limit.Soft;
    }

    [DllImport("libc", EntryPoint = "getrlimit", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int GetLimit(int resource, out Limit limit);

    [StructLayout(LayoutKind.Sequential)]
    private readonly struct Limit
    {
        public readonly nuint Soft;

        public readonly nuint Hard;
    }
}
