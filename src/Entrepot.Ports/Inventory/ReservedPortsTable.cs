using Entrepot.Core.Identities;
using Entrepot.Core.Journal;
using Entrepot.Core.State;
using Entrepot.Ports.Allocation;

namespace Entrepot.Ports.Inventory;

/// <summary>Remembers reserved ports in the state database, with a line in the journal for every change.</summary>
public sealed class ReservedPortsTable(StateDatabase state, NodeName node, TimeProvider time) : IReservedPortsMemory
{
    /// <inheritdoc/>
    public Task<(PortSet Ours, string Boot)> LoadAsync(CancellationToken cancellation)
        => state.WriteAsync(
            transaction => transaction.FirstPrepared("SELECT ports, boot FROM port_reservations WHERE node = @node", ("@node", node.Value)) is [string ports, string boot]
                && PortSet.TryParse(ports, out var ours) ? (ours, boot) : (PortSet.Empty, ""),
            cancellation);

    /// <inheritdoc/>
    public Task SaveAsync(PortSet ours, string boot, CancellationToken cancellation)
        => state.WriteAsync(
            transaction =>
            {
                var before = transaction.FirstPrepared("SELECT ports FROM port_reservations WHERE node = @node", ("@node", node.Value)) is [string kept] ? $"\"{kept}\"" : null;
                var changed = transaction.ExecutePrepared(
                    """
                    INSERT INTO port_reservations (node, ports, boot) VALUES (@node, @ports, @boot)
                    ON CONFLICT (node) DO UPDATE SET ports = excluded.ports, boot = excluded.boot WHERE ports <> excluded.ports OR boot <> excluded.boot
                    """,
                    ("@node", node.Value), ("@ports", ours.ToString()), ("@boot", boot));
                if (changed > 0)
                    JournalTable.Append(transaction, new JournalEntry(
                        time.GetUtcNow(), $"node:{node}", "ports.reserve", node.Value, $$"""{"ours":"{{ours}}"}""") { Before = before, After = $"\"{ours}\"" });
            },
            cancellation);
}
