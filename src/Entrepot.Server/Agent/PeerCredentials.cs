using System.Buffers.Binary;
using System.Globalization;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Entrepot.Core.Faults;
using Entrepot.Core.Kernel;
using Entrepot.Ports.Firewalls;

namespace Entrepot.Server.Agent;

/// <summary>Who is at the other end of a Unix socket, as the kernel says (unix(7), <c>SO_PEERCRED</c>).</summary>
/// <param name="Process">Number of the process.</param>
/// <param name="User">Number of the user.</param>
/// <param name="Group">Number of the group.</param>
internal readonly record struct PeerCredentials(int Process, int User, int Group)
{
    private const int SocketLevel = 1;  // SOL_SOCKET
    private const int PeerCred = 17;  // SO_PEERCRED
    private const int PeerGroups = 59;  // SO_PEERGROUPS

    /// <summary>As the journal names it.</summary>
    public string Actor => string.Create(CultureInfo.InvariantCulture, $"operator@uid:{User}");

    /// <summary>Asks the kernel, and refuses everybody but root, the agent's own user and its group.</summary>
    /// <exception cref="FaultException"><see cref="FirewallFault.PeerForbidden"/>.</exception>
    public static PeerCredentials Require(Socket socket)
    {
        Span<byte> bytes = stackalloc byte[12];
        socket.GetRawSocketOption(SocketLevel, PeerCred, bytes);
        var numbers = MemoryMarshal.Cast<byte, int>(bytes);
        var peer = new PeerCredentials(numbers[0], numbers[1], numbers[2]);
        var group = PosixProcess.GroupId;
        return peer.User == 0 || peer.User == PosixProcess.UserId || peer.Group == group || GroupsOf(socket).Contains(group)
            ? peer
            : throw Fault.Of(
                FirewallFault.PeerForbidden, FaultKind.Forbidden,
                string.Create(CultureInfo.InvariantCulture, $"User {peer.User} may not give orders to the agent."),
                string.Create(CultureInfo.InvariantCulture, $"Use sudo, or become a member of the agent's group ({group}).")).ToException();
    }

    private static IReadOnlyList<int> GroupsOf(Socket socket)
    {
        // NGROUPS_MAX is 65,536.
        var bytes = new byte[4 * 65_536];
        try
        {
            var length = socket.GetRawSocketOption(SocketLevel, PeerGroups, bytes);
            return [.. Enumerable.Range(0, length / 4).Select(index => BitConverter.IsLittleEndian
                ? BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(index * 4)) : BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(index * 4)))];
        }
        catch (SocketException)
        {
            // Kernels before 4.13 do not tell.
            return [];
        }
    }
}
