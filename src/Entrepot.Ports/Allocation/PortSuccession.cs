using System.Text.Json;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Core.Journal;
using Entrepot.Core.State;

namespace Entrepot.Ports.Allocation;

/// <summary>How a service changes its port while it runs: the next port is leased ahead under a name of its own, then the two leases
/// change names in one transaction, and the old port is given back when its last client has gone. A crash at any point leaves the
/// service with exactly one lease in its own name.</summary>
public static class PortSuccession
{
    private const string Suffix = "-overlap";

    /// <summary>Longest name in characters of a service that can change its port.</summary>
    public const int MaxServiceLength = NodeName.MaxLength - 8;

    /// <summary>The name under which a service holds its second port while it changes from one to the other.</summary>
    /// <exception cref="FaultException"><see cref="PortFault.RequestInvalid"/>: the name is too long.</exception>
    public static string OverlapName(string service)
        => service.Length <= MaxServiceLength
            ? service + Suffix
            : throw Fault.Of(
                PortFault.RequestInvalid, FaultKind.Invalid,
                $"'{service}' can't change its port while it runs: its name has {service.Length} characters.",
                $"Give it a name of at most {MaxServiceLength} characters.").ToException();

    /// <summary>Every name under which a service may hold a lease.</summary>
    public static IEnumerable<string> NamesOf(string service)
        => service.Length <= MaxServiceLength ? [service, service + Suffix] : [service];

    /// <summary>The service that holds a lease under a name.</summary>
    public static string ServiceOf(string name) => name.EndsWith(Suffix, StringComparison.Ordinal) ? name[..^Suffix.Length] : name;

    /// <summary>Makes the second lease the service's own; the first is kept under <see cref="OverlapName"/> until it is released.</summary>
    /// <param name="transaction">The transaction in which it happens.</param>
    /// <param name="old">The service's lease.</param>
    /// <param name="next">The lease under <see cref="OverlapName"/>.</param>
    /// <param name="now">When, in UTC.</param>
    /// <param name="actor">Who does it, as in <see cref="JournalEntry.Actor"/>.</param>
    /// <param name="why">One sentence for the journal.</param>
    /// <returns>The two leases under their new names.</returns>
    internal static (PortLease Old, PortLease Next) Swap(
        StateTransaction transaction, PortLease old, PortLease next, DateTimeOffset now, string actor, string why)
    {
        if (!LeaseTable.Delete(transaction, old) || !LeaseTable.Delete(transaction, next))
            throw Fault.Of(
                PortFault.LeaseSuperseded, FaultKind.Conflict,
                $"'{old.Service}' can't move from {old.Name} to {next.Name}: one of the two leases was granted again or released since.",
                "Nothing was changed; the service stays where it is.").ToException();
        var successor = next with { Service = old.Service, WantedPort = old.WantedPort };
        var predecessor = old with { Service = OverlapName(old.Service) };
        LeaseTable.Put(transaction, successor);
        LeaseTable.Put(transaction, predecessor);
        JournalTable.Append(transaction, new JournalEntry(
            now, actor, "lease.move", $"{old.Node}/{next.Name}",
            JsonSerializer.Serialize(new { service = old.Service, from = old.Port, to = next.Port, generation = next.Generation, reason = why }))
        {
            Before = JsonSerializer.Serialize(old.Port),
            After = JsonSerializer.Serialize(next.Port),
        });
        return (predecessor, successor);
    }
}
