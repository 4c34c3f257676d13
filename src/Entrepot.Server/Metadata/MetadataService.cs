using Entrepot.Core.State;
using Entrepot.Mirror.Catalog;
using Entrepot.Mirror.Scrubbing;
using Entrepot.Ports.Allocation;
using Entrepot.Server.Access;
using Entrepot.Server.Accounts;
using Entrepot.Server.Api;
using Entrepot.Server.Audit;
using Entrepot.Server.PortWatch;
using Entrepot.Server.Scheduler;
using Entrepot.Trust.Tokens;

namespace Entrepot.Server.Metadata;

/// <summary>What the metadata surface reads from. It changes nothing but the journal, which tells who read it.</summary>
/// <param name="Catalog">Mirrors, snapshots, fingerprints.</param>
/// <param name="Blobs">Bytes, which are compared with their proof before they are sent.</param>
/// <param name="State">The journal.</param>
/// <param name="Members">Every node that sends heart-beats, by name.</param>
/// <param name="Ports">The ports of this node.</param>
/// <param name="Network">The surfaces.</param>
/// <param name="Readiness">Whether all is in order.</param>
/// <param name="Reference">The description of the API.</param>
public sealed record MetadataService(
    MirrorCatalog Catalog, BlobTrust Blobs, StateDatabase State, Func<IReadOnlyList<NodeDocument>> Members, PortExplainer Ports, Func<NetworkDocument> Network,
    ReadinessProbe Readiness, ApiReference Reference)
{
    /// <summary>The journal.</summary>
    public required AuditService Audit { get; init; }

    /// <summary>Who may read what.</summary>
    public ContentAccess Content { get; init; } = new(new OwnCatalog(Catalog), null, TimeProvider.System);

    /// <summary>The keys that verify tokens; null where there are none.</summary>
    public TokenAuthority? Tokens { get; init; }

    /// <summary>Accounts and sessions; null where nobody signs in.</summary>
    internal AccountService? Accounts { get; init; }

    /// <summary>The running services.</summary>
    public required Func<IReadOnlyList<ServiceDocument>> Services { get; init; }

    /// <summary>What is seen of the ports of this node, or null where nobody looks.</summary>
    public ObservedPorts? Observed { get; init; }
}
