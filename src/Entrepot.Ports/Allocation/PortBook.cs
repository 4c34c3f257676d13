using System.Buffers.Binary;
using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Core.Journal;
using Entrepot.Core.State;
using Entrepot.Ports.Allocation.Factors;
using Entrepot.Ports.Declarations;

namespace Entrepot.Ports.Allocation;

/// <summary>What became of a request: the lease, or none, and the decision behind it.</summary>
/// <param name="Lease">The lease, durable; null when nothing was granted.</param>
/// <param name="Decision">Why.</param>
/// <param name="PreviousPort">The port of the service's lease before, or null.</param>
public sealed record PortGrant(PortLease? Lease, PortDecision Decision, int? PreviousPort)
{
    /// <summary>The leases of a block, the first port first; one for a single port, none when nothing was granted.</summary>
    public IReadOnlyList<PortLease> Leases { get; init; } = Lease is null ? [] : [Lease];
}

/// <summary>Who has which port. Decision, lease and journal row happen in one transaction of the single writer, so two requests at
/// once never get the same port, and a unique index stands behind that. Nothing is bound before its lease is durable.</summary>
public sealed class PortBook
{
    private readonly StateDatabase _state;
    private readonly LeaseCache _cache;
    private PortPolicy _policy;
    private readonly TimeProvider _time;
    private readonly Func<ulong> _draw;
    private IPortEvidenceSource? _evidence;

    /// <summary>Opens the book.</summary>
    /// <param name="state">A database that was opened with this assembly among its features.</param>
    /// <param name="policy">The node's standing rules.</param>
    /// <param name="time">The clock for grants and cool-downs.</param>
    /// <param name="draw">Where random choices come from; null for the system's cryptographic source.</param>
    public PortBook(StateDatabase state, PortPolicy policy, TimeProvider time, Func<ulong>? draw = null)
        => (_state, _cache, _policy, _time, _draw) = (state, LeaseCache.Of(state), policy, time, draw ?? Draw);

    /// <summary>The node's standing rules.</summary>
    public PortPolicy Policy
    {
        get => Volatile.Read(ref _policy);
        set => Volatile.Write(ref _policy, value);
    }

    /// <summary>What the node has observed beside leases and sockets, for every decision to which the caller gives no evidence; null when
    /// nobody observes.</summary>
    public IPortEvidenceSource? Evidence
    {
        get => Volatile.Read(ref _evidence);
        set => Volatile.Write(ref _evidence, value);
    }

    internal StateDatabase State => _state;

    internal DateTimeOffset Now => _time.GetUtcNow();

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

    /// <summary>Gives back every port of a service, for example a block.</summary>
    /// <param name="lease">Any lease of it.</param>
    /// <param name="why">One sentence for the journal.</param>
    /// <param name="actor">Who does it, as in <see cref="JournalEntry.Actor"/>.</param>
    /// <param name="cancellation">Gives up waiting for the writer.</param>
    /// <returns>The leases that ended.</returns>
    public Task<IReadOnlyList<PortLease>> ReleaseServiceAsync(PortLease lease, string why, string actor, CancellationToken cancellation = default)
        => _state.WriteAsync<IReadOnlyList<PortLease>>(
            transaction => [.. LeaseTable.ReadNode(transaction, lease.Node)
                .Where(other => other.Service == lease.Service && other.Protocol == lease.Protocol && Release(transaction, other, why, actor))],
            cancellation);

    /// <summary>The owners of these services are alive: the terms of their leases begin anew.</summary>
    /// <param name="node">The node.</param>
    /// <param name="services">The services.</param>
    /// <param name="cancellation">Gives up waiting for the writer.</param>
    public Task RenewAsync(NodeName node, IReadOnlyCollection<string> services, CancellationToken cancellation = default)
        => _state.WriteAsync(
            transaction =>
            {
                foreach (var service in services)
                    LeaseTable.Renew(transaction, node, service, _time.GetUtcNow());
            },
            cancellation);

