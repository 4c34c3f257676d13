using System.Globalization;
using Entrepot.Core.Identities;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Inventory;
using Entrepot.Ports.Pools;
using Entrepot.Ports.Reachability;
using Entrepot.Ports.Truth;

namespace Entrepot.Server.PortWatch;

/// <summary>Looks at the four truths of this node's ports.</summary>
/// <param name="node">The node.</param>
/// <param name="inventory">What the host says of its sockets.</param>
/// <param name="declared">What was declared.</param>
/// <param name="permitted">Reads the packet filter.</param>
/// <param name="reach">What others report of this node.</param>
/// <param name="watched">Ports that are looked at whoever has them.</param>
/// <param name="pools">The pools of this node.</param>
/// <param name="time">The clock.</param>
public sealed class PortStatusReader(
    NodeName node, IPortInventory inventory, Func<IReadOnlyList<DeclaredPort>> declared, IPermittedSource permitted, Func<IReadOnlyList<ReachReport>> reach,
    Func<IReadOnlyList<(PortProtocol Protocol, int Port)>> watched, Func<IReadOnlyList<PortPool>> pools, TimeProvider time)
{
    private readonly FreshReports _fresh = new();

    /// <summary>Looks once; everything is asked anew.</summary>
    public async Task<StatusDocument> ReadAsync(CancellationToken cancellation)
    {
        var at = time.GetUtcNow();
        var ports = declared();
        var reading = await permitted.ReadAsync(ports, cancellation);
        var sources = new TruthSources
        {
            Declared = ports, Sockets = inventory.Survey(), Permitted = reading.Look, Doors = reading.Doors, Reach = reach(), Watched = watched(),
        };
        var rows = TruthTable.Join(sources);
        var fresh = _fresh.Of(sources.Reach, rows, at);
        if (fresh.Count < sources.Reach.Count)
            rows = TruthTable.Join(sources with { Reach = fresh });
        return new StatusDocument(node.Value, at, rows, [.. Notes(rows, reading), .. Doors(sources)], PortRangeNote.Of(pools(), inventory.EphemeralRange()));
    }

    private static IEnumerable<string> Doors(TruthSources sources)
        => from protocol in PortProtocols.All
           let open = TruthTable.OpenDoors(sources, protocol)
           where open.Count is > TruthTable.MaxOpenDoors and < (PortSet.MaxPort / 2)
           select string.Create(
               CultureInfo.InvariantCulture,
               $"the packet filter lets packets in to {open.Count} {protocol.Name()} ports where nobody listens and which nobody declared, from {open.Enumerate().First()} to {open.Enumerate().Last()}.");

    private static IEnumerable<string> Notes(IReadOnlyList<PortStatus> rows, PermittedReading reading)
    {
        if (reading.Why is { } why)
            yield return why;
        if (rows.Count > 0 && rows.All(static row => row.Reachable == Reachable.Unknown))
            yield return "reachable is not known: no other node has probed these ports.";
        if (rows.Any(static row => row.Listeners.Any(static listener => listener.Processes == 0)))
            yield return "some owners can't be seen by this user.";
    }
}
