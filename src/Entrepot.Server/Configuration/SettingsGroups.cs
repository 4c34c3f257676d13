using System.Collections.Immutable;
using Entrepot.Ports.Declarations;
using System.Net;

namespace Entrepot.Server.Configuration;

/// <summary>Which network segment a listener faces.</summary>
public enum Zone
{
    /// <summary>Only this machine.</summary>
    Loopback,

    /// <summary>The administrators' network.</summary>
    Management,

    /// <summary>The organisation's own networks.</summary>
    Internal,

    /// <summary>Everyone.</summary>
    Public,
}

/// <summary>One listening surface.</summary>
public sealed record SurfaceSettings
{
    /// <summary>Every IPv4 and IPv6 address.</summary>
    public static ImmutableArray<IPNetwork> Anyone { get; } = [IPNetwork.Parse("0.0.0.0/0"), IPNetwork.Parse("::/0")];

    /// <summary>This machine (RFC 1122 §3.2.1.3, RFC 4291 §2.5.3).</summary>
    public static ImmutableArray<IPNetwork> ThisMachine { get; } = [IPNetwork.Parse("127.0.0.0/8"), IPNetwork.Parse("::1/128")];

    /// <summary>The wanted port, 1–65535, or 0 for whichever the kernel finds free. It is a wish: the port book decides and says why.</summary>
    public required int Port { get; init; }

    /// <summary>The zone it faces; null (the default) derives it, see <see cref="Settings.ZoneOf"/>.</summary>
    public Zone? Zone { get; init; }

    /// <summary>Client addresses that may use it; IPv4-mapped IPv6 addresses count as IPv4. Default: this machine for surfaces that
    /// change things, everyone for those that only read.</summary>
    public required ImmutableArray<IPNetwork> Allow { get; init; }

    /// <summary>Most requests per source, such as 100/hour; null (the default) for no such limit. This machine itself is not counted.</summary>
    public AccessRate? Rate { get; init; }

    /// <summary>TLS, where it differs from the node's.</summary>
    public TlsSettings Tls { get; init; } = new();

    /// <summary>False to not run it here. Default true.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>A surface that only this machine may use.</summary>
    public static SurfaceSettings ForWriting(int port) => new() { Port = port, Allow = ThisMachine };

    /// <summary>A surface that everyone may use.</summary>
    public static SurfaceSettings ForReading(int port) => new() { Port = port, Allow = Anyone };
}

/// <summary>A range of ports, both ends included.</summary>
/// <param name="First">Lowest, 1–65535.</param>
/// <param name="Last">Highest, not below <paramref name="First"/>.</param>
public readonly record struct PortRange(int First, int Last)
{
    /// <summary>How many ports.</summary>
    public int Count => Last - First + 1;

    /// <summary>True when the port is one of them.</summary>
    public bool Contains(int port) => port >= First && port <= Last;

    /// <summary><c>54321-54400</c>.</summary>
    public override string ToString() => $"{First}-{Last}";
}

/// <summary>The edges that run in this process.</summary>
public sealed record EdgeSettings
{
    /// <summary>How many, 0–64. Default 2, the fewest that show a change of edge.</summary>
    public int Count { get; init; } = 2;

    /// <summary>Cap of each edge's cache in bytes, 64 MiB (one largest piece)–1 PiB. Default 10 GiB, as an nginx
    /// <c>proxy_cache_path max_size</c> is usually set.</summary>
    public long Capacity { get; init; } = 10L << 30;

    /// <summary>Ports that the edges lease from. Default 54321–54400, the edge pool of the port plan.</summary>
    public PortRange Pool { get; init; } = new(54321, 54400);

    /// <summary>How often each edge changes its port, 1 min–365 days; null (the default) for never.</summary>
    public TimeSpan? Rotate { get; init; }

    /// <summary>For how long the old and the new port are both served, 1 s–1 day, at most half of <see cref="Rotate"/>. Default 5 min: most
    /// downloads that began on the old port have ended by then.</summary>
    public TimeSpan RotationOverlap { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>The zone that the edges face; null (the default) derives it, see <see cref="Settings.ZoneOf"/>.</summary>
    public Zone? Zone { get; init; }

    /// <summary>Client addresses that may download. Default everyone.</summary>
    public ImmutableArray<IPNetwork> Allow { get; init; } = SurfaceSettings.Anyone;

    /// <summary>TLS, where it differs from the node's.</summary>
    public TlsSettings Tls { get; init; } = new();

    /// <summary>Most requests per source, such as 1000/minute; null (the default) for no such limit. This machine itself is not counted.</summary>
    public AccessRate? Rate { get; init; }
}

/// <summary>How the node's own ports are guarded against strangers.</summary>
public sealed record GuardSettings
{
    /// <summary>Time between two looks at the sockets behind the ports, 500 ms–1 h. Default 2 s, so that a stranger is seen in under 5 s.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>What happens when a stranger is on a port of a running surface. Default alert: nothing but a finding and a journal entry.</summary>
    public StrangerReaction Strangers { get; init; } = StrangerReaction.Alert;

    /// <summary>For how long a surface that moves is served on both ports, 1 s–1 day. Default 5 min.</summary>
    public TimeSpan Overlap { get; init; } = TimeSpan.FromMinutes(5);
}

/// <summary>How the scheduler sends a client on.</summary>
public enum RoutingMode
{
    /// <summary>307 to the chosen edge (RFC 9110 §15.4.8).</summary>
    Redirect,

