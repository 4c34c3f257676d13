using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Entrepot.Ports.Allocation;

namespace Entrepot.Ports.Inventory;

/// <summary>What a datagram of a dump of sockets was like.</summary>
internal enum DumpState
{
    /// <summary>In order.</summary>
    Good,

    /// <summary>In order, but the tables changed meanwhile: a socket may be missing or twice (<c>NLM_F_DUMP_INTR</c>).</summary>
    Interrupted,

    /// <summary>The kernel refused, or the datagram is damaged.</summary>
    Failed,
}

/// <summary>The messages by which the kernel lists sockets (sock_diag(7); <c>struct inet_diag_req_v2</c>, <c>inet_diag_msg</c> and
/// netlink(7)). Pure. Netlink speaks in the host's byte order, addresses and ports in the network's.</summary>
internal static class InetDiagnosis
{
    /// <summary>Length of a request.</summary>
    public const int RequestSize = HeaderSize + 56;

    private const int HeaderSize = 16;  // struct nlmsghdr
    private const int MessageSize = 72;  // struct inet_diag_msg
    private const int AttributeHeaderSize = 4;
    private const ushort ErrorType = 2;  // NLMSG_ERROR
    private const ushort DoneType = 3;  // NLMSG_DONE
    private const ushort SocketType = 20;  // SOCK_DIAG_BY_FAMILY
    private const ushort RequestDump = 0x301;  // NLM_F_REQUEST | NLM_F_DUMP
    private const ushort InterruptedFlag = 0x10;  // NLM_F_DUMP_INTR
    private const int V6OnlyAttribute = 11;  // INET_DIAG_SKV6ONLY
    private const int ControlGroupAttribute = 21;  // INET_DIAG_CGROUP_ID
    private const byte FamilyV4 = 2;  // AF_INET
    private const byte FamilyV6 = 10;  // AF_INET6
    private const byte Listen = 10;  // TCP_LISTEN
    private const uint AllStates = 0xFFF;
    private const uint HalfSockets = 1u << 3 | 1u << 6 | 1u << 12;  // TCP_SYN_RECV, TCP_TIME_WAIT, TCP_NEW_SYN_RECV

    /// <summary>Writes the request for all sockets of one protocol and family.</summary>
    /// <param name="request">At least <see cref="RequestSize"/> bytes.</param>
    /// <param name="protocol">The transport.</param>
    /// <param name="family">IPv4 or IPv6.</param>
    /// <param name="listeners">True to leave connections of TCP and SCTP out, in the kernel.</param>
    /// <param name="sequence">Told back with every answer.</param>
    public static void WriteRequest(Span<byte> request, PortProtocol protocol, AddressFamily family, bool listeners, uint sequence)
    {
        request = request[..RequestSize];
        request.Clear();
        BitConverter.TryWriteBytes(request, (uint)RequestSize);
        BitConverter.TryWriteBytes(request[4..], SocketType);
        BitConverter.TryWriteBytes(request[6..], RequestDump);
        BitConverter.TryWriteBytes(request[8..], sequence);
        request[HeaderSize] = family == AddressFamily.InterNetwork ? FamilyV4 : FamilyV6;
        request[HeaderSize + 1] = (byte)(protocol switch { PortProtocol.Udp => 17, PortProtocol.Sctp => 132, _ => 6 });
        var states = IsDatagram(protocol) ? AllStates : listeners ? 1u << Listen : AllStates & ~HalfSockets;
        BitConverter.TryWriteBytes(request[(HeaderSize + 4)..], states);
    }

