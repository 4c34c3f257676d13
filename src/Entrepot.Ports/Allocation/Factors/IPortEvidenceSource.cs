using Entrepot.Core.Identities;

namespace Entrepot.Ports.Allocation.Factors;

/// <summary>What a node has observed, for decisions about its ports. It is asked in the middle of a decision, under the database's writer:
/// an answer must be at hand, and what was not observed, or too long ago, must be left out.</summary>
public interface IPortEvidenceSource
{
    /// <summary>What is known now.</summary>
    /// <param name="node">The node.</param>
    /// <param name="protocol">The transport.</param>
    /// <param name="request">What a service asks, or null for nobody in particular.</param>
    PortEvidence For(NodeName node, PortProtocol protocol, PortRequest? request);
}