    /// <summary>Looks after the terms of a node's leases: one whose port somebody listens on is renewed; one that was not renewed for its
    /// term lapses; one that lapsed is released once nobody was seen on its port <see cref="PortPolicy.SightingsToRelease"/> times in a
    /// row.</summary>
    /// <param name="node">The node.</param>
    /// <param name="listens">Whether somebody was seen on the port of a lease just now.</param>
    /// <param name="cancellation">Gives up waiting for the writer.</param>
    /// <returns>What was done, in the order of the ports; leases with which nothing happened are left out.</returns>
    public Task<IReadOnlyList<LeaseStep>> SweepAsync(NodeName node, Func<PortLease, bool> listens, CancellationToken cancellation = default)
        => _state.WriteAsync<IReadOnlyList<LeaseStep>>(
            transaction =>
            {
                var now = _time.GetUtcNow();
                var steps = LeaseRepair.Plan(LeaseTable.ReadNode(transaction, node), listens, now, _policy);
                foreach (var step in steps)
                    Apply(transaction, step, now);
                return steps;
            },
            cancellation);

    /// <summary>Remembers that somebody scanned a port; scans make it a worse choice.</summary>
    public Task RememberScanAsync(NodeName node, PortProtocol protocol, int port, CancellationToken cancellation = default)
        => _state.WriteAsync(
            transaction =>
            {
                var space = _cache.Space(transaction, node, protocol);
                RememberPast(transaction, space, node, protocol, port, owner: null, scans: 1);
                _cache.Seal(transaction);
            },
            cancellation);

    /// <summary>What is known of one node's ports, as the allocator sees it for a service that has no lease yet.</summary>
    public PortSituation Situation(NodeName node, PortProtocol protocol, PortObservation observed) => Situation(node, protocol, null, observed);

    /// <summary>What is known of one node's ports, as the allocator sees it for a request.</summary>
    public PortSituation Situation(PortRequest request, PortObservation observed) => Situation(request.Node, request.Protocol, request, observed);

    /// <summary>Who has and had the ports of a protocol on a node: a copy, to think further with.</summary>
    internal NumberSpace Space(NodeName node, PortProtocol protocol) => _state.Read(connection => LeaseTable.ReadSpace(connection, node, protocol));

    private static ulong Draw() => BinaryPrimitives.ReadUInt64LittleEndian(RandomNumberGenerator.GetBytes(sizeof(ulong)));

    private PortSituation Situation(NodeName node, PortProtocol protocol, PortRequest? request, PortObservation observed)
    {
        var space = _state.Read(connection => LeaseTable.ReadSpace(connection, node, protocol));
        var situation = SituationAssembler.Assemble(protocol, request, space, _policy, WithEvidence(node, protocol, request, observed), _time.GetUtcNow());
        return request is { Mode: AllocationMode.Random } ? situation with { Drawn = _draw() } : situation;
    }

