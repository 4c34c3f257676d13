using System.Net;
using Entrepot.Core.Identities;
using Entrepot.Mirror.Catalog;
using Entrepot.Mirror.Integrity;
using Entrepot.Mirror.Routing;
using Entrepot.Server.Access;
using Entrepot.Server.Configuration;
using Entrepot.Server.Http;
using Entrepot.Server.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Entrepot.Server.Scheduler;

/// <summary>Finds files in the catalog and edges for clients. Paths are looked up in memory; only fingerprints may need the state
/// database.</summary>
public sealed class SchedulerService : IDisposable
{
    private readonly ICatalogSource _catalog;
    private readonly INodeDirectory _nodes;

    /// <summary>Puts the scheduler together.</summary>
    /// <param name="catalog">What is published.</param>
    /// <param name="nodes">The edges.</param>
    /// <param name="options">How clients are sent on.</param>
    /// <param name="logger">Where failures are logged.</param>
    /// <param name="fallback">Serves when no edge may; null when the origin is elsewhere.</param>
    /// <param name="time">The clock, for limiting log lines; null for the system's.</param>
    /// <param name="content">Who may read what; null where no address is signed.</param>
    public SchedulerService(
        ICatalogSource catalog, INodeDirectory nodes, SchedulerOptions options, ILogger<SchedulerService> logger, OriginFallback? fallback = null,
        TimeProvider? time = null, ContentAccess? content = null)
    {
        (_catalog, _nodes, Options, Logger, Fallback) = (catalog, nodes, options, logger, fallback);
        Content = content ?? new ContentAccess(catalog, null, time ?? TimeProvider.System);
        EdgeClient = EdgeForwarder.CreateClient(options);
        WithoutEdge = new LogThrottle(time ?? TimeProvider.System, TimeSpan.FromSeconds(10));
    }

    internal SchedulerOptions Options { get; }

    internal ContentAccess Content { get; }

    internal ILogger Logger { get; }

    internal OriginFallback? Fallback { get; }

    /// <summary>Limits the lines about clients that no edge may serve.</summary>
    internal LogThrottle WithoutEdge { get; }

    internal HttpMessageInvoker EdgeClient { get; }

    internal SchedulerMetrics Metrics { get; } = new();

    internal Pages.FolderCache Folders { get; } = new();

    internal CatalogView Catalog => _catalog.View;

    /// <summary>False as long as it is not known at all what is published.</summary>
    internal bool IsReady => _catalog.IsKnown;

    internal INodeDirectory Nodes => _nodes;

    /// <summary>Chooses edges for a file.</summary>
    internal Selection Select(IPAddress client, ServedFile file, IReadOnlySet<NodeName>? avoid)
    {
        var view = _nodes.View;
        var request = new SelectionRequest(client, file.Entry.Digest, file.Entry.Size)
        {
            Avoid = avoid, ThroughProxy = Options.Mode == RoutingMode.Proxy, IsPrivate = file.Grant is not null,
        };
        return EdgeSelector.Select(request, view.Edges, view.Assigned, Options.Sites, Options.Selection);
    }

    /// <summary>The fingerprint of a blob; null when it is not known.</summary>
    internal ValueTask<Fingerprint?> FindFingerprintAsync(Sha256Digest digest, CancellationToken cancellation) => _catalog.FindFingerprintAsync(digest, cancellation);

    /// <summary>The scheduler's own base address for a client, without a trailing slash.</summary>
    internal string BaseUrl(HttpRequest request) => Options.PublicUrl ?? $"{request.Scheme}://{request.Host.ToUriComponent()}";

    /// <inheritdoc/>
    public void Dispose()
    {
        EdgeClient.Dispose();
        Metrics.Dispose();
    }
}
