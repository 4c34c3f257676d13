using Entrepot.Core.Documents;
using Entrepot.Core.Journal;
using Entrepot.Ports.Declarations;
using Entrepot.Trust.Changes;

namespace Entrepot.Server.Configuration;

/// <summary>One setting: its place in the file, its kind, and where it goes.</summary>
internal abstract class Setting(string path, string help)
{
    /// <summary>Dotted path in the file.</summary>
    public string Path => path;

    /// <summary>One line for people.</summary>
    public string Help => help;

    /// <summary>What is allowed.</summary>
    public abstract string Expected { get; }

    /// <summary>Reads a node into the settings; reports and leaves them as they are when it is wrong.</summary>
    public abstract Settings Read(DocumentNode node, Settings settings, DocumentErrors errors);

    /// <summary>The setting's value as YAML.</summary>
    public abstract string Write(Settings settings);
}

/// <inheritdoc/>
internal sealed class Setting<T>(string path, FieldType<T> type, Func<Settings, T> get, Func<Settings, T, Settings> set, string help) : Setting(path, help)
{
    public override string Expected => type.Expected;

    public override Settings Read(DocumentNode node, Settings settings, DocumentErrors errors)
        => type.TryRead(node, Path, errors, out var value) ? set(settings, value) : settings;

    public override string Write(Settings settings) => type.Write(get(settings));
}

