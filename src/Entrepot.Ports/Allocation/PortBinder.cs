using System.Net;
using System.Net.Sockets;
using Entrepot.Core.Faults;
using Entrepot.Ports.Inventory;

namespace Entrepot.Ports.Allocation;

/// <summary>The one place where a listener gets its port: asks the port book for a lease, binds what was granted, and asks again with
/// what it learned when the port turns out to be taken.</summary>
public sealed class PortBinder
{
    private readonly PortBook _book;
    private readonly IPortInventory _inventory;
    private readonly PortBinderOptions _options;

    /// <summary>Makes the binder.</summary>
    /// <param name="book">Where leases are kept.</param>
    /// <param name="inventory">What the host says of its ports.</param>
    /// <param name="options">Limits, or null for the defaults.</param>
    public PortBinder(PortBook book, IPortInventory inventory, PortBinderOptions? options = null)
        => (_book, _inventory, _options) = (book, inventory, options ?? new PortBinderOptions());

    /// <summary>Leases a port and binds it. The lease is durable before anybody can connect: a fixed port is leased before it is bound,
    /// and one that the kernel picks before it listens.</summary>
    /// <param name="request">What the service asks.</param>
    /// <param name="address">Where it listens; <see cref="IPAddress.IPv6Any"/> takes IPv4 as well.</param>
    /// <param name="cancellation">Gives up between two tries; no socket stays open.</param>
    /// <returns>The bound socket with its lease. The caller closes it.</returns>
    /// <exception cref="FaultException"><see cref="PortFault"/>, with every reason when no port is left.</exception>
    public async Task<BoundPort> BindAsync(PortRequest request, IPAddress address, CancellationToken cancellation = default)
    {
        request.Validate();
        if (request.Ports > 1)
            throw Fault.Of(
                PortFault.RequestInvalid, FaultKind.Invalid, $"'{request.Service}' asks for {PortAllocator.Text(request.Ports)} adjacent ports, and one socket has one.",
                "Lease the block from the port book, and let its owner bind the ports.").ToException();
        var attempt = new BindAttempt(request, address, PortObserver.Observe(_inventory, request, address));
        try
        {
            for (var tries = 0; tries < _options.MaxAttempts; tries++)
            {
                cancellation.ThrowIfCancellationRequested();
                var grant = await _book.GrantAsync(request, address, attempt.Observed, cancellation);
                attempt.Remember(grant);
                var socket = grant switch
                {
                    { Lease: { } lease } => TryBind(attempt, lease.Port),
                    { Decision.Port: PortRequest.AnyPort } => Bind(attempt, PortRequest.AnyPort),
                    _ => throw await NothingLeftAsync(attempt, grant.Decision.Reason),
                };
                if (socket is { } picked && grant.Lease is null)
                    (socket, grant) = await TryGrantPickedAsync(attempt, picked, cancellation);
                if (socket is not null)
                    return await FinishAsync(attempt, socket, grant, cancellation);
            }

            throw await NothingLeftAsync(attempt, $"{_options.MaxAttempts} ports were tried one after the other: {attempt.TakenText()}.");
        }
        finally
        {
            attempt.CloseRejected();
        }
    }

    private async Task<BoundPort> FinishAsync(BindAttempt attempt, Socket socket, PortGrant grant, CancellationToken cancellation)
    {
        try
        {
            var lease = await _book.SetStateAsync(grant.Lease!, PortLeaseState.Bound, cancellation);
            return new BoundPort(_book, socket, lease, grant.Decision, attempt.Findings(grant.Decision, _book.Policy));
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Leases the port that the kernel picked for a bound socket, then lets it listen.</summary>
    /// <returns>No socket when a rule vetoes the port, or it was lost before it listened; then another must be picked.</returns>
    private async Task<(Socket? Socket, PortGrant Grant)> TryGrantPickedAsync(BindAttempt attempt, Socket socket, CancellationToken cancellation)
    {
        // Kept open until the end, so that the kernel picks another one next time; closed there if anything is thrown here.
        attempt.Reject(socket);
        var port = ((IPEndPoint)socket.LocalEndPoint!).Port;
        var grant = await _book.GrantPickedAsync(attempt.Request, attempt.Address, attempt.OnlyTaken(), port, cancellation);
        if (grant.Lease is null)
        {
            attempt.FoundTaken(port, grant.Decision.Candidates[^1].Objections[0].Text);
            return (null, grant);
        }

        attempt.Remember(grant);
        try
        {
            ListenSocket.Listen(socket, _options.Backlog);
        }
        catch (SocketException error) when (error.SocketErrorCode == SocketError.AddressAlreadyInUse)
        {
            attempt.FoundTaken(port, PortObserver.Taker(_inventory, attempt.Request.Protocol, port, attempt.Address));
            return (null, grant);
        }

        attempt.Keep(socket);
        return (socket, grant);
    }

    private Socket? TryBind(BindAttempt attempt, int port)
    {
        try
        {
            return Bind(attempt, port);
        }
        catch (SocketException error) when (error.SocketErrorCode == SocketError.AddressAlreadyInUse)
        {
            attempt.FoundTaken(port, PortObserver.Taker(_inventory, attempt.Request.Protocol, port, attempt.Address));
        }
        catch (SocketException error) when (error.SocketErrorCode == SocketError.AccessDenied)
        {
            attempt.FoundTaken(port, "may not be bound by this user: it needs a privilege, or the system excludes it");
        }

        return null;
    }

    private Socket Bind(BindAttempt attempt, int port)
    {
        try
        {
            return ListenSocket.Bind(attempt.Address, port, attempt.Request.Protocol, _options.Backlog);
        }
        catch (SocketException error) when (error.SocketErrorCode == SocketError.AddressNotAvailable)
        {
            throw Fault.Of(
                PortFault.AddressUnavailable, FaultKind.Invalid,
                $"'{attempt.Request.Service}' can't listen on {attempt.Address}: this host does not have that address.",
                "Set one of the host's addresses, 0.0.0.0 for all of IPv4, or :: for all.").ToException(error);
        }
        catch (SocketException error) when (error.SocketErrorCode is not (SocketError.AddressAlreadyInUse or SocketError.AccessDenied))
        {
            throw Fault.Of(
                PortFault.BindFailed, FaultKind.Unavailable,
                $"'{attempt.Request.Service}' can't listen on {attempt.Address}, port {PortAllocator.Text(port)}: {error.Message} ({error.SocketErrorCode}).",
                "Check that the host has this address family and room for another open file.").ToException(error);
        }
    }

    private async Task<FaultException> NothingLeftAsync(BindAttempt attempt, string reason)
    {
        // A lease of this attempt is on a port that can't be bound. The service keeps none, so that its port is free for its owner; the
        // caller's cancellation does not stop the tidying.
        if (attempt.Granted is { } lease)
            await _book.ReleaseAsync(lease, $"'{lease.Service}' could not bind it.", $"node:{lease.Node}", CancellationToken.None);
        return Fault.Of(
            PortFault.NoPortLeft, FaultKind.Exhausted,
            $"'{attempt.Request.Service}' can't get a {attempt.Request.Protocol.Name()} port on {attempt.Address}. {reason}",
            "Free one of the ports, set another one for the service, or give it a larger pool.").ToException();
    }
}
