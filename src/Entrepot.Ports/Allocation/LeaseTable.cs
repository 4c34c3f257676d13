using System.Net;
using Dapper;
using Entrepot.Core.Identities;
using Entrepot.Core.State;
using Microsoft.Data.Sqlite;

namespace Entrepot.Ports.Allocation;

/// <summary>The port book's SQL.</summary>
internal static class LeaseTable
{
    private const string Select =
        """
        SELECT node, service, protocol, slot, address, port, wanted, generation, granted_at AS GrantedAt, renewed_at AS RenewedAt, term, unseen,
               state, reason, decision, request
        FROM port_leases
        """;

    private const string SelectHolders = "SELECT port, service, slot FROM port_leases WHERE node = @node AND protocol = @protocol";

    private const string SelectReleases = "SELECT port, service, released_at AS At FROM port_releases WHERE node = @node AND protocol = @protocol";

    private const string SelectPast =
        "SELECT port, last_owner AS LastOwner, owners, conflicts, scans FROM port_past WHERE node = @node AND protocol = @protocol";

    public static IReadOnlyList<PortLease> ReadAll(StateDatabase database)
        => database.Read(static connection => connection.Query<Row>($"{Select} ORDER BY node, port, protocol").Select(ToLease).ToList());

    public static IReadOnlyList<PortLease> ReadNode(StateTransaction transaction, NodeName node)
        => [.. transaction.Query<Row>($"{Select} WHERE node = @node ORDER BY port, protocol", new { node = node.Value }).Select(ToLease)];

    public static NumberSpace ReadSpace(StateTransaction transaction, NodeName node, PortProtocol protocol) => new(
        transaction.Query<LeaseHolder>(SelectHolders, Key(node, protocol)),
        transaction.Query<PortRelease>(SelectReleases, Key(node, protocol)),
        transaction.Query<PortPastRow>(SelectPast, Key(node, protocol)));

    public static NumberSpace ReadSpace(SqliteConnection connection, NodeName node, PortProtocol protocol) => new(
        connection.Query<LeaseHolder>(SelectHolders, Key(node, protocol)),
        connection.Query<PortRelease>(SelectReleases, Key(node, protocol)),
        connection.Query<PortPastRow>(SelectPast, Key(node, protocol)));

    /// <summary>See the migration: it stands for everything that <see cref="ReadSpace(StateTransaction, NodeName, PortProtocol)"/> reads.</summary>
    public static long Stamp(StateTransaction transaction) => (long)transaction.FirstPrepared("SELECT stamp FROM port_generation")![0]!;

    public static long NextGeneration(StateTransaction transaction)
        => (long)transaction.FirstPrepared("UPDATE port_generation SET last = last + 1 RETURNING last")![0]!;

    public static void Put(StateTransaction transaction, PortLease lease)
        => transaction.ExecutePrepared(
            """
            INSERT INTO port_leases
                (node, service, protocol, slot, address, port, wanted, generation, granted_at, renewed_at, term, unseen, state, reason, decision, request)
            VALUES (@node, @service, @protocol, @slot, @address, @port, @wanted, @generation, @at, @renewed, @term, 0, @state, @reason, @decision, @request)
            ON CONFLICT (node, service, protocol, slot) DO UPDATE SET
                address = excluded.address, port = excluded.port, wanted = excluded.wanted, generation = excluded.generation,
                granted_at = excluded.granted_at, renewed_at = excluded.renewed_at, term = excluded.term, unseen = 0, state = excluded.state,
                reason = excluded.reason, decision = excluded.decision, request = excluded.request
            """,
            ("@node", lease.Node.Value), ("@service", lease.Service), ("@protocol", lease.Protocol.Name()), ("@slot", lease.Slot),
            ("@address", lease.Address.ToString()), ("@port", lease.Port), ("@wanted", lease.WantedPort), ("@generation", lease.Generation),
            ("@at", lease.GrantedAt.ToUnixTimeMilliseconds()), ("@renewed", lease.RenewedAt.ToUnixTimeMilliseconds()), ("@term", (long?)lease.Term?.TotalMilliseconds), ("@state", StateName(lease.State)),
            ("@reason", lease.Reason), ("@decision", lease.Decision), ("@request", lease.Asked));

    /// <summary>Takes a service's ports away without a trace, so that its new ones may overlap them in another order.</summary>
    public static void Clear(StateTransaction transaction, NodeName node, string service, PortProtocol protocol)
        => transaction.ExecutePrepared(
            "DELETE FROM port_leases WHERE node = @node AND service = @service AND protocol = @protocol",
            ("@node", node.Value), ("@service", service), ("@protocol", protocol.Name()));

    /// <summary>The owner is alive, or somebody listens: the term begins anew.</summary>
    public static int Renew(StateTransaction transaction, NodeName node, string service, DateTimeOffset now)
        => transaction.ExecutePrepared(
            """
            UPDATE port_leases SET renewed_at = @now, unseen = 0, state = CASE state WHEN 'lapsed' THEN 'bound' ELSE state END
            WHERE node = @node AND service = @service
            """,
            ("@now", now.ToUnixTimeMilliseconds()), ("@node", node.Value), ("@service", service));

