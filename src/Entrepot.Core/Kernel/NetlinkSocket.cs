using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Entrepot.Core.Kernel;

/// <summary>A netlink socket: the way to ask the Linux kernel about its own state (netlink(7)). Only the kernel is asked, and only its
/// answers are taken.</summary>
public sealed class NetlinkSocket : SafeHandleMinusOneIsInvalid
{
    /// <summary>Sockets of this host (<c>NETLINK_SOCK_DIAG</c>, sock_diag(7)).</summary>
    public const int SocketDiagnostics = 4;

    /// <summary>Enough for one answer: the kernel fills at most 32 KiB of a dump at once (<c>netlink_dump</c> in af_netlink.c).</summary>
    public const int ReceiveSize = 64 << 10;

    private const int FamilyNetlink = 16;  // AF_NETLINK
    private const int DatagramCloseOnExec = 2 | 0x80000;  // SOCK_DGRAM | SOCK_CLOEXEC
    private const int SocketLevel = 1;  // SOL_SOCKET
    private const int ReceiveTimeout = 20;  // SO_RCVTIMEO
    private const int Truncated = 0x20;  // MSG_TRUNC
    private const int Interrupted = 4;  // EINTR
    private const int AddressSize = 12;  // struct sockaddr_nl
    private const int SenderOffset = 4;  // nl_pid

    private readonly byte[] _address = new byte[AddressSize];

    /// <summary>Makes a handle for the marshaller.</summary>
    public NetlinkSocket()
        : base(ownsHandle: true)
    {
    }

    /// <summary>Opens a socket.</summary>
    /// <param name="protocol">The part of the kernel, such as <see cref="SocketDiagnostics"/>.</param>
    /// <param name="deadline">How long one receive may take.</param>
    /// <returns>Null where there is no netlink, or this process may not use it.</returns>
    public static NetlinkSocket? TryOpen(int protocol, TimeSpan deadline)
    {
        if (!OperatingSystem.IsLinux())
            return null;
        var descriptor = Open(FamilyNetlink, DatagramCloseOnExec, protocol);
        if (descriptor < 0)
            return null;
        var socket = new NetlinkSocket();
        socket.SetHandle(descriptor);
        var timeout = new Timeval { Seconds = (nint)Math.Truncate(deadline.TotalSeconds), Microseconds = deadline.Milliseconds * 1000 };
        if (SetOption(socket, SocketLevel, ReceiveTimeout, timeout, Marshal.SizeOf<Timeval>()) == 0)
            return socket;
        socket.Dispose();
        return null;
    }

    /// <summary>Sends a request to the kernel.</summary>
    /// <returns>False when it is refused.</returns>
    public bool TrySend(ReadOnlySpan<byte> message)
    {
        Array.Clear(_address);
        BitConverter.TryWriteBytes(_address, (ushort)FamilyNetlink);
        return SendTo(this, in MemoryMarshal.GetReference(message), message.Length, 0, _address, AddressSize) == message.Length;
    }

    /// <summary>Receives the next datagram from the kernel.</summary>
    /// <param name="buffer">At least <see cref="ReceiveSize"/> bytes.</param>
    /// <returns>Its length, or -1: nothing came within the deadline, it did not fit, or it failed.</returns>
    public int Receive(Span<byte> buffer)
    {
        // Bounded: signals may interrupt, and others may send, but not for ever.
        for (var tries = 0; tries < 100; tries++)
        {
            var length = AddressSize;
            var received = (int)ReceiveFrom(this, ref MemoryMarshal.GetReference(buffer), buffer.Length, Truncated, _address, ref length);
            if (received < 0 && Marshal.GetLastPInvokeError() == Interrupted)
                continue;
            if (received >= 0 && BitConverter.ToUInt32(_address, SenderOffset) != 0)
                continue;  // not the kernel
            return received > buffer.Length ? -1 : received;
        }

        return -1;
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle() => Close((int)handle) == 0;

    [DllImport("libc", EntryPoint = "socket", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Open(int family, int type, int protocol);

    [DllImport("libc", EntryPoint = "setsockopt", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SetOption(NetlinkSocket socket, int level, int option, in Timeval value, int length);

    [DllImport("libc", EntryPoint = "sendto", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern nint SendTo(NetlinkSocket socket, in byte message, nint length, int flags, byte[] address, int addressLength);

    [DllImport("libc", EntryPoint = "recvfrom", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern nint ReceiveFrom(NetlinkSocket socket, ref byte buffer, nint length, int flags, byte[] address, ref int addressLength);

    [DllImport("libc", EntryPoint = "close", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Close(int descriptor);

    [StructLayout(LayoutKind.Sequential)]
    private struct Timeval
    {
        public nint Seconds;

        public nint Microseconds;
    }
}
