using System.Globalization;
using Entrepot.Ports.Allocation.Factors;
using Entrepot.Ports.Declarations;

namespace Entrepot.Ports.Allocation;

/// <summary>Decides which port a service gets, and says why. Pure: no clock, no I/O, no randomness; equal input gives an equal
/// decision. The wishes are tried in the order of <see cref="PortStep"/>; inside a pool the port of the last lease comes first, then
/// the highest total of twelve scored factors, and between equals <see cref="StableOrder"/> decides.</summary>
public static class PortAllocator
{
    /// <summary>Most refused candidates of a pool that a decision lists.</summary>
    public const int MaxListed = 64;

    /// <summary>Answers a request.</summary>
    /// <param name="request">What the service asks; must have no <see cref="PortRequest.Mistakes"/>.</param>
    /// <param name="situation">What is known of the node.</param>
    /// <exception cref="ArgumentException">The situation describes another protocol, or lacks the number for a random choice.</exception>
    public static PortDecision Decide(PortRequest request, PortSituation situation)
    {
        var search = Search(request, situation);
        if (request.WantedPort == PortRequest.AnyPort)
            return search.TryPrevious(PortStep.Kernel) ? search.Chosen() : search.LeaveToKernel();
        if (request.WantedPort is { } wanted && search.TryWanted(wanted))
            return search.Chosen();
        if (request.Pool is { } pool && search.TryPool(pool, PortStep.Pool))
            return search.Chosen();
        if (request.EmergencyPort is { } emergency && search.TryEmergency(emergency))
            return search.Chosen();
        if (request.OverflowPool is { } overflow && search.TryPool(overflow, PortStep.Overflow))
            return search.Chosen();
        return search.Refused();
    }

    /// <summary>Judges the port that the kernel found free for a request of <see cref="PortRequest.AnyPort"/>: it may still be
    /// leased to a service that does not run at the moment, or be one that browsers refuse.</summary>
    public static PortDecision Judge(PortRequest request, PortSituation situation, int port)
    {
        var search = Search(request, situation);
        return search.TryKernelPick(port) ? search.Chosen() : search.Refused();
    }

    /// <summary>What decides about a request, for whoever lays the choice open.</summary>
    internal static (PortSearch Search, PortRanking Ranking) Open(PortRequest request, PortSituation situation)
    {
        var constraints = Concerning(request, situation);
        var ranking = Ranking(request, situation, constraints);
        return (new PortSearch(request, constraints, request.Fresh ? null : situation.PreviousPort, ranking), ranking);
    }

    private static PortSearch Search(PortRequest request, PortSituation situation) => Open(request, situation).Search;

    private static PortRanking Ranking(PortRequest request, PortSituation situation, PortConstraint[] constraints) => new(
        request, constraints, situation.Evidence is { } evidence ? new PortScores(request, evidence) : null,
        request.Mode != AllocationMode.Random ? StableOrder.Seed(request)
            : situation.Drawn ?? throw new ArgumentException("A random choice needs a number that was drawn for it.", nameof(situation)));

    private static PortConstraint[] Concerning(PortRequest request, PortSituation situation)
    {
        if (request.Protocol != situation.Protocol)
            throw new ArgumentException($"The situation describes {situation.Protocol.Name()} ports.", nameof(situation));
        return [.. situation.Constraints.Where(constraint => constraint.Concerns(request))];
    }

    internal static string Text(int port) => port.ToString(CultureInfo.InvariantCulture);
}
