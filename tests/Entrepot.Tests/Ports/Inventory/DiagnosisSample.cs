using System.Buffers.Binary;
using System.Net;

namespace Entrepot.Tests.Ports.Inventory;

/// <summary>Writes what the kernel would answer.</summary>
internal static class DiagnosisSample
{
    public const uint Sequence = 7;

    /// <summary>One socket: <c>struct nlmsghdr</c>, <c>struct inet_diag_msg</c>, attributes.</summary>
    public static byte[] Socket(
        byte state, IPEndPoint local, IPEndPoint? peer, uint user, uint inode, int @interface = 0, bool? v6Only = null, ulong? group = null, ushort flags = 2)
    {
        using var stream = new MemoryStream();
        var body = new byte[72];
        body[0] = (byte)(local.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork ? 2 : 10);
        body[1] = state;
        BinaryPrimitives.WriteUInt16BigEndian(body.AsSpan(4), (ushort)local.Port);
        BinaryPrimitives.WriteUInt16BigEndian(body.AsSpan(6), (ushort)(peer?.Port ?? 0));
        local.Address.GetAddressBytes().CopyTo(body, 8);
        peer?.Address.GetAddressBytes().CopyTo(body, 24);
        BitConverter.TryWriteBytes(body.AsSpan(40), @interface);
        BitConverter.TryWriteBytes(body.AsSpan(64), user);
        BitConverter.TryWriteBytes(body.AsSpan(68), inode);
        stream.Write(body);
        stream.Write([5, 0, 8, 0, 0, 0, 0, 0]);  // INET_DIAG_SHUTDOWN, padded
        if (v6Only is { } only)
            stream.Write([5, 0, 11, 0, (byte)(only ? 1 : 0), 0, 0, 0]);
        if (group is { } id)
            stream.Write([12, 0, 21, 0, .. BitConverter.GetBytes(id)]);
        return Message(20, flags, stream.ToArray());
    }

    public static byte[] Done(int code = 0) => Message(3, 2, BitConverter.GetBytes(code));

    public static byte[] Error(int code) => Message(2, 0, [.. BitConverter.GetBytes(code), .. new byte[16]]);

    private static byte[] Message(ushort type, ushort flags, byte[] body)
        => [.. BitConverter.GetBytes(16 + body.Length), .. BitConverter.GetBytes(type), .. BitConverter.GetBytes(flags), .. BitConverter.GetBytes(Sequence), 0, 0, 0, 0, .. body];
}
