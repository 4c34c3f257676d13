using System.Net;
using System.Net.Sockets;

namespace Entrepot.Ports.Allocation;

/// <summary>Makes the sockets of listeners. SO_REUSEADDR is what .NET sets by itself when it binds TCP on Unix, so that connections in
/// TIME_WAIT do not keep a restarted service out; setting <see cref="SocketOptionName.ReuseAddress"/> there would mean SO_REUSEPORT,
/// which lets a second process of the same user share the port, and is never done. On Windows the exclusive use is asked for.</summary>
internal static class ListenSocket
{
    /// <summary>Binds, and for TCP listens unless the backlog is 0.</summary>
    /// <exception cref="SocketException">The system refuses, or the transport is one that .NET has no sockets for.</exception>
    public static Socket Bind(IPAddress address, int port, PortProtocol protocol, int backlog)
    {
        var socket = protocol switch
        {
            PortProtocol.Tcp => new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp),
            PortProtocol.Udp => new Socket(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp),
            _ => throw new SocketException((int)SocketError.ProtocolNotSupported),
        };
        try
        {
            if (OperatingSystem.IsWindows())
                socket.ExclusiveAddressUse = true;
            if (address.Equals(IPAddress.IPv6Any))
                socket.DualMode = true;
            socket.Bind(new IPEndPoint(address, port));
            if (port != PortRequest.AnyPort)
                Listen(socket, backlog);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Makes a TCP socket listen, unless the backlog is 0; does nothing to a UDP socket.</summary>
    public static void Listen(Socket socket, int backlog)
    {
        if (socket.SocketType == SocketType.Stream && backlog > 0)
            socket.Listen(backlog);
    }
}
