using Entrepot.Core.Identities;
using Entrepot.Server.Api;
using Entrepot.Server.Tls;
using Entrepot.Trust.Authority;

namespace Entrepot.Server.Enrolment;

/// <summary>By what a process proves its nodes, and whom it believes.</summary>
internal interface INodeIdentity
{
    /// <summary>Whom it believes.</summary>
    NodeTrust Trust { get; }

    /// <summary>What this process is to the network.</summary>
    NodeRole Role { get; }

    /// <summary>Takes in what the origin said of whom to believe.</summary>
    void Learn(HeartbeatAnswer answer);

    /// <summary>What a node of this process shows.</summary>
    NodeCertificate CertificateOf(NodeName node, NodeRole role);

    /// <summary>Keeps both fresh until cancelled.</summary>
    Task RunAsync(CancellationToken cancellation);
}
