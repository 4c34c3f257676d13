using Entrepot.Ports.Allocation.Factors;
using Entrepot.Ports.Declarations;

namespace Entrepot.Ports.Allocation;

/// <summary>How a port stands in a choice.</summary>
public enum PortStanding
{
    /// <summary>It is the choice.</summary>
    Chosen,

    /// <summary>It might have been.</summary>
    Allowed,

    /// <summary>A rule vetoes it.</summary>
    Refused,
}

/// <summary>A port in the table of a choice.</summary>
/// <param name="Port">The port; of a block the first.</param>
/// <param name="Step">The wish of the service that it answers to; null for none.</param>
/// <param name="Standing">How it stands.</param>
/// <param name="Total">The weighted sum of its scores, 0–1.</param>
/// <param name="Scores">Every factor's word on it, in the order of <see cref="PortFactors.All"/>.</param>
/// <param name="Objections">What the rules say of it.</param>
public sealed record PortTableRow(
    int Port, PortStep? Step, PortStanding Standing, double Total, IReadOnlyList<PortScore> Scores, IReadOnlyList<PortObjection> Objections);

/// <summary>What one factor is worth between two ports.</summary>
/// <param name="Factor">The factor.</param>
/// <param name="Difference">Its weighted share of the difference, positive where it speaks for the chosen port.</param>
/// <param name="Chosen">Why the chosen port has its score.</param>
/// <param name="Other">Why the other one has its.</param>
public sealed record PortFactorDifference(PortFactor Factor, double Difference, string Chosen, string Other);

/// <summary>Why a service has not got a certain port.</summary>
/// <param name="Port">The port asked about.</param>
/// <param name="Answer">One sentence or two.</param>
/// <param name="Differences">Factor by factor, the weightiest first; empty where scores are not the reason.</param>
public sealed record PortWhyNot(int Port, string Answer, IReadOnlyList<PortFactorDifference> Differences);

/// <summary>A choice laid open: the candidates with vetoes, scores and weights, and the winner. What <c>entrepot ports explain
/// SERVICE</c> and <c>/v1/ports/services/{service}</c> show.</summary>
/// <param name="Node">The node.</param>
/// <param name="Service">The service.</param>
/// <param name="Protocol"><c>tcp</c>, <c>udp</c> or <c>sctp</c>.</param>
/// <param name="Ports">How many adjacent ports it asks for.</param>
/// <param name="Mode">How a port is chosen.</param>
/// <param name="Profile">Whose weights count.</param>
/// <param name="Port">The choice as of now; null when no port is left.</param>
/// <param name="Reason">Why: one sentence.</param>
/// <param name="Leased">The port that it has, or null.</param>
/// <param name="Weights">Every factor's weight, and why it has it.</param>
/// <param name="Rows">The candidates: the choice, then the next best, then the refused.</param>
/// <param name="Allowed">How many candidates no rule vetoes.</param>
/// <param name="Refused">How many a rule vetoes.</param>
/// <param name="WhyNot">The answer about a certain port, when one was asked about.</param>
public sealed record PortTable(
    string Node,
    string Service,
    string Protocol,
    int Ports,
    AllocationMode Mode,
    PolicyProfile Profile,
    int? Port,
    string Reason,
    int? Leased,
    IReadOnlyList<FactorWeight> Weights,
    IReadOnlyList<PortTableRow> Rows,
    int Allowed,
    int Refused,
    PortWhyNot? WhyNot);
