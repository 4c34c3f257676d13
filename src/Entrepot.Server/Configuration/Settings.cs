using Entrepot.Core.Identities;
using Entrepot.Ports.Pools;

namespace Entrepot.Server.Configuration;

/// <summary>Everything a node is told at start. Immutable and already validated: a value of this type obeys every range stated here.
/// Made by <see cref="SettingsReader"/> from a file, or from <see cref="Default"/> with changes.</summary>
public sealed record Settings
{
    /// <summary>The embedded defaults, which <c>entrepot up</c> runs with when no file is given.</summary>
    public static Settings Default { get; } = new();

    /// <summary>Folder of the state database, the blobs and the edges' caches. A relative path in a file is taken from that file's
    /// folder. Default <c>data</c>, below the working folder.</summary>
    public string DataFolder { get; init; } = "data";

    /// <summary>Path of the portfile, or null (the default) for none.</summary>
    public string? Portfile { get; init; }

    /// <summary>This node's name, a DNS label. Default <c>origin</c>, the role that the embedded network is built around.</summary>
    public NodeName Node { get; init; } = NodeName.Parse("origin");

    /// <summary>Where this node is; clients are sent to edges of their own site first. 1–63 characters as in a node name.
    /// Default <c>local</c>.</summary>
    public string Site { get; init; } = "local";

    /// <summary>The address that listeners bind: an IP address, <c>0.0.0.0</c> for every IPv4 one, <c>::</c> for all.
    /// Default <c>127.0.0.1</c>: nothing faces a network until somebody says so.</summary>
    public System.Net.IPAddress Bind { get; init; } = System.Net.IPAddress.Loopback;

    /// <summary>The host name or address that clients reach this node by, used in the URLs it hands out. Null (the default) means
    /// the bind address, or the machine's host name when every address is bound.</summary>
    public string? PublicHost { get; init; }

    /// <summary>Base URL of the metadata surface of the origin, for a node that is not the origin itself. Null (the default) means
    /// that this node is the origin.</summary>
    public Uri? Origin { get; init; }

    /// <summary>Where a surface moves when its port is taken, 1–65535. Default 60000, the emergency port of the port plan.</summary>
    public int EmergencyPort { get; init; } = DefaultPorts.Emergency;

    /// <summary>The push surface. Default port 8333; only this machine may write.</summary>
    public SurfaceSettings Push { get; init; } = SurfaceSettings.ForWriting(DefaultPorts.Push.Port!.Value);

    /// <summary>The metadata query surface. Default port 3000; anyone may read.</summary>
    public SurfaceSettings Metadata { get; init; } = SurfaceSettings.ForReading(DefaultPorts.Metadata.Port!.Value);

    /// <summary>True (the default) when everybody whose address is allowed may read mirrors and network from the metadata surface; false when it takes a
    /// credential. Findings, the journal and private mirrors always do.</summary>
    public bool PublicMetadata { get; init; } = true;

    /// <summary>The write and administration surface. Default port 9080; only this machine may write.</summary>
    public SurfaceSettings Admin { get; init; } = SurfaceSettings.ForWriting(DefaultPorts.Admin.Port!.Value);

    /// <summary>The scheduler's listener, where downloads begin. Default port 8080 (IANA http-alt); anyone may read.</summary>
    public SurfaceSettings Scheduler { get; init; } = SurfaceSettings.ForReading(DefaultPorts.Scheduler.Port!.Value);

    /// <summary>A listener that only sends clear text on to the scheduler's TLS. Default port 80 (IANA http), and off.</summary>
    public SurfaceSettings Redirect { get; init; } = SurfaceSettings.ForReading(DefaultPorts.Redirect.Port!.Value) with { Enabled = false };

    /// <summary>The audit service's listener. Its port comes from the edges' pool; it takes TLS 1.3 with a client's certificate alone.</summary>
    public SurfaceSettings Audit { get; init; } = SurfaceSettings.ForReading(0);

    /// <summary>The edges that run in this process.</summary>
    public EdgeSettings Edges { get; init; } = new();

    /// <summary>TLS of every surface that says nothing else.</summary>
    public TlsSettings Tls { get; init; } = TlsSettings.Default;

    /// <summary>Proxies in front of this node whose <c>X-Forwarded-For</c> and <c>X-Forwarded-Proto</c> are believed. Default none.</summary>
    public System.Collections.Immutable.ImmutableArray<System.Net.IPNetwork> TrustedProxies { get; init; } = [];

    /// <summary>How the node's own ports are guarded.</summary>
    public GuardSettings Guard { get; init; } = new();

    /// <summary>How the scheduler sends clients on.</summary>
    public RoutingSettings Routing { get; init; } = new();

    /// <summary>How often an edge tells how it is, 1 s–5 min; three missed beats take it out. Default 5 s.</summary>
    public TimeSpan HeartbeatInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Where else the services of this node are made known.</summary>
    public DiscoverySettings Discovery { get; init; } = new();

    /// <summary>Path of the agent's Unix socket, or null (the default) for the one that ENTREPOT_AGENT names, else
    /// /run/entrepot/agent.sock.</summary>
    public string? AgentSocket { get; init; }

    /// <summary>The network's name, a host name in lower case: the trust domain of its nodes' identities. Taken when the authority is made;
    /// a later change has no effect. Default <c>entrepot.internal</c>: ICANN keeps <c>internal</c> for private use.</summary>
    public string NetworkName { get; init; } = "entrepot.internal";

    /// <summary>Path of the key that seals what the node keeps at rest, or null (the default) for <c>trust/sealing.key</c> in the data folder.</summary>
    public string? SealingKey { get; init; }

    /// <summary>Longest life of a token, 1 min–3650 days. Default 90 days.</summary>
    public TimeSpan MaxTokenLifetime { get; init; } = new Trust.Tokens.TokenOptions().MaxLifetime;

    /// <summary>Through whom people sign in, beside the accounts that are kept here.</summary>
    public OpenIdConnectSettings OpenIdConnect { get; init; } = new();

    /// <summary>How the node watches its ports.</summary>
    public WatchSettings Watch { get; init; } = new();

    /// <summary>How long old snapshots stay in mirrors that say nothing themselves.</summary>
    public RetentionSettings Retention { get; init; } = new();

    /// <summary>When blobs that nothing holds go.</summary>
    public GarbageCollectionSettings GarbageCollection { get; init; } = new();

    /// <summary>How the journal is signed, and how long it is kept.</summary>
    public JournalSettings Journal { get; init; } = new();

    /// <summary>Which documents need approval before they are changed.</summary>
    public ChangeSettings Changes { get; init; } = new();

    /// <summary>How bytes at rest are read again.</summary>
    public ScrubSettings Scrub { get; init; } = new();

    /// <summary>What an upload may be.</summary>
    public UploadSettings Uploads { get; init; } = new();

    /// <summary>What one client may take from a listener.</summary>
    public LimitSettings Limits { get; init; } = new();

    /// <summary>How the node logs.</summary>
    public LogSettings Log { get; init; } = new();

    /// <summary>The zone that a surface's listener faces: the declared one, else <see cref="Zone.Loopback"/> when only this machine
    /// can reach it, else the surface's usual one.</summary>
    public Zone ZoneOf(Zone? declared, Zone usual)
        => declared ?? (System.Net.IPAddress.IsLoopback(Bind) ? Zone.Loopback : usual);
}
