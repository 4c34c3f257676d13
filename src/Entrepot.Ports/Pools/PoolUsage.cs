using System.Globalization;
using Entrepot.Ports.Allocation;

namespace Entrepot.Ports.Pools;

/// <summary>How full a pool is: what <c>entrepot ports pools</c> and <c>/v1/ports/pools</c> show.</summary>
/// <param name="Pool">Its name.</param>
/// <param name="Protocol"><c>tcp</c>, <c>udp</c> or <c>sctp</c>.</param>
/// <param name="First">Lowest port.</param>
/// <param name="Last">Highest port, included.</param>
/// <param name="Leased">Ports that services have.</param>
/// <param name="Bound">Ports without a lease that somebody listens on.</param>
/// <param name="Refused">Other ports that a rule keeps every service from, for example while they cool down.</param>
/// <param name="Free">Ports that may be had.</param>
/// <param name="SpareShare">The share that should stay free, 0–1.</param>
/// <param name="RunningOut">True when less than that is free.</param>
/// <param name="Forecast">When it will be full.</param>
public sealed record PoolUsage(
    string Pool, string Protocol, int First, int Last, int Leased, int Bound, int Refused, int Free, double SpareShare, bool RunningOut, PoolForecast Forecast)
{
    /// <summary>How many ports the pool has.</summary>
    public int Size => Last - First + 1;

    /// <summary>How many ports can't be had.</summary>
    public int Used => Size - Free;

    /// <summary>What an operator should know, as one sentence.</summary>
    public string Summary => string.Create(
        CultureInfo.InvariantCulture,
        $"Pool '{Pool}' ({First}–{Last}) has {Free} of {Size} {Protocol} ports left{(RunningOut ? $", less than the {SpareShare:P0} that should stay free" : "")}.");

    /// <summary>What can be done, or null when nothing needs to be.</summary>
    public string? Cure => RunningOut ? $"Enlarge pool '{Pool}', or release leases that nobody needs ('entrepot ports list')." : null;

    /// <summary>The difference as a finding, which names the pool in the place of a service and its first port; null when there is none.</summary>
    public PortFinding? Finding => RunningOut && PortProtocols.TryParse(Protocol, out var protocol)
        ? new PortFinding(PortFindingKind.RunningOut, Pool, protocol, First, Summary, Cure)
        : null;

    /// <summary>Counts. Pure.</summary>
    /// <param name="pool">The pool.</param>
    /// <param name="situation">What is known of the node's ports of one transport.</param>
    /// <param name="spareShare">The share that should stay free, 0–1.</param>
    /// <param name="forecast">When it will be full.</param>
    public static PoolUsage Of(PortPool pool, PortSituation situation, double spareShare, PoolForecast forecast)
    {
        var leased = Vetoed(situation, static rule => rule == PortRule.Leased).Intersect(pool.Ports);
        var bound = Vetoed(situation, static rule => rule == PortRule.Bound).Intersect(pool.Ports).Except(leased);
        // Rules that depend on who asks are left out: they refuse the port to some, not to all.
        var refused = Vetoed(situation, static rule => rule is not (PortRule.Leased or PortRule.Bound or PortRule.BrowserBlocked or PortRule.Privileged or PortRule.Forbidden))
            .Intersect(pool.Ports).Except(leased).Except(bound);
        var free = pool.Size - leased.Count - bound.Count - refused.Count;
        return new PoolUsage(
            pool.Name, situation.Protocol.Name(), pool.First, pool.Last, leased.Count, bound.Count, refused.Count, free, spareShare,
            free < Math.Ceiling(pool.Size * spareShare), forecast);
    }

    private static PortSet Vetoed(PortSituation situation, Func<PortRule, bool> concerns)
        => situation.Constraints.Where(constraint => constraint.Effect == PortEffect.Veto && concerns(constraint.Rule))
            .Aggregate(PortSet.Empty, static (all, constraint) => all.Union(constraint.Ports));
}
