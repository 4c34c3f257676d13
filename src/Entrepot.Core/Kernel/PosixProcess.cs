using System.Globalization;
using System.Runtime.InteropServices;

namespace Entrepot.Core.Kernel;

/// <summary>Who this process is to the kernel, and what it may do.</summary>
public static class PosixProcess
{
    private const int NetworkAdministration = 12;  // CAP_NET_ADMIN, <linux/capability.h>

    /// <summary>The effective user number; 0 where there is none.</summary>
    public static int UserId => OperatingSystem.IsWindows() ? 0 : (int)GetUser();

    /// <summary>The effective group number; 0 where there is none.</summary>
    public static int GroupId => OperatingSystem.IsWindows() ? 0 : (int)GetGroup();

    /// <summary>True when this process may change the network's configuration (CAP_NET_ADMIN, capabilities(7)).</summary>
    public static bool MayAdministerNetwork
    {
        get
        {
            if (!OperatingSystem.IsLinux())
                return false;
            var line = File.ReadLines("/proc/self/status").FirstOrDefault(static line => line.StartsWith("CapEff:", StringComparison.Ordinal));
            return line is not null
                && ulong.TryParse(line.AsSpan("CapEff:".Length).Trim(), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var mask)
                && (mask >> NetworkAdministration & 1) != 0;
        }
    }

    /// <summary>True when a process of that number runs; the number may be another's by now.</summary>
    public static bool IsRunning(int process) => OperatingSystem.IsLinux() && File.Exists(string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/stat"));

    /// <summary>Makes this process the leader of a session of its own (setsid(2)), so that what ends its starter's session or
    /// terminal does not end it. Does nothing when it is a leader already.</summary>
    public static void LeaveSession()
    {
        if (!OperatingSystem.IsWindows())
            _ = SetSession();
    }

    [DllImport("libc", EntryPoint = "geteuid")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern uint GetUser();

    [DllImport("libc", EntryPoint = "getegid")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern uint GetGroup();

    [DllImport("libc", EntryPoint = "setsid", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SetSession();
}
