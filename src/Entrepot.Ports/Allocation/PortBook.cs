using System.Buffers.Binary;
using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Core.Journal;
using Entrepot.Core.State;
using Entrepot.Ports.Declarations;

namespace Entrepot.Ports.Allocation;

/// <summary>What became of a request: the lease, or none, and the decision behind it.</summary>
/// <param name="Lease">The lease, durable; null when nothing was granted.</param>
/// <param name="Decision">Why.</param>
/// <param name="PreviousPort">The port of the service's lease before, or null.</param>
public sealed record PortGrant(PortLease? Lease, PortDecision Decision, int? PreviousPort);

/// <summary>Who has which port. Decision, lease and journal row happen in one transaction of the single writer, so two requests at
/// once never get the same port, and a unique index stands behind that. Nothing is bound before its lease is durable.</summary>
public sealed class PortBook
{
    private readonly StateDatabase _state;
    private PortPolicy _policy;
    private readonly TimeProvider _time;
    private readonly Func<ulong> _draw;

    /// <summary>Opens the book.</summary>
    /// <param name="state">A database that was opened with this assembly among its features.</param>
    /// <param name="policy">The node's standing rules.</param>
    /// <param name="time">The clock for grants and cool-downs.</param>
    /// <param name="draw">Where random choices come from; null for the system's cryptographic source.</param>
    public PortBook(StateDatabase state, PortPolicy policy, TimeProvider time, Func<ulong>? draw = null)
        => (_state, _policy, _time, _draw) = (state, policy, time, draw ?? Draw);

    /// <summary>The node's standing rules.</summary>
    public PortPolicy Policy
    {
        get => Volatile.Read(ref _policy);
        set => Volatile.Write(ref _policy, value);
    }

    /// <summary>Every lease, ordered by node and port.</summary>
    public IReadOnlyList<PortLease> Leases() => LeaseTable.ReadAll(_state);

    /// <summary>Decides and, if a port is left, grants it. A lease that the service has already is replaced, with a new generation.
    /// Nothing is granted when the decision leaves the choice to the kernel: then <see cref="GrantPickedAsync"/> follows.</summary>
    /// <param name="request">What the service asks.</param>
    /// <param name="address">Where it will listen.</param>
    /// <param name="observed">What the host shows.</param>
    /// <param name="cancellation">Gives up waiting for the writer; a grant already made stays.</param>
    /// <exception cref="FaultException"><see cref="PortFault.RequestInvalid"/>, or a fault of the state database.</exception>
    public Task<PortGrant> GrantAsync(PortRequest request, IPAddress address, PortObservation observed, CancellationToken cancellation = default)
        => WriteAsync(request, address, observed, PortAllocator.Decide, cancellation);

    /// <summary>Grants the port that the kernel picked for a request of <see cref="PortRequest.AnyPort"/>, unless a rule vetoes it.</summary>
    /// <param name="request">What the service asks.</param>
    /// <param name="address">Where it will listen.</param>
    /// <param name="observed">What the host shows.</param>
    /// <param name="port">The port that a bound socket of the service has.</param>
    /// <param name="cancellation">Gives up waiting for the writer; a grant already made stays.</param>
    public Task<PortGrant> GrantPickedAsync(PortRequest request, IPAddress address, PortObservation observed, int port, CancellationToken cancellation = default)
        => WriteAsync(request, address, observed, (asked, situation) => PortAllocator.Judge(asked, situation, port), cancellation);

    /// <summary>Records what the owner says of its port.</summary>
    /// <returns>The lease with the new state.</returns>
    /// <exception cref="FaultException"><see cref="PortFault.LeaseSuperseded"/>: the lease is not this owner's any more.</exception>
    public Task<PortLease> SetStateAsync(PortLease lease, PortLeaseState state, CancellationToken cancellation = default)
        => _state.WriteAsync(
            transaction => LeaseTable.SetState(transaction, lease, state) ? lease with { State = state } : throw Superseded(lease),
            cancellation);