    /// <summary>What was observed, with what is known besides.</summary>
    internal PortObservation WithEvidence(NodeName node, PortProtocol protocol, PortRequest? request, PortObservation observed)
        => Evidence is { } source && ReferenceEquals(observed.Evidence, PortEvidence.None)
            ? observed with { Evidence = source.For(node, protocol, request) }
            : observed;

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
                var space = _cache.Space(transaction, request.Node, request.Protocol);
                var known = WithEvidence(request.Node, request.Protocol, request, observed);
                var situation = SituationAssembler.Assemble(request.Protocol, request, space, _policy, known, _time.GetUtcNow());
                if (request.Mode == AllocationMode.Random)
                    situation = situation with { Drawn = _draw() };
                var decision = decide(request, situation);
                var leases = Record(transaction, space, request, address, decision, observed);
                _cache.Seal(transaction);
                return new PortGrant(leases.Length == 0 ? null : leases[0], decision, situation.PreviousPort) { Leases = leases };
            },
            cancellation);
    }

    private PortLease[] Record(
        StateTransaction transaction, NumberSpace space, PortRequest request, IPAddress address, PortDecision decision, PortObservation observed)
    {
        if (decision.Port == PortRequest.AnyPort)
            return [];
        var now = DateTimeOffset.FromUnixTimeMilliseconds(_time.GetUtcNow().ToUnixTimeMilliseconds());
        if (space.PortOf(request.Service) is { } had && observed.FoundTaken.ContainsKey(had))
            RememberPast(transaction, space, request.Node, request.Protocol, had, owner: null, conflicts: 1);
        if (decision.Port is not { } first)
        {
            if (decision.Step is null && request.WantedPort != PortRequest.AnyPort)
                JournalRefusal(transaction, request, decision, now);
            return [];
        }

        if (space.HasBlock(request.Service) || request.Ports > 1)
            LeaseTable.Clear(transaction, request.Node, request.Service, request.Protocol);
        space.Drop(request.Service);
        var leases = new PortLease[request.Ports];
        var (text, asked) = (decision.Describe(), StoredRequest.Write(request));
        for (var slot = 0; slot < leases.Length; slot++)
        {
            var lease = leases[slot] = new PortLease(
                request.Node, request.Service, request.Protocol, address, first + slot, request.WantedPort, LeaseTable.NextGeneration(transaction), now,
                PortLeaseState.Granted, decision.Reason, text)
            {
                Slot = slot,
                RenewedAt = now,
                Term = _policy.LeaseTerm,
                Asked = asked,
            };
            LeaseTable.Put(transaction, lease);
            space.Grant(lease.Port, lease.Service, slot);
        }

        JournalTable.Append(transaction, new JournalEntry(
            now, $"node:{request.Node}", "lease.grant", $"{request.Node}/{leases[0].Name}",
            JsonSerializer.Serialize(new
            {
                service = request.Service,
                address = address.ToString(),
                generation = leases[0].Generation,
                ports = request.Ports,
                wanted = request.WantedPort,
                moved = decision.Moved,
                reason = decision.Reason,
            }))
        {
            After = Text(leases[0]),
        });
        return leases;
    }

    private void RememberPast(
        StateTransaction transaction, NumberSpace space, NodeName node, PortProtocol protocol, int port, string? owner, int owners = 0, int conflicts = 0, int scans = 0)
    {
        LeaseTable.RememberPast(transaction, node, protocol, port, owner, owners, conflicts, scans, _time.GetUtcNow());
        space.Remember(port, owner, owners, conflicts, scans);
    }

    private void Apply(StateTransaction transaction, LeaseStep step, DateTimeOffset now)
    {
        var lease = step.Lease;
        if (step.Action == LeaseAction.Release)
            Release(transaction, lease, step.Why, $"node:{lease.Node}");
        else
            LeaseTable.SetSeen(
                transaction, lease, step.Action != LeaseAction.Renew ? PortLeaseState.Lapsed : lease.State == PortLeaseState.Lapsed ? PortLeaseState.Bound : lease.State, step.Unseen,
                step.Action == LeaseAction.Renew ? now : lease.RenewedAt);
        if (step.Action == LeaseAction.Lapse)
            JournalTable.Append(transaction, new JournalEntry(
                now, $"node:{lease.Node}", "lease.lapse", $"{lease.Node}/{lease.Name}",
                JsonSerializer.Serialize(new { service = lease.Service, generation = lease.Generation, reason = step.Why }))
            {
                Before = Text(lease), After = Text(lease with { State = PortLeaseState.Lapsed }),
            });
    }

    private static void JournalRefusal(StateTransaction transaction, PortRequest request, PortDecision decision, DateTimeOffset now)
        => JournalTable.Append(transaction, new JournalEntry(
            now, $"node:{request.Node}", "lease.refuse", $"{request.Node}/{request.Protocol.Name()}",
            JsonSerializer.Serialize(new { service = request.Service, wanted = request.WantedPort, reason = decision.Reason }))
        {
            Result = JournalResult.Refused,
        });

    private bool Release(StateTransaction transaction, PortLease lease, string why, string actor)
    {
        var space = _cache.Space(transaction, lease.Node, lease.Protocol);
        if (!LeaseTable.Delete(transaction, lease))
            return false;
        var now = _time.GetUtcNow();
        LeaseTable.RememberRelease(transaction, lease, now, now - _policy.CoolDown);
        space.Release(lease.Port, lease.Service, lease.Slot, now.ToUnixTimeMilliseconds(), (now - _policy.CoolDown).ToUnixTimeMilliseconds());
        if (space.ChangesOwner(lease.Port, lease.Service))
            RememberPast(transaction, space, lease.Node, lease.Protocol, lease.Port, lease.Service, owners: 1);
        _cache.Seal(transaction);
        JournalTable.Append(transaction, new JournalEntry(
            now, actor, "lease.release", $"{lease.Node}/{lease.Name}",
            JsonSerializer.Serialize(new { service = lease.Service, generation = lease.Generation, reason = why }))
        {
            Before = Text(lease),
        });
        return true;
    }

    /// <summary>A lease for the journal.</summary>
    private static string Text(PortLease lease) => JsonSerializer.Serialize(new { port = lease.Port, state = lease.State.ToString().ToLowerInvariant() });
}
