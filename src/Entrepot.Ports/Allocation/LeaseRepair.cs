using System.Globalization;

namespace Entrepot.Ports.Allocation;

/// <summary>What to do with a lease.</summary>
public enum LeaseAction
{
    /// <summary>Somebody was seen on the port: the term begins anew.</summary>
    Renew,

    /// <summary>The term is over and nobody renewed it.</summary>
    Lapse,

    /// <summary>It lapsed before, and nobody was seen on the port once more.</summary>
    Miss,

    /// <summary>Nobody was seen often enough: the port is given back.</summary>
    Release,
}

/// <summary>What happens to a lease at one sighting.</summary>
/// <param name="Lease">The lease as it was before.</param>
/// <param name="Action">What to do.</param>
/// <param name="Unseen">How many times in a row nobody was seen, this time included.</param>
/// <param name="Why">One sentence.</param>
public sealed record LeaseStep(PortLease Lease, LeaseAction Action, int Unseen, string Why);

/// <summary>Frees ports that leaked: leases whose owner went away without a word. A term that runs out frees nothing by itself; only
/// repeated sightings of a silent port do, so that neither a missed heart-beat nor one unlucky look costs a service its port. Pure.</summary>
public static class LeaseRepair
{
    /// <summary>What one sighting means for each lease; leases to which nothing happens are left out.</summary>
    /// <param name="leases">The leases of one node.</param>
    /// <param name="listens">Whether somebody was seen on the port.</param>
    /// <param name="now">When that was.</param>
    /// <param name="policy">How many sightings it takes.</param>
    public static IReadOnlyList<LeaseStep> Plan(IReadOnlyList<PortLease> leases, Func<PortLease, bool> listens, DateTimeOffset now, PortPolicy policy)
        => [.. leases.Select(lease => Step(lease, listens, now, policy)).OfType<LeaseStep>()];

    private static LeaseStep? Step(PortLease lease, Func<PortLease, bool> listens, DateTimeOffset now, PortPolicy policy)
    {
        // Half a term is early enough, and a lease in good order costs no write at every look.
        if (lease.Term is not { } term || (lease.State != PortLeaseState.Lapsed && now < lease.RenewedAt + (term / 2)))
            return null;
        if (listens(lease))
            return new LeaseStep(lease, LeaseAction.Renew, 0, $"'{lease.Service}' has no word to say, but somebody listens on {lease.Name}.");
        if (!lease.Expired(now) && lease.State != PortLeaseState.Lapsed)
            return null;
        var unseen = lease.Unseen + 1;
        var times = string.Create(CultureInfo.InvariantCulture, $"{unseen} time{(unseen == 1 ? "" : "s")} in a row");
        if (lease.State != PortLeaseState.Lapsed)
            return new LeaseStep(lease, LeaseAction.Lapse, unseen, $"'{lease.Service}' did not renew {lease.Name} for its term, and nobody listens there.");
        return unseen < policy.SightingsToRelease
            ? new LeaseStep(lease, LeaseAction.Miss, unseen, $"Nobody listened on {lease.Name} {times}.")
            : new LeaseStep(lease, LeaseAction.Release, unseen, $"'{lease.Service}' did not renew {lease.Name}, and nobody listened there {times}.");
    }
}