    /// <summary>Records that the owner stopped in good order; nothing happens when the lease is not its own any more, or the database
    /// is closing.</summary>
    public async Task TrySetIdleAsync(PortLease lease)
    {
        try
        {
            await _state.WriteAsync(transaction => LeaseTable.SetState(transaction, lease, PortLeaseState.Idle));
        }
        catch (FaultException error) when (error.Fault.Is(StateFault.Closed))
        {
            // The state is a remark for people; the lease itself is kept either way.
        }
    }

    /// <summary>Gives a port back. Other services may have it after the cool-down.</summary>
    /// <param name="lease">The lease.</param>
    /// <param name="why">One sentence for the journal.</param>
    /// <param name="actor">Who does it, as in <see cref="JournalEntry.Actor"/>.</param>
    /// <param name="cancellation">Gives up waiting for the writer.</param>
    /// <exception cref="FaultException"><see cref="PortFault.LeaseSuperseded"/>: the lease is not this owner's any more.</exception>
    public Task ReleaseAsync(PortLease lease, string why, string actor, CancellationToken cancellation = default)
        => _state.WriteAsync(
            transaction =>
            {
                if (!Release(transaction, lease, why, actor))
                    throw Superseded(lease);
            },
            cancellation);

    /// <summary>As <see cref="ReleaseAsync"/>; nothing happens when the lease is not this owner's any more, or the database is closing.</summary>
    public async Task TryReleaseAsync(PortLease lease, string why, string actor)
    {
        try
        {
            await _state.WriteAsync(transaction => Release(transaction, lease, why, actor));
        }
        catch (FaultException error) when (error.Fault.Is(StateFault.Closed))
        {
            // Released at the next start, as the lease of a service that is gone.
        }
    }

    /// <summary>Moves a service to the port that it leased ahead, see <see cref="PortSuccession"/>.</summary>
    /// <param name="old">The service's lease.</param>
    /// <param name="next">Its lease under <see cref="PortSuccession.OverlapName"/>.</param>
    /// <param name="why">One sentence for the journal.</param>
    /// <param name="actor">Who does it, as in <see cref="JournalEntry.Actor"/>.</param>
    /// <param name="cancellation">Gives up waiting for the writer.</param>
    /// <returns>The two leases under their new names.</returns>
    /// <exception cref="FaultException"><see cref="PortFault.LeaseSuperseded"/>: one of them is not this owner's any more.</exception>
    public Task<(PortLease Old, PortLease Next)> SucceedAsync(
        PortLease old, PortLease next, string why, string actor, CancellationToken cancellation = default)
        => _state.WriteAsync(transaction => PortSuccession.Swap(transaction, old, next, _time.GetUtcNow(), actor, why), cancellation);

    /// <summary>Gives back the ports of services that a node no longer has.</summary>
    /// <param name="node">The node.</param>
    /// <param name="services">The services that it has; all others lose their leases.</param>
    /// <param name="actor">Who does it, as in <see cref="JournalEntry.Actor"/>.</param>
    /// <param name="cancellation">Gives up waiting for the writer.</param>
    /// <returns>The leases that ended.</returns>
    public Task<IReadOnlyList<PortLease>> ReleaseMissingAsync(
        NodeName node, IReadOnlySet<string> services, string actor, CancellationToken cancellation = default)
        => _state.WriteAsync<IReadOnlyList<PortLease>>(
            transaction => [.. LeaseTable.ReadNode(transaction, node)
                .Where(lease => !services.Contains(lease.Service)
                    && Release(transaction, lease, $"Node '{node}' no longer has the service '{lease.Service}'.", actor))],
            cancellation);

