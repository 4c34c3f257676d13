using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Entrepot.Ports.Allocation;

namespace Entrepot.Ports.Inventory;

/// <summary>A socket that has a local port.</summary>
/// <param name="Protocol">The transport.</param>
/// <param name="Address">The local address; an IPv4 address that the kernel shows in IPv6 form is turned back.</param>
/// <param name="Port">The local port, 1–65535.</param>
/// <param name="Listening">True for a TCP listener and for every UDP socket; false for a TCP connection.</param>
/// <param name="Peer">The other end of a connection, or null.</param>
/// <param name="Inode">The kernel's number of the socket, by which its owner is found; 0 where it is unknown.</param>
/// <param name="UserId">The user who made it, or null where the host does not say.</param>
/// <param name="Owner">The process, or null while it is unknown: not looked up, or not visible to this user.</param>
public sealed record ListeningSocket(
    PortProtocol Protocol,
    IPAddress Address,
    int Port,
    bool Listening,
    IPEndPoint? Peer = null,
    long Inode = 0,
    int? UserId = null,
    SocketOwner? Owner = null)
{
    /// <summary>Other processes that have the same socket open, such as a server's workers; empty while they are not looked up.</summary>
    public ImmutableArray<SocketOwner> Sharers { get; init; } = [];

    /// <summary>Number of the interface that the socket is bound to; 0 for all of them.</summary>
    public int InterfaceIndex { get; init; }

    /// <summary>Name of that interface where the host tells it, or null.</summary>
    public string? InterfaceName { get; init; }

    /// <summary>True when an IPv6 socket leaves IPv4 alone (<c>IPV6_V6ONLY</c>), or null where the host does not say.</summary>
    public bool? V6Only { get; init; }

    /// <summary>The kernel's number of the control group in which it was made, or 0.</summary>
    public ulong ControlGroup { get; init; }

    /// <summary>The network namespace, when it is not the reader's own: what listens there is reached by other addresses.</summary>
    public NetworkNamespace? Namespace { get; init; }

    /// <summary>Every process that has the socket open, as far as they were looked up.</summary>
    public IEnumerable<SocketOwner> Owners => Owner is null ? Sharers : Sharers.Prepend(Owner);

    /// <summary>True when binding <paramref name="address"/> on the same port is certain to meet this socket: the same address, or
    /// one of the two stands for all addresses of the family. An IPv6 listener on all addresses may or may not take IPv4 as well
    /// (<c>IPV6_V6ONLY</c>); where the host does not say, only our own dual-mode bind counts between the families.</summary>
    public bool Meets(IPAddress address)
    {
        var ours = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        if (ours.Equals(IPAddress.IPv6Any))
            return true;
        if (ours.AddressFamily != Address.AddressFamily)
            return V6Only == false && Address.Equals(IPAddress.IPv6Any);
        var any = ours.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any;
        return ours.Equals(any) || Address.Equals(any) || Address.Equals(ours);
    }

    /// <summary>Who it is, for messages: <c>nginx (pid 12)</c>, or what is known instead.</summary>
    public string Holder => (Owner, UserId) switch
    {
        ({ } owner, _) => owner.ToString(),
        (null, { } user) => string.Create(CultureInfo.InvariantCulture, $"a process of user {user} that this user may not look into"),
        _ => "another process",
    };

    /// <summary>What it does with the port, as the rest of a sentence that begins with the port.</summary>
    public string Describe() => Peer is null ? $"is bound by {Holder}" : $"is used by {Holder} for a connection to {Peer}";
}
