using System.Runtime.CompilerServices;
using Entrepot.Core.Identities;
using Entrepot.Core.State;

namespace Entrepot.Ports.Allocation;

/// <summary>The number spaces that a writer has read, for as long as the stamp in the database says that they are still true. The stamp
/// is changed by triggers with every row of leases, releases and past, whoever writes it, and goes back with a rollback, so a copy that
/// ran ahead of the database is found out. One for each writer; used on its thread only.</summary>
internal sealed class LeaseCache
{
    private static readonly ConditionalWeakTable<StateDatabase, LeaseCache> Caches = [];

    private readonly Dictionary<(NodeName Node, PortProtocol Protocol), NumberSpace> _spaces = [];
    private long? _stamp;

    /// <summary>The cache of a database.</summary>
    public static LeaseCache Of(StateDatabase database) => Caches.GetValue(database, static _ => new LeaseCache());

    /// <summary>The space as the transaction sees it. Whoever writes afterwards tells the space; who is done calls <see cref="Seal"/>.</summary>
    public NumberSpace Space(StateTransaction transaction, NodeName node, PortProtocol protocol)
    {
        var stamp = LeaseTable.Stamp(transaction);
        if (stamp != _stamp)
            _spaces.Clear();
        _stamp = null;  // until the writer says that the spaces have followed: one that fails half-way leaves them unusable
        if (!_spaces.TryGetValue((node, protocol), out var space))
            _spaces.Add((node, protocol), space = LeaseTable.ReadSpace(transaction, node, protocol));
        return space;
    }

    /// <summary>The spaces have followed what the transaction wrote.</summary>
    public void Seal(StateTransaction transaction) => _stamp = LeaseTable.Stamp(transaction);
}