    /// <summary>What is known of one node's ports, as the allocator sees it for a service that has no lease yet.</summary>
    public PortSituation Situation(NodeName node, PortProtocol protocol, PortObservation observed)
        => _state.Read(connection => SituationAssembler.Assemble(
            protocol, request: null,
            LeaseTable.Holders(connection, node, protocol),
            LeaseTable.ReleasedSince(connection, node, protocol, _time.GetUtcNow() - _policy.CoolDown),
            _policy, observed));

    private static ulong Draw() => BinaryPrimitives.ReadUInt64LittleEndian(RandomNumberGenerator.GetBytes(sizeof(ulong)));

    private static FaultException Superseded(PortLease lease) => Fault.Of(
        PortFault.LeaseSuperseded, FaultKind.Conflict,
        $"The lease of '{lease.Service}' on {lease.Name} (generation {lease.Generation}) was granted again or released since.",
        "Stop this instance: another one has taken over, or an operator has released the port.").ToException();

    private async Task<PortGrant> WriteAsync(
        PortRequest request, IPAddress address, PortObservation observed, Func<PortRequest, PortSituation, PortDecision> decide, CancellationToken cancellation)
    {
        request.Validate();
        return await _state.WriteAsync(
            transaction =>
            {
                var situation = SituationAssembler.Assemble(
                    request.Protocol, request,
                    LeaseTable.Holders(transaction, request.Node, request.Protocol),
                    LeaseTable.ReleasedSince(transaction, request.Node, request.Protocol, _time.GetUtcNow() - _policy.CoolDown),
                    _policy, observed);
                if (request.Mode == AllocationMode.Random)
                    situation = situation with { Drawn = _draw() };
                var decision = decide(request, situation);
                return new PortGrant(Record(transaction, request, address, decision), decision, situation.PreviousPort);
            },
            cancellation);
    }

    private PortLease? Record(StateTransaction transaction, PortRequest request, IPAddress address, PortDecision decision)
    {
        if (decision.Port == PortRequest.AnyPort)
            return null;
        var now = DateTimeOffset.FromUnixTimeMilliseconds(_time.GetUtcNow().ToUnixTimeMilliseconds());
        if (decision.Port is not { } port)
        {
            if (decision.Step is null && request.WantedPort != PortRequest.AnyPort)
                JournalRefusal(transaction, request, decision, now);
            return null;
        }

        var lease = new PortLease(
            request.Node, request.Service, request.Protocol, address, port, request.WantedPort, LeaseTable.NextGeneration(transaction), now,
            PortLeaseState.Granted, decision.Reason, decision.Describe());
        LeaseTable.Put(transaction, lease);
        JournalTable.Append(transaction, new JournalEntry(
            now, $"node:{request.Node}", "lease.grant", $"{request.Node}/{lease.Name}",
            JsonSerializer.Serialize(new
            {
                service = lease.Service,
                address = address.ToString(),
                generation = lease.Generation,
                wanted = request.WantedPort,
                moved = decision.Moved,
                reason = lease.Reason,
            })));
        return lease;
    }

    private static void JournalRefusal(StateTransaction transaction, PortRequest request, PortDecision decision, DateTimeOffset now)
        => JournalTable.Append(transaction, new JournalEntry(
            now, $"node:{request.Node}", "lease.refuse", $"{request.Node}/{request.Protocol.Name()}",
            JsonSerializer.Serialize(new { service = request.Service, wanted = request.WantedPort, reason = decision.Reason })));

    private bool Release(StateTransaction transaction, PortLease lease, string why, string actor)
    {
        if (!LeaseTable.Delete(transaction, lease))
            return false;
        var now = _time.GetUtcNow();
        LeaseTable.RememberRelease(transaction, lease, now, now - _policy.CoolDown);
        JournalTable.Append(transaction, new JournalEntry(
            now, actor, "lease.release", $"{lease.Node}/{lease.Name}",
            JsonSerializer.Serialize(new { service = lease.Service, generation = lease.Generation, reason = why })));
        return true;
    }
}