    /// <summary>The bytes pass through the scheduler.</summary>
    Proxy,
}

/// <summary>How the scheduler chooses.</summary>
public sealed record RoutingSettings
{
    /// <summary>Redirect or proxy. Default redirect: the scheduler then carries no bytes.</summary>
    public RoutingMode Mode { get; init; } = RoutingMode.Redirect;

    /// <summary>Which client addresses belong to which site. The longest matching prefix wins. Default none.</summary>
    public ImmutableArray<SiteSettings> Sites { get; init; } = [];
}

/// <summary>The client addresses of one site.</summary>
/// <param name="Name">The site, as edges name it.</param>
/// <param name="Networks">Its networks; at least one, and none in two sites.</param>
public sealed record SiteSettings(string Name, ImmutableArray<IPNetwork> Networks);

/// <summary>How a node watches its ports.</summary>
public sealed record WatchSettings
{
    /// <summary>How often it is looked who listens on this host, 1 s–5 min. Default 2 s: a new listener is known within 5 s.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How often each edge tries whether other nodes' ports can be reached, 10 s–1 d, or null for never. Default 1 min.</summary>
    public TimeSpan? Probe { get; init; } = TimeSpan.FromMinutes(1);
}

/// <summary>A snapshot is dropped when neither rule holds it; the current one always stays.</summary>
public sealed record RetentionSettings
{
    /// <summary>The newest so many stay, 1–100,000; null for no such rule. Default 10.</summary>
    public int? KeepSnapshots { get; init; } = 10;

    /// <summary>Those published within so many days stay, 1–36,500; null (the default) for no such rule.</summary>
    public int? KeepDays { get; init; }
}

/// <summary>When blobs that nothing holds go.</summary>
public sealed record GarbageCollectionSettings
{
    /// <summary>Time between passes, 1 min–30 days. Default 1 h.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromHours(1);

    /// <summary>How long a blob must have been unheld before it goes, 1 min–365 days; longer than any push takes, as a blob that was pushed
    /// is unheld until it is published. Default 24 h.</summary>
    public TimeSpan Grace { get; init; } = TimeSpan.FromHours(24);
}

/// <summary>How bytes at rest are read again.</summary>
public sealed record ScrubSettings
{
    /// <summary>Most bytes read per second, 1 MiB/s–10 GiB/s; 0 turns the scrub off. Default 32 MiB/s, about a fifth of what one
    /// hard disk reads.</summary>
    public long Rate { get; init; } = 32L << 20;

    /// <summary>Within this time everything is read and its CRC-32 compared, 1 h–365 days. Default 7 days, as Ceph's
    /// <c>osd_scrub_max_interval</c>.</summary>
    public TimeSpan Cycle { get; init; } = TimeSpan.FromDays(7);

    /// <summary>Within this time everything is compared by SHA-256, <see cref="Cycle"/>–365 days. Default 28 days, ZFS's custom of a
    /// scrub a month.</summary>
    public TimeSpan DeepCycle { get; init; } = TimeSpan.FromDays(28);
}

/// <summary>What an upload may be.</summary>
public sealed record UploadSettings
{
    /// <summary>Largest blob in bytes, 1 MiB–8 EiB less one byte. Default 1 TiB.</summary>
    public long MaxSize { get; init; } = 1L << 40;

    /// <summary>Most unfinished resumable uploads, 1–100,000. Default 1000.</summary>
    public int MaxOpen { get; init; } = 1000;

    /// <summary>An unfinished upload that nobody has touched for so long is dropped, 1 min–30 days. Default 24 h, as tusd's examples have it.</summary>
    public TimeSpan Expiry { get; init; } = TimeSpan.FromHours(24);
}

/// <summary>What clients may take from a listener.</summary>
public sealed record LimitSettings
{
    /// <summary>Most connections open at once per listener, 16–1,000,000; more are refused. Default 10,000, under which an
    /// open-file limit of 65,536 holds several listeners.</summary>
    public int Connections { get; init; } = 10_000;

    /// <summary>Time a client has to send all of a request's header, 1 s–10 min. Default 30 s (Kestrel's
    /// <c>RequestHeadersTimeout</c>).</summary>
    public TimeSpan HeaderTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a connection may do nothing between requests, 1 s–1 h. Default 75 s (nginx <c>keepalive_timeout</c>).</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromSeconds(75);

    /// <summary>Largest header section in bytes, 4 KiB–1 MiB. Default 32 KiB (Kestrel's <c>MaxRequestHeadersTotalSize</c>; nginx
    /// <c>large_client_header_buffers 4 8k</c>).</summary>
    public int HeaderSize { get; init; } = 32 << 10;

    /// <summary>A request or answer body slower than this is cut off after five seconds' grace, in bytes per second, up to 1 MiB/s; 0 for
    /// no such rule. Default 240 B/s (Kestrel's <c>MinRequestBodyDataRate</c>).</summary>
    public int MinRate { get; init; } = 240;
}

/// <summary>The form of log lines.</summary>
public enum LogFormat
{
    /// <summary>One line for people.</summary>
    Text,

    /// <summary>One JSON object a line.</summary>
    Json,
}

/// <summary>The least important log line that is written.</summary>
public enum LogThreshold
{
    /// <summary>Everything.</summary>
    Debug,

    /// <summary>What happened.</summary>
    Info,

    /// <summary>What somebody should look at.</summary>
    Warning,

    /// <summary>What failed.</summary>
    Error,
}

/// <summary>How the node logs.</summary>
public sealed record LogSettings
{
    /// <summary>Default text.</summary>
    public LogFormat Format { get; init; } = LogFormat.Text;

    /// <summary>Default info.</summary>
    public LogThreshold Level { get; init; } = LogThreshold.Info;
}
