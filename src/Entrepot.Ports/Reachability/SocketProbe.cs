using System.Net;
using System.Net.Sockets;
using Entrepot.Ports.Allocation;

namespace Entrepot.Ports.Reachability;

/// <summary>Tries by an ordinary connection or datagram, as any client would; needs no privilege. SCTP is not tried.</summary>
/// <param name="time">The clock of the deadlines.</param>
public sealed class SocketProbe(TimeProvider time) : IProbeTransport
{
    /// <inheritdoc/>
    public async Task<ProbeAnswer> TryAsync(ProbeTarget target, TimeSpan patience, CancellationToken cancellation)
    {
        if (target.Protocol == PortProtocol.Sctp)
            return ProbeAnswer.NotTried;
        using var deadline = new CancellationTokenSource(patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, deadline.Token);
        try
        {
            return target.Protocol == PortProtocol.Tcp ? await ConnectAsync(target, either.Token) : await AskAsync(target, either.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return ProbeAnswer.Silence;
        }
        catch (SocketException error)
        {
            return Meaning(error.SocketErrorCode);
        }
    }

    /// <summary>What an error of a try means.</summary>
    internal static ProbeAnswer Meaning(SocketError error) => error switch
    {
        SocketError.ConnectionRefused or SocketError.ConnectionReset => ProbeAnswer.Refused,
        SocketError.TimedOut => ProbeAnswer.Silence,
        SocketError.HostUnreachable or SocketError.HostDown => ProbeAnswer.Barred,
        _ => ProbeAnswer.NotTried,
    };

    private static async Task<ProbeAnswer> ConnectAsync(ProbeTarget target, CancellationToken cancellation)
    {
        using var socket = new Socket(target.Address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(new IPEndPoint(target.Address, target.Port), cancellation);
        // A connection to a port of the own ephemeral range may meet itself (simultaneous open); nobody listens then.
        return Equals(socket.LocalEndPoint, socket.RemoteEndPoint) ? ProbeAnswer.Refused : ProbeAnswer.Answered;
    }

    private static async Task<ProbeAnswer> AskAsync(ProbeTarget target, CancellationToken cancellation)
    {
        using var socket = new Socket(target.Address.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        await socket.ConnectAsync(new IPEndPoint(target.Address, target.Port), cancellation);
        await socket.SendAsync(ProbePayload.For(target.Port), cancellation);
        await socket.ReceiveAsync(new byte[1], cancellation);
        return ProbeAnswer.Answered;
    }
}
