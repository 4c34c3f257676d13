using System.Net;
using Dapper;
using Entrepot.Core.Identities;
using Entrepot.Core.State;
using Microsoft.Data.Sqlite;

namespace Entrepot.Ports.Allocation;

/// <summary>The port book's SQL.</summary>
internal static class LeaseTable
{
    private const string Select = "SELECT node, service, protocol, address, port, wanted, generation, granted_at AS GrantedAt, state, reason, decision FROM port_leases";

    private const string SelectHolders = "SELECT port, service FROM port_leases WHERE node = @node AND protocol = @protocol";

    private const string SelectReleased = "SELECT port, service FROM port_releases WHERE node = @node AND protocol = @protocol AND released_at > @since";

    public static IReadOnlyList<PortLease> ReadAll(StateDatabase database)
        => database.Read(static connection => connection.Query<Row>($"{Select} ORDER BY node, port, protocol").Select(ToLease).ToList());

    public static IReadOnlyList<PortLease> ReadNode(StateTransaction transaction, NodeName node)
        => [.. transaction.Query<Row>($"{Select} WHERE node = @node ORDER BY port, protocol", new { node = node.Value }).Select(ToLease)];

    public static IReadOnlyList<LeaseHolder> Holders(StateTransaction transaction, NodeName node, PortProtocol protocol)
        => [.. transaction.Query<LeaseHolder>(SelectHolders, Key(node, protocol))];

    public static IReadOnlyList<LeaseHolder> Holders(SqliteConnection connection, NodeName node, PortProtocol protocol)
        => [.. connection.Query<LeaseHolder>(SelectHolders, Key(node, protocol))];

    public static IReadOnlyList<LeaseHolder> ReleasedSince(StateTransaction transaction, NodeName node, PortProtocol protocol, DateTimeOffset since)
        => [.. transaction.Query<LeaseHolder>(SelectReleased, Key(node, protocol, since))];

    public static IReadOnlyList<LeaseHolder> ReleasedSince(SqliteConnection connection, NodeName node, PortProtocol protocol, DateTimeOffset since)
        => [.. connection.Query<LeaseHolder>(SelectReleased, Key(node, protocol, since))];

    public static long NextGeneration(StateTransaction transaction)
        => transaction.Scalar<long>("UPDATE port_generation SET last = last + 1 RETURNING last");

    public static void Put(StateTransaction transaction, PortLease lease)
        => transaction.Execute(
            """
            INSERT INTO port_leases (node, service, protocol, address, port, wanted, generation, granted_at, state, reason, decision)
            VALUES (@Node, @Service, @Protocol, @Address, @Port, @Wanted, @Generation, @GrantedAt, @State, @Reason, @Decision)
            ON CONFLICT (node, service, protocol) DO UPDATE SET
                address = excluded.address, port = excluded.port, wanted = excluded.wanted, generation = excluded.generation,
                granted_at = excluded.granted_at, state = excluded.state, reason = excluded.reason, decision = excluded.decision
            """,
            new
            {
                Node = lease.Node.Value,
                lease.Service,
                Protocol = lease.Protocol.Name(),
                Address = lease.Address.ToString(),
                lease.Port,
                Wanted = lease.WantedPort,
                lease.Generation,
                GrantedAt = lease.GrantedAt.ToUnixTimeMilliseconds(),
                State = StateName(lease.State),
                lease.Reason,
                lease.Decision,
            });

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
        transaction.Execute("DELETE FROM port_releases WHERE released_at <= @before", new { before = forgetBefore.ToUnixTimeMilliseconds() });
        transaction.Execute(
            """
            INSERT INTO port_releases (node, protocol, port, service, released_at) VALUES (@node, @protocol, @port, @service, @at)
            ON CONFLICT (node, protocol, port) DO UPDATE SET service = excluded.service, released_at = excluded.released_at
            """,
            new { node = lease.Node.Value, protocol = lease.Protocol.Name(), port = lease.Port, service = lease.Service, at = now.ToUnixTimeMilliseconds() });
    }

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
            _ => PortLeaseState.Granted,
        },
        row.Reason,
        row.Decision);

    private static object Key(NodeName node, PortProtocol protocol, DateTimeOffset since = default)
        => new { node = node.Value, protocol = protocol.Name(), since = since.ToUnixTimeMilliseconds() };

    private static string StateName(PortLeaseState state) => state switch
    {
        PortLeaseState.Bound => "bound",
        PortLeaseState.Idle => "idle",
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

        public long Generation { get; init; }

        public long GrantedAt { get; init; }

        public required string State { get; init; }

        public required string Reason { get; init; }

        public required string Decision { get; init; }
    }
}

/// <summary>Who has, or had, a port.</summary>
internal sealed record LeaseHolder(long Port, string Service);
