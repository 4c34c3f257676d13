using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Declarations;
using Entrepot.Ports.Firewalls;

namespace Entrepot.SystemTests.Ports.Firewalls;

/// <summary>Puts packets on the wire as they are, with any sender that one likes.</summary>
internal sealed class Frames : IDisposable
{
    private readonly Socket _socket;
    private readonly EndPoint _device;

    public Frames(VirtualHost from)
        => (_socket, _device) = from.Within(() =>
        {
            var index = int.Parse(File.ReadAllText($"/proc/thread-self/net/dev_mcast").Split('\n').First(static line => line.Contains(" eth0 ", StringComparison.Ordinal)).Split('\t', ' ')[0]);
            return (new Socket(AddressFamily.Packet, SocketType.Raw, 0), (EndPoint)new Device(index));
        });

    public void Send(Packet packet, MacAddress to) => _socket.SendTo(Build(packet, to), _device);

    public void Dispose() => _socket.Dispose();

    private static byte[] Build(Packet packet, MacAddress to)
    {
        var transport = packet.Protocol == PortProtocol.Udp ? 8 : 20;
        var header = packet.IsIpv6 ? 40 : 20;
        var frame = new byte[Math.Max(60, 14 + header + transport)];
        WriteMac(frame, to);
        WriteMac(frame.AsSpan(6), packet.SourceMac!.Value);
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(12), packet.IsIpv6 ? (ushort)0x86dd : (ushort)0x0800);
        var ip = frame.AsSpan(14);
        byte protocol = packet.Protocol == PortProtocol.Udp ? (byte)17 : (byte)6;
        if (packet.IsIpv6)
        {
            ip[0] = 0x60;
            BinaryPrimitives.WriteUInt16BigEndian(ip[4..], (ushort)transport);
            (ip[6], ip[7]) = (protocol, 64);
            packet.Source.TryWriteBytes(ip[8..], out _);
            packet.Destination.TryWriteBytes(ip[24..], out _);
        }
        else
        {
            ip[0] = 0x45;
            BinaryPrimitives.WriteUInt16BigEndian(ip[2..], (ushort)(20 + transport));
            (ip[8], ip[9]) = (64, protocol);
            packet.Source.TryWriteBytes(ip[12..], out _);
            packet.Destination.TryWriteBytes(ip[16..], out _);
            BinaryPrimitives.WriteUInt16BigEndian(ip[10..], Checksum(ip[..20], 0));
        }

        var segment = ip.Slice(header, transport);
        BinaryPrimitives.WriteUInt16BigEndian(segment, (ushort)packet.SourcePort);
        BinaryPrimitives.WriteUInt16BigEndian(segment[2..], (ushort)packet.DestinationPort);
        if (protocol == 17)
            BinaryPrimitives.WriteUInt16BigEndian(segment[4..], 8);
        else
            (segment[4], segment[12], segment[13], segment[14]) = (1, 0x50, packet.TcpFlags, 0x20);
        var addresses = packet.IsIpv6 ? ip.Slice(8, 32) : ip.Slice(12, 8);
        var sum = Checksum(segment, (uint)(protocol + transport) + Sum(addresses));
        BinaryPrimitives.WriteUInt16BigEndian(segment[(protocol == 17 ? 6 : 16)..], sum);
        return frame;
    }

    private static void WriteMac(Span<byte> span, MacAddress mac)
    {
        for (var index = 0; index < 6; index++)
            span[index] = (byte)(mac.Value >> (40 - (8 * index)));
    }

    private static uint Sum(ReadOnlySpan<byte> bytes)
    {
        uint sum = 0;
        for (var index = 0; index < bytes.Length; index += 2)
            sum += BinaryPrimitives.ReadUInt16BigEndian(bytes[index..]);
        return sum;
    }

    /// <summary>RFC 1071.</summary>
    private static ushort Checksum(ReadOnlySpan<byte> bytes, uint sum)
    {
        sum += Sum(bytes);
        while (sum >> 16 != 0)
            sum = (sum & 0xffff) + (sum >> 16);
        return (ushort)~sum;
    }

    /// <summary>packet(7): struct sockaddr_ll.</summary>
    private sealed class Device(int index) : EndPoint
    {
        public override AddressFamily AddressFamily => AddressFamily.Packet;

        public override SocketAddress Serialize()
        {
            var address = new SocketAddress(AddressFamily.Packet, 20);
            for (var part = 0; part < 4; part++)
                address[4 + part] = (byte)(index >> (8 * part));
            return address;
        }
    }
}
