using Entrepot.Ports.Allocation;

namespace Entrepot.Ports.Inventory;

/// <summary>A new value for <c>net.ipv4.ip_local_reserved_ports</c>.</summary>
/// <param name="Value">The whole list; a write replaces it.</param>
/// <param name="Ours">The ports of it that are there because of us, and that a release takes away.</param>
/// <param name="Added">Ports that were not in the list before.</param>
/// <param name="Removed">Ports that were in the list before.</param>
public sealed record ReservedPortsChange(PortSet Value, PortSet Ours, PortSet Added, PortSet Removed)
{
    /// <summary>True when the list has to be written.</summary>
    public bool Writes => !Added.IsEmpty || !Removed.IsEmpty;
}

/// <summary>Merges ports of ours into a list that others write as well. Pure. What others put there before us, or beside us, is never
/// taken away; a port that somebody adds while we hold it can't be told from ours, because the list has no owners.</summary>
public static class ReservedPorts
{
    /// <summary>The list in which the wanted ports are reserved, and no others of ours any more.</summary>
    /// <param name="current">What the kernel shows.</param>
    /// <param name="ours">What is in the list because of us, as remembered.</param>
    /// <param name="wanted">Ports of pools and leases.</param>
    /// <param name="range">The range for outgoing connections; nothing outside of it needs to be reserved.</param>
    public static ReservedPortsChange Reserve(PortSet current, PortSet ours, PortSet wanted, PortSet range)
    {
        var needed = wanted.Intersect(range);
        var held = ours.Intersect(current);
        var added = needed.Except(current);
        var removed = held.Except(needed);
        return new ReservedPortsChange(current.Except(removed).Union(added), held.Intersect(needed).Union(added), added, removed);
    }

    /// <summary>The list without what is ours.</summary>
    /// <param name="current">What the kernel shows.</param>
    /// <param name="ours">What is in the list because of us, as remembered.</param>
    public static ReservedPortsChange Release(PortSet current, PortSet ours)
        => Reserve(current, ours, PortSet.Empty, PortSet.Empty);
}
