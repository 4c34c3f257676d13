using Entrepot.Mirror.Routing;
using Entrepot.Server.Configuration;

namespace Entrepot.Server.Scheduler;

/// <summary>How the scheduler sends clients on.</summary>
public sealed record SchedulerOptions
{
    /// <summary>Redirect or proxy. Default redirect.</summary>
    public RoutingMode Mode { get; init; } = RoutingMode.Redirect;

    /// <summary>Where clients are. Default nowhere in particular: every edge is equally near.</summary>
    public SiteMap Sites { get; init; } = SiteMap.Empty;

    /// <summary>Bounds and weights of the choice.</summary>
    public SelectionOptions Selection { get; init; } = new();

    /// <summary>The scheduler's own base address as clients know it, without a trailing slash. Null (the default) means the address that
    /// the client used.</summary>
    public string? PublicUrl { get; init; }

    /// <summary>Most edges named in <c>Link</c>, 1–100. Default 5: each costs some 150 bytes in every answer.</summary>
    public int MaxLinks { get; init; } = 5;

    /// <summary>Lines of a directory page, 10–100,000. Default 1,000, some 300 KB of HTML.</summary>
    public int PageSize { get; init; } = 1_000;

    /// <summary>Proxy mode: time to connect to an edge before the next one is tried. Default 2 s (Traffic Control's HTTP time-out).</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Proxy mode: makes the connections to edges, given the time to connect. Null (the default) for clear text.</summary>
    public Func<TimeSpan, HttpMessageHandler>? EdgeHandler { get; init; }

    /// <summary>Proxy mode: time without a byte after which a transfer is given up, or the next edge tried when none came yet. Default
    /// 35 s: an edge that has to fetch a piece of 64 MiB first has that long at 2 MiB/s.</summary>
    public TimeSpan ActivityTimeout { get; init; } = TimeSpan.FromSeconds(35);

    /// <summary>The options that a node's settings ask for.</summary>
    public static SchedulerOptions From(Settings settings) => new()
    {
        Mode = settings.Routing.Mode,
        Sites = new SiteMap(settings.Routing.Sites.SelectMany(
            static site => site.Networks.Select(network => new SiteRule(network, site.Name)))),
    };
}
