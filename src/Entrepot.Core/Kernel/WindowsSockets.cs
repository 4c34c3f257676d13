using System.Runtime.InteropServices;

namespace Entrepot.Core.Kernel;

/// <summary>The tables of sockets that Windows keeps (iphlpapi). Written from its documentation and never run there.</summary>
public static class WindowsSockets
{
    private const int FamilyV4 = 2;  // AF_INET
    private const int FamilyV6 = 23;  // AF_INET6
    private const int TcpOwnerAll = 5;  // TCP_TABLE_OWNER_PID_ALL
    private const int UdpOwner = 1;  // UDP_TABLE_OWNER_PID
    private const int InsufficientBuffer = 122;  // ERROR_INSUFFICIENT_BUFFER
    private const int MaxTries = 5;
    private const int MaxBytes = 256 << 20;

    /// <summary>The bytes of one table.</summary>
    /// <param name="udp">UDP instead of TCP.</param>
    /// <param name="v6">IPv6 instead of IPv4.</param>
    /// <returns>Null on other systems, or where Windows refuses.</returns>
    public static byte[]? Table(bool udp, bool v6)
    {
        if (!OperatingSystem.IsWindows())
            return null;
        var table = new byte[64 << 10];
        // The table may grow between the answer that tells its size and the next call.
        for (var tries = 0; tries < MaxTries; tries++)
        {
            var size = table.Length;
            var family = v6 ? FamilyV6 : FamilyV4;
            var error = udp ? GetUdpTable(table, ref size, false, family, UdpOwner, 0) : GetTcpTable(table, ref size, false, family, TcpOwnerAll, 0);
            if (error == 0)
                return table;
            if (error != InsufficientBuffer || size is <= 0 or > MaxBytes)
                return null;
            table = new byte[size + (size / 4)];
        }

        return null;
    }

    [DllImport("iphlpapi", EntryPoint = "GetExtendedTcpTable")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static extern int GetTcpTable(byte[] table, ref int size, [MarshalAs(UnmanagedType.Bool)] bool order, int family, int tableClass, int reserved);

    [DllImport("iphlpapi", EntryPoint = "GetExtendedUdpTable")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static extern int GetUdpTable(byte[] table, ref int size, [MarshalAs(UnmanagedType.Bool)] bool order, int family, int tableClass, int reserved);
}
