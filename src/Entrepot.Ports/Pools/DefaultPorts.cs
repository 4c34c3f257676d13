using Entrepot.Core.Identities;
using Entrepot.Ports.Allocation;

namespace Entrepot.Ports.Pools;

/// <summary>A surface and the port that it has unless the operator says otherwise.</summary>
/// <param name="Service">The service name in the port book.</param>
/// <param name="Port">The wanted port, or null to take one from <see cref="DefaultPorts.Edges"/>.</param>
/// <param name="Purpose">What it serves.</param>
/// <param name="Origin">Where the number comes from.</param>
public sealed record DefaultPort(string Service, int? Port, string Purpose, string Origin);

/// <summary>Every port that Entrepot uses by default. Nothing else in the product names a number; each of these is a wish that goes
/// through the port book, and none is bound without a lease. All fixed ones are User Ports (RFC 6335 §6), below Linux's default
/// ephemeral range, and none is refused by browsers.</summary>
public static class DefaultPorts
{
    /// <summary>Uploads: OCI push, file and tree push.</summary>
    public static DefaultPort Push { get; } = new("push", 8333, "uploads", "Entrepot's own choice, next to 8080; Bitcoin nodes and SeaweedFS use it too, so a host that runs one sets another");

    /// <summary>Read API, console, health, metrics.</summary>
    public static DefaultPort Metadata { get; } = new("metadata", 3000, "read API, console, health", "customary for web consoles, Grafana first");

    /// <summary>The write and administration API.</summary>
    public static DefaultPort Admin { get; } = new("admin", 9080, "write and administration API", "Entrepot's own choice: a second HTTP port that is easy to tell from 8080 in a firewall rule");

    /// <summary>Downloads: the front door.</summary>
    public static DefaultPort Scheduler { get; } = new("scheduler", 8080, "downloads", "IANA service name http-alt");

    /// <summary>The journal for auditors, on a port of <see cref="Edges"/>.</summary>
    public static DefaultPort Audit { get; } = new("audit", null, "journal for auditors, by client certificate", "leased from the pool, as edges' ports are");

    /// <summary>Sends clear text on to the scheduler's TLS. Off unless somebody turns it on.</summary>
    public static DefaultPort Redirect { get; } = new("redirect", 80, "sends clear text on to TLS", "IANA service name http");

    /// <summary>Where edges and services without a fixed port get theirs.</summary>
    public static PortPool Edges { get; } = new("edges", 54321, 54400);

    /// <summary>Where a service moves when its port is taken. In the Dynamic Ports of RFC 6335 §6, which are never assigned, and
    /// announced at once.</summary>
    public const int Emergency = 60000;

    /// <summary>The surfaces with a fixed port, in the order of the start-up table.</summary>
    public static IReadOnlyList<DefaultPort> Surfaces { get; } = [Push, Metadata, Admin, Scheduler];

    /// <summary>The request of a surface with its default port, the emergency port behind it and the edges' pool as last resort.</summary>
    /// <param name="node">The node on which it listens.</param>
    /// <param name="surface">One of <see cref="Surfaces"/>.</param>
    public static PortRequest Request(NodeName node, DefaultPort surface) => new()
    {
        Node = node,
        Service = surface.Service,
        WantedPort = surface.Port,
        Pool = surface.Port is null ? Edges : null,
        EmergencyPort = Emergency,
        OverflowPool = surface.Port is null ? null : Edges,
        Audience = PortAudience.Browser,
    };

    /// <summary>The request of an edge: a port of the pool, and the emergency port when the pool is full.</summary>
    /// <param name="node">The node on which it listens.</param>
    /// <param name="service">The edge's service name, for example <c>edge-1</c>.</param>
    public static PortRequest EdgeRequest(NodeName node, string service) => new()
    {
        Node = node,
        Service = service,
        Pool = Edges,
        EmergencyPort = Emergency,
        Audience = PortAudience.Browser,
    };
}