/// <summary>Every setting, declared once: the reader, the writer and the reference page follow from this list.</summary>
internal static class SettingsSchema
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1), Minute = TimeSpan.FromMinutes(1), Hour = TimeSpan.FromHours(1), Day = TimeSpan.FromDays(1);

    /// <summary>The settings in the order in which they are written.</summary>
    public static IReadOnlyList<Setting> All { get; } =
    [
        Of("data", SettingTypes.Folder, s => s.DataFolder, (s, v) => s with { DataFolder = v }, "folder of the state, the blobs and the caches"),
        Of("portfile", SettingTypes.File, s => s.Portfile, (s, v) => s with { Portfile = v }, "the declaration of ports, read again when it changes"),
        Of("node", FieldTypes.NodeName, s => s.Node, (s, v) => s with { Node = v }, "this node's name"),
        Of("site", SettingTypes.SiteName, s => s.Site, (s, v) => s with { Site = v }, "where this node is"),
        Of("bind", FieldTypes.Address, s => s.Bind, (s, v) => s with { Bind = v }, "address that listeners bind"),
        Of("publicHost", SettingTypes.Host, s => s.PublicHost, (s, v) => s with { PublicHost = v }, "host that clients reach this node by"),
        Of("origin", SettingTypes.Url, s => s.Origin, (s, v) => s with { Origin = v }, "metadata surface of the origin, on a node that is not the origin"),
        Of("emergencyPort", FieldTypes.Port, s => s.EmergencyPort, (s, v) => s with { EmergencyPort = v }, "where a surface moves when its port is taken"),

        .. Surface("push", s => s.Push, (s, v) => s with { Push = v }),
        .. Surface("metadata", s => s.Metadata, (s, v) => s with { Metadata = v }),
        Of("surfaces.metadata.public", FieldTypes.Switch, s => s.PublicMetadata, (s, v) => s with { PublicMetadata = v }, "whether reading mirrors and network from it takes no credential"),
        .. Surface("admin", s => s.Admin, (s, v) => s with { Admin = v }),
        .. Surface("scheduler", s => s.Scheduler, (s, v) => s with { Scheduler = v }),

        Of("surfaces.redirect.enabled", FieldTypes.Switch, s => s.Redirect.Enabled, (s, v) => s with { Redirect = s.Redirect with { Enabled = v } }, "send clear text on another port on to the scheduler's TLS"),
        Of("surfaces.redirect.port", SettingTypes.PortOrAny, s => s.Redirect.Port, (s, v) => s with { Redirect = s.Redirect with { Port = v } }, "the port"),
        Of("surfaces.redirect.zone", FieldTypes.OptionalChoice<Zone>(), s => s.Redirect.Zone, (s, v) => s with { Redirect = s.Redirect with { Zone = v } }, "zone that it faces; null derives it from bind"),
        Of("surfaces.redirect.allow", FieldTypes.Networks, s => s.Redirect.Allow, (s, v) => s with { Redirect = s.Redirect with { Allow = v } }, "clients that may use it"),
        Of("surfaces.redirect.rate", SettingTypes.SourceRate, s => s.Redirect.Rate, (s, v) => s with { Redirect = s.Redirect with { Rate = v } }, "most requests per source"),
        Of("surfaces.audit.enabled", FieldTypes.Switch, s => s.Audit.Enabled, (s, v) => s with { Audit = s.Audit with { Enabled = v } }, "run the audit surface here, where the node has that role"),
        Of("surfaces.audit.zone", FieldTypes.OptionalChoice<Zone>(), s => s.Audit.Zone, (s, v) => s with { Audit = s.Audit with { Zone = v } }, "zone that it faces; null derives it from bind"),
        Of("surfaces.audit.allow", FieldTypes.Networks, s => s.Audit.Allow, (s, v) => s with { Audit = s.Audit with { Allow = v } }, "clients that may use it, each with a certificate"),
        Of("surfaces.audit.rate", SettingTypes.SourceRate, s => s.Audit.Rate, (s, v) => s with { Audit = s.Audit with { Rate = v } }, "most requests per source"),
        .. TlsSchema.FilesOf("surfaces.audit.tls", s => s.Audit.Tls, (s, v) => s with { Audit = s.Audit with { Tls = v } }),

        Of("edges.count", FieldTypes.WholeNumber(0, 64), s => s.Edges.Count, (s, v) => s with { Edges = s.Edges with { Count = v } }, "edges in this process"),
        Of("edges.capacity", SettingTypes.Size(64L << 20, 1L << 50), s => s.Edges.Capacity, (s, v) => s with { Edges = s.Edges with { Capacity = v } }, "cap of each edge's cache"),
        Of("edges.pool", SettingTypes.PortRange, s => s.Edges.Pool, (s, v) => s with { Edges = s.Edges with { Pool = v } }, "ports that edges and the audit service lease from"),
        Of("edges.rotate", SettingTypes.OptionalSpan(Minute, 365 * Day), s => s.Edges.Rotate, (s, v) => s with { Edges = s.Edges with { Rotate = v } }, "how often each edge changes its port; null for never"),
        Of("edges.rotationOverlap", FieldTypes.Span(Second, Day), s => s.Edges.RotationOverlap, (s, v) => s with { Edges = s.Edges with { RotationOverlap = v } }, "how long the old and the new port are both served"),
        Of("edges.zone", FieldTypes.OptionalChoice<Zone>(), s => s.Edges.Zone, (s, v) => s with { Edges = s.Edges with { Zone = v } }, "zone that the edges face; null derives it from bind"),
        Of("edges.allow", FieldTypes.Networks, s => s.Edges.Allow, (s, v) => s with { Edges = s.Edges with { Allow = v } }, "clients that may download"),
        .. TlsSchema.Of("edges.tls", s => s.Edges.Tls, (s, v) => s with { Edges = s.Edges with { Tls = v } }),
        Of("edges.rate", SettingTypes.SourceRate, s => s.Edges.Rate, (s, v) => s with { Edges = s.Edges with { Rate = v } }, "most requests per source"),

        .. TlsSchema.Of("tls", s => s.Tls, (s, v) => s with { Tls = v.Over(TlsSettings.Default) }),
        Of("trustedProxies", FieldTypes.Networks, s => s.TrustedProxies, (s, v) => s with { TrustedProxies = v }, "proxies whose word on the client's address and on TLS is taken"),

        Of("guard.interval", FieldTypes.Span(Second / 2, Hour), s => s.Guard.Interval, (s, v) => s with { Guard = s.Guard with { Interval = v } }, "time between two looks at the sockets behind the ports"),
        Of("guard.strangers", FieldTypes.Choice<StrangerReaction>(), s => s.Guard.Strangers, (s, v) => s with { Guard = s.Guard with { Strangers = v } }, "what happens when a stranger is on a port of the node"),
        Of("guard.overlap", FieldTypes.Span(Second, Day), s => s.Guard.Overlap, (s, v) => s with { Guard = s.Guard with { Overlap = v } }, "how long a surface that moves is served on both ports"),

        Of("routing.mode", FieldTypes.Choice<RoutingMode>(), s => s.Routing.Mode, (s, v) => s with { Routing = s.Routing with { Mode = v } }, "send clients on, or pass the bytes through"),
        Of("routing.sites", SettingTypes.Sites, s => s.Routing.Sites, (s, v) => s with { Routing = s.Routing with { Sites = v } }, "which client networks belong to which site"),

        Of("heartbeat.interval", FieldTypes.Span(Second, 5 * Minute), s => s.HeartbeatInterval, (s, v) => s with { HeartbeatInterval = v }, "how often an edge tells how it is"),

        Of("discovery.lifetime", FieldTypes.Span(10 * Second, 10 * Minute), s => s.Discovery.Lifetime, (s, v) => s with { Discovery = s.Discovery with { Lifetime = v } }, "how long an entry in a registry outlives its node"),
        Of("discovery.consul.url", SettingTypes.Url, s => s.Discovery.Consul, (s, v) => s with { Discovery = s.Discovery with { Consul = v } }, "the local Consul agent that learns of this node's services"),
        Of("discovery.etcd.endpoints", SettingTypes.Urls, s => s.Discovery.EtcdEndpoints, (s, v) => s with { Discovery = s.Discovery with { EtcdEndpoints = v } }, "the etcd cluster that learns of this node's services"),
        Of("discovery.etcd.prefix", SettingTypes.KeyPrefix, s => s.Discovery.EtcdPrefix, (s, v) => s with { Discovery = s.Discovery with { EtcdPrefix = v } }, "what every key in etcd begins with"),

        Of("agent.socket", SettingTypes.File, s => s.AgentSocket, (s, v) => s with { AgentSocket = v }, "Unix socket of this machine's agent; null for the usual one"),

        Of("trust.network", SettingTypes.NetworkName, s => s.NetworkName, (s, v) => s with { NetworkName = v }, "name of the network in its nodes' certificates; read when the authority is made"),
        Of("trust.sealingKey", SettingTypes.File, s => s.SealingKey, (s, v) => s with { SealingKey = v }, "key that seals what is kept at rest; null for trust/sealing.key in the data folder"),
        Of("trust.tokens.maxTtl", FieldTypes.Span(Minute, 3650 * Day), s => s.MaxTokenLifetime, (s, v) => s with { MaxTokenLifetime = v }, "longest life of a token"),

        .. OpenIdConnectSchema.All,

        Of("watch.interval", FieldTypes.Span(Second, 5 * Minute), s => s.Watch.Interval, (s, v) => s with { Watch = s.Watch with { Interval = v } }, "how often it is looked who listens on this host"),
        Of("watch.probe", SettingTypes.OptionalSpan(10 * Second, Day), s => s.Watch.Probe, (s, v) => s with { Watch = s.Watch with { Probe = v } }, "how often each edge tries whether other nodes' ports can be reached; null for never"),

        Of("retention.keepSnapshots", FieldTypes.OptionalWholeNumber(1, 100_000), s => s.Retention.KeepSnapshots, (s, v) => s with { Retention = s.Retention with { KeepSnapshots = v } }, "the newest so many snapshots stay"),
        Of("retention.keepDays", FieldTypes.OptionalWholeNumber(1, 36_500), s => s.Retention.KeepDays, (s, v) => s with { Retention = s.Retention with { KeepDays = v } }, "snapshots published within so many days stay"),

        Of("gc.interval", FieldTypes.Span(Minute, 30 * Day), s => s.GarbageCollection.Interval, (s, v) => s with { GarbageCollection = s.GarbageCollection with { Interval = v } }, "time between passes"),
        Of("gc.grace", FieldTypes.Span(Minute, 365 * Day), s => s.GarbageCollection.Grace, (s, v) => s with { GarbageCollection = s.GarbageCollection with { Grace = v } }, "how long a blob must have been unheld before it goes"),

        Of("journal.checkpointEntries", FieldTypes.WholeNumber(10, 1_000_000), s => s.Journal.CheckpointEntries, (s, v) => s with { Journal = s.Journal with { CheckpointEntries = v } }, "a checkpoint is signed after so many entries"),
        Of("journal.checkpointInterval", FieldTypes.Span(Second, Day), s => s.Journal.CheckpointInterval, (s, v) => s with { Journal = s.Journal with { CheckpointInterval = v } }, "a checkpoint is signed when the oldest entry without one is so old"),
        Of("journal.copyInterval", FieldTypes.Span(Second, Day), s => s.Journal.CopyInterval, (s, v) => s with { Journal = s.Journal with { CopyInterval = v } }, "time between two looks of an audit service at the origin's journal"),
        Of("journal.keepDays", FieldTypes.WholeNumber(JournalRetention.LeastDays, JournalRetention.MostDays), s => s.Journal.KeepDays, (s, v) => s with { Journal = s.Journal with { KeepDays = v } }, "entries are kept at least so many days"),
        Of("journal.pseudonymiseDays", FieldTypes.OptionalWholeNumber(JournalRetention.LeastDays, JournalRetention.MostDays), s => s.Journal.PseudonymiseDays, (s, v) => s with { Journal = s.Journal with { PseudonymiseDays = v } }, "after so many days entries name no person any more; null for never, unless a profile says so"),
        Of("journal.profiles", new ChoiceListType<RetentionProfile>("[pci, gdpr]"), s => s.Journal.Profiles, (s, v) => s with { Journal = s.Journal with { Profiles = v } }, "rules that apply: the longest minimum and the shortest maximum of them count"),

        Of("changes.require", new ChoiceListType<ChangedDocument>("[portfile, mirrors]"), s => s.Changes.Require, (s, v) => s with { Changes = s.Changes with { Require = v } }, "documents of the origin that are changed by approved changes only"),
        Of("changes.approvalLifetime", FieldTypes.Span(Minute, 30 * Day), s => s.Changes.ApprovalLifetime, (s, v) => s with { Changes = s.Changes with { ApprovalLifetime = v } }, "how long an approval holds"),
        Of("changes.proposalLifetime", FieldTypes.Span(Minute, 365 * Day), s => s.Changes.ProposalLifetime, (s, v) => s with { Changes = s.Changes with { ProposalLifetime = v } }, "how long a proposal can be approved"),
        Of("changes.reviewWithin", FieldTypes.Span(Minute, 30 * Day), s => s.Changes.ReviewWithin, (s, v) => s with { Changes = s.Changes with { ReviewWithin = v } }, "within which time another person looks at what was applied without approval"),

        Of("scrub.rate", SettingTypes.Rate(1L << 20, 10L << 30), s => s.Scrub.Rate, (s, v) => s with { Scrub = s.Scrub with { Rate = v } }, "most bytes read again per second"),
        Of("scrub.cycle", FieldTypes.Span(Hour, 365 * Day), s => s.Scrub.Cycle, (s, v) => s with { Scrub = s.Scrub with { Cycle = v } }, "everything is compared by CRC-32 within this time"),
        Of("scrub.deepCycle", FieldTypes.Span(Hour, 365 * Day), s => s.Scrub.DeepCycle, (s, v) => s with { Scrub = s.Scrub with { DeepCycle = v } }, "everything is compared by SHA-256 within this time"),

        Of("uploads.maxSize", SettingTypes.Size(1L << 20, long.MaxValue), s => s.Uploads.MaxSize, (s, v) => s with { Uploads = s.Uploads with { MaxSize = v } }, "largest blob"),
        Of("uploads.maxOpen", FieldTypes.WholeNumber(1, 100_000), s => s.Uploads.MaxOpen, (s, v) => s with { Uploads = s.Uploads with { MaxOpen = v } }, "most unfinished resumable uploads"),
        Of("uploads.expiry", FieldTypes.Span(Minute, 30 * Day), s => s.Uploads.Expiry, (s, v) => s with { Uploads = s.Uploads with { Expiry = v } }, "an unfinished upload untouched for so long is dropped"),

        Of("limits.connections", FieldTypes.WholeNumber(16, 1_000_000), s => s.Limits.Connections, (s, v) => s with { Limits = s.Limits with { Connections = v } }, "most connections per listener"),
        Of("limits.headerTimeout", FieldTypes.Span(Second, 10 * Minute), s => s.Limits.HeaderTimeout, (s, v) => s with { Limits = s.Limits with { HeaderTimeout = v } }, "time to send a request's header"),
        Of("limits.idleTimeout", FieldTypes.Span(Second, Hour), s => s.Limits.IdleTimeout, (s, v) => s with { Limits = s.Limits with { IdleTimeout = v } }, "time a connection may do nothing"),
        Of("limits.headerSize", SettingTypes.Size(4 << 10, 1 << 20), s => s.Limits.HeaderSize, (s, v) => s with { Limits = s.Limits with { HeaderSize = (int)v } }, "largest header section"),
        Of("limits.minRate", SettingTypes.Rate(1, 1 << 20), s => s.Limits.MinRate, (s, v) => s with { Limits = s.Limits with { MinRate = (int)v } }, "a slower body is cut off"),

        Of("log.format", FieldTypes.Choice<LogFormat>(), s => s.Log.Format, (s, v) => s with { Log = s.Log with { Format = v } }, "form of log lines"),
        Of("log.level", FieldTypes.Choice<LogThreshold>(), s => s.Log.Level, (s, v) => s with { Log = s.Log with { Level = v } }, "least important line that is written"),
    ];

    private static Setting<T> Of<T>(string path, FieldType<T> type, Func<Settings, T> get, Func<Settings, T, Settings> set, string help)
        => new(path, type, get, set, help);

    private static IEnumerable<Setting> Surface(string name, Func<Settings, SurfaceSettings> get, Func<Settings, SurfaceSettings, Settings> set) =>
    [
        Of($"surfaces.{name}.enabled", FieldTypes.Switch, s => get(s).Enabled, (s, v) => set(s, get(s) with { Enabled = v }), $"run the {name} surface here"),
        Of($"surfaces.{name}.port", SettingTypes.PortOrAny, s => get(s).Port, (s, v) => set(s, get(s) with { Port = v }), "wanted port"),
        Of($"surfaces.{name}.zone", FieldTypes.OptionalChoice<Zone>(), s => get(s).Zone, (s, v) => set(s, get(s) with { Zone = v }), "zone that it faces; null derives it from bind"),
        Of($"surfaces.{name}.allow", FieldTypes.Networks, s => get(s).Allow, (s, v) => set(s, get(s) with { Allow = v }), "clients that may use it"),
        Of($"surfaces.{name}.rate", SettingTypes.SourceRate, s => get(s).Rate, (s, v) => set(s, get(s) with { Rate = v }), "most requests per source"),
        .. TlsSchema.Of($"surfaces.{name}.tls", s => get(s).Tls, (s, v) => set(s, get(s) with { Tls = v })),
    ];
}