    public static bool SetSeen(StateTransaction transaction, PortLease lease, PortLeaseState state, int unseen, DateTimeOffset renewed)
        => transaction.ExecutePrepared(
            """
            UPDATE port_leases SET state = @state, unseen = @unseen, renewed_at = @renewed
            WHERE node = @node AND service = @service AND protocol = @protocol AND generation = @generation
            """,
            ("@state", StateName(state)), ("@unseen", unseen), ("@renewed", renewed.ToUnixTimeMilliseconds()), ("@node", lease.Node.Value),
            ("@service", lease.Service), ("@protocol", lease.Protocol.Name()), ("@generation", lease.Generation)) == 1;

    public static bool SetState(StateTransaction transaction, PortLease lease, PortLeaseState state)
        => transaction.Execute(
            "UPDATE port_leases SET state = @state WHERE node = @node AND service = @service AND protocol = @protocol AND generation = @generation",
            new { state = StateName(state), node = lease.Node.Value, service = lease.Service, protocol = lease.Protocol.Name(), generation = lease.Generation }) == 1;

    public static bool Delete(StateTransaction transaction, PortLease lease)
        => transaction.Execute(
            "DELETE FROM port_leases WHERE node = @node AND service = @service AND protocol = @protocol AND generation = @generation",
            new { node = lease.Node.Value, service = lease.Service, protocol = lease.Protocol.Name(), generation = lease.Generation }) == 1;

    public static void RememberRelease(StateTransaction transaction, PortLease lease, DateTimeOffset now, DateTimeOffset forgetBefore)
    {
        transaction.ExecutePrepared("DELETE FROM port_releases WHERE released_at <= @before", ("@before", forgetBefore.ToUnixTimeMilliseconds()));
        transaction.ExecutePrepared(
            """
            INSERT INTO port_releases (node, protocol, port, service, released_at) VALUES (@node, @protocol, @port, @service, @at)
            ON CONFLICT (node, protocol, port) DO UPDATE SET service = excluded.service, released_at = excluded.released_at
            """,
            ("@node", lease.Node.Value), ("@protocol", lease.Protocol.Name()), ("@port", lease.Port), ("@service", lease.Service),
            ("@at", now.ToUnixTimeMilliseconds()));
    }

    /// <summary>Adds to what is remembered of a port.</summary>
    public static void RememberPast(
        StateTransaction transaction, NodeName node, PortProtocol protocol, int port, string? owner, int owners, int conflicts, int scans, DateTimeOffset now)
        => transaction.ExecutePrepared(
            """
            INSERT INTO port_past (node, protocol, port, last_owner, owners, conflicts, scans, at)
            VALUES (@node, @protocol, @port, @owner, @owners, @conflicts, @scans, @at)
            ON CONFLICT (node, protocol, port) DO UPDATE SET
                last_owner = coalesce(excluded.last_owner, last_owner), owners = owners + excluded.owners,
                conflicts = conflicts + excluded.conflicts, scans = scans + excluded.scans, at = excluded.at
            """,
            ("@node", node.Value), ("@protocol", protocol.Name()), ("@port", port), ("@owner", owner), ("@owners", owners), ("@conflicts", conflicts),
            ("@scans", scans), ("@at", now.ToUnixTimeMilliseconds()));

    private static PortLease ToLease(Row row) => new(
        NodeName.Parse(row.Node),
        row.Service,
        PortProtocols.TryParse(row.Protocol, out var protocol) ? protocol : throw new InvalidDataException($"Unknown protocol '{row.Protocol}'."),
        IPAddress.Parse(row.Address),
        checked((int)row.Port),
        (int?)row.Wanted,
        row.Generation,
        DateTimeOffset.FromUnixTimeMilliseconds(row.GrantedAt),
        row.State switch
        {
            "bound" => PortLeaseState.Bound,
            "idle" => PortLeaseState.Idle,
            "lapsed" => PortLeaseState.Lapsed,
            _ => PortLeaseState.Granted,
        },
        row.Reason,
        row.Decision)
    {
        Slot = (int)row.Slot,
        RenewedAt = DateTimeOffset.FromUnixTimeMilliseconds(row.RenewedAt),
        Term = row.Term is { } term ? TimeSpan.FromMilliseconds(term) : null,
        Unseen = (int)row.Unseen,
        Asked = row.Request,
    };

    private static object Key(NodeName node, PortProtocol protocol) => new { node = node.Value, protocol = protocol.Name() };

    private static string StateName(PortLeaseState state) => state switch
    {
        PortLeaseState.Bound => "bound",
        PortLeaseState.Idle => "idle",
        PortLeaseState.Lapsed => "lapsed",
        _ => "granted",
    };

    private sealed class Row
    {
        public required string Node { get; init; }

        public required string Service { get; init; }

        public required string Protocol { get; init; }

        public required string Address { get; init; }

        public long Port { get; init; }

        public long? Wanted { get; init; }

        public long Slot { get; init; }

        public long Generation { get; init; }

        public long GrantedAt { get; init; }

        public long RenewedAt { get; init; }

        public long? Term { get; init; }

        public string? Request { get; init; }

        public long Unseen { get; init; }

        public required string State { get; init; }

        public required string Reason { get; init; }

        public required string Decision { get; init; }
    }
}