    /// <summary>Reads one datagram and appends its sockets.</summary>
    /// <param name="datagram">The datagram.</param>
    /// <param name="protocol">The transport that was asked for.</param>
    /// <param name="sequence">The request's.</param>
    /// <param name="sockets">Where the sockets go.</param>
    /// <param name="last">True when nothing follows.</param>
    public static DumpState Read(ReadOnlySpan<byte> datagram, PortProtocol protocol, uint sequence, List<ListeningSocket> sockets, out bool last)
    {
        last = false;
        if (datagram.IsEmpty)
            return DumpState.Failed;
        var interrupted = false;
        while (!datagram.IsEmpty)
        {
            if (datagram.Length < HeaderSize)
                return DumpState.Failed;
            var length = BitConverter.ToUInt32(datagram);
            var type = BitConverter.ToUInt16(datagram[4..]);
            if (length < HeaderSize || length > datagram.Length || BitConverter.ToUInt32(datagram[8..]) != sequence)
                return DumpState.Failed;
            interrupted |= (BitConverter.ToUInt16(datagram[6..]) & InterruptedFlag) != 0;
            var body = datagram[HeaderSize..(int)length];
            switch (type)
            {
                case DoneType when body.Length < 4 || BitConverter.ToInt32(body) >= 0:
                    last = true;
                    return interrupted ? DumpState.Interrupted : DumpState.Good;
                case ErrorType or DoneType:
                    return DumpState.Failed;
                case SocketType when body.Length < MessageSize:
                    return DumpState.Failed;
                case SocketType when Socket(body, protocol) is { } socket:
                    sockets.Add(socket);
                    break;
                default:
                    break;
            }

            datagram = datagram[Math.Min(datagram.Length, Align((int)length))..];
        }

        return interrupted ? DumpState.Interrupted : DumpState.Good;
    }

    private static ListeningSocket? Socket(ReadOnlySpan<byte> body, PortProtocol protocol)
    {
        var (family, state) = (body[0], body[1]);
        var (port, peerPort) = (BinaryPrimitives.ReadUInt16BigEndian(body[4..]), BinaryPrimitives.ReadUInt16BigEndian(body[6..]));
        if (port == 0 || family is not (FamilyV4 or FamilyV6))
            return null;
        var @interface = BitConverter.ToInt32(body[40..]);
        var (user, inode) = (BitConverter.ToInt32(body[64..]), (long)BitConverter.ToUInt32(body[68..]));
        bool? only = null;
        ulong group = 0;
        for (var rest = body[MessageSize..]; rest.Length >= AttributeHeaderSize;)
        {
            int length = BitConverter.ToUInt16(rest);
            if (length < AttributeHeaderSize || length > rest.Length)
                break;
            var value = rest[AttributeHeaderSize..length];
            var type = BitConverter.ToUInt16(rest[2..]) & 0x3FFF;
            if (type == V6OnlyAttribute && value.Length >= 1)
                only = value[0] != 0;
            else if (type == ControlGroupAttribute && value.Length >= 8)
                group = BitConverter.ToUInt64(value);
            rest = rest[Math.Min(rest.Length, Align(length))..];
        }

        return new ListeningSocket(
            protocol, Address(body[8..], family, @interface), port, IsDatagram(protocol) || state == Listen,
            peerPort == 0 ? null : new IPEndPoint(Address(body[24..], family, @interface), peerPort), inode, inode == 0 ? null : user)
        {
            InterfaceIndex = @interface, V6Only = only, ControlGroup = group,
        };
    }

    private static IPAddress Address(ReadOnlySpan<byte> bytes, byte family, int @interface)
    {
        if (family == FamilyV4)
        {
            // Most listeners have one of two addresses.
            return BinaryPrimitives.ReadUInt32BigEndian(bytes) switch
            {
                0 => IPAddress.Any,
                0x7F000001 => IPAddress.Loopback,
                _ => new IPAddress(bytes[..4]),
            };
        }

        if (bytes[..16].IndexOfAnyExcept((byte)0) < 0)
            return IPAddress.IPv6Any;
        var address = new IPAddress(bytes[..16]);
        if (address.IsIPv4MappedToIPv6)
            return address.MapToIPv4();
        if (address.IsIPv6LinkLocal)
            address.ScopeId = (uint)@interface;
        return address;
    }

    private static bool IsDatagram(PortProtocol protocol) => protocol == PortProtocol.Udp;

    private static int Align(int length) => (length + 3) & ~3;
}
