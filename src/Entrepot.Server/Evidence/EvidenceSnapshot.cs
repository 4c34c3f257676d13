using System.Collections.Concurrent;
using System.Globalization;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Allocation.Factors;
using Entrepot.Ports.Declarations;
using Entrepot.Ports.Pools;
using Entrepot.Ports.Reachability;
using Entrepot.Server.PortWatch;

namespace Entrepot.Server.Evidence;

/// <summary>A port of another node.</summary>
/// <param name="Kind">What kind of service has it.</param>
/// <param name="Port">1–65535.</param>
/// <param name="AtHub">True when the hub of the star has it.</param>
internal readonly record struct PeerPort(string Kind, int Port, bool AtHub);

/// <summary>What was observed at one moment, ready for decisions. Immutable but for answers that it keeps.</summary>
internal sealed class EvidenceSnapshot
{
    /// <summary>What is older than this says nothing any more: four looks at the packet filter and at the nodes that failed.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(2);

    private const int MostKept = 1024;

    private static readonly PortEvidence Undrawn = PortEvidence.None with
    {
        Unknown = ObservedEvidence.Factors.ToDictionary(static factor => factor, static _ => "left out of a random choice, which could be guessed by it"),
    };

    private readonly ConcurrentDictionary<(PortProtocol, string?, string), PortEvidence> _kept = [];
    private readonly Dictionary<PortProtocol, PortEvidence> _bases;
    private readonly IReadOnlyList<PortLease> _leases;
    private readonly IReadOnlyList<PeerPort> _peers;
    private readonly string? _noPeers;

    private EvidenceSnapshot(Dictionary<PortProtocol, PortEvidence> bases, IReadOnlyList<PortLease> leases, IReadOnlyList<PeerPort> peers, string? noPeers, DateTimeOffset at)
        => (_bases, _leases, _peers, _noPeers, At) = (bases, leases, peers, noPeers, at);

    /// <summary>When it was taken.</summary>
    public DateTimeOffset At { get; }

    /// <summary>Asks every source once.</summary>
    public static EvidenceSnapshot Take(EvidenceSources sources, DateTimeOffset now)
    {
        var reading = sources.Permitted();
        var reach = sources.Reach().Where(static report => !report.SameMachine).ToList();
        var (peers, noPeers) = Peers(sources, now);
        return new EvidenceSnapshot(PortProtocols.All.ToDictionary(static protocol => protocol, Base), sources.Leases(), peers, noPeers, now);

        PortEvidence Base(PortProtocol protocol)
        {
            var unknown = new Dictionary<PortFactor, string>();
            var open = Open(reading, protocol, now, out var why);
            if (why is not null)
                unknown[PortFactor.FirewallAgreement] = why;
            var paths = Paths(reach.Where(report => report.Protocol == protocol));
            if (reach.Count == 0)
                unknown[PortFactor.Latency] = unknown[PortFactor.Loss] = "no other machine has probed this node lately";
            else if (!paths.Any(static path => path.Value.Loss is not null))
                unknown[PortFactor.Loss] = $"no port was probed {Text(PathTally.Enough)} times from other machines yet";
            unknown[PortFactor.Throughput] = "nothing measures throughput by port";
            return PortEvidence.None with
            {
                Permitted = open,
                Blocked = open is null ? null : PortSet.Full.Except(open),
                Paths = paths.Count == 0 ? PortPaths.None : new PortPaths(paths),
                Excluded = sources.Excluded(protocol),
                Unknown = unknown,
            };
        }
    }

    /// <summary>What is known for a request.</summary>
    public PortEvidence For(PortProtocol protocol, PortRequest? request)
    {
        var known = _bases[protocol];
        if (request is null)
            return known;
        // Everything here favours ports that are in use, or were: a draw among them could be guessed, and a port that rotates would come back
        // to where it was.
        if (request.Mode == AllocationMode.Random)
            return Undrawn with { Excluded = known.Excluded };
        var key = (protocol, request.Pool?.Name, request.Service);
        if (_kept.TryGetValue(key, out var evidence))
            return evidence;
        evidence = WithPeers(known, protocol, request);
        if (_kept.Count < MostKept)
            _kept.TryAdd(key, evidence);
        return evidence;
    }

    /// <summary>The kind of a service: edges are many of one kind, and everything else is one of its own.</summary>
    internal static string KindOf(string service, bool edge) => edge ? EdgeKind : PortSuccession.ServiceOf(service);

    /// <summary>The kind of the edges, as their surfaces are called.</summary>
    internal const string EdgeKind = "edge";

    private PortEvidence WithPeers(PortEvidence known, PortProtocol protocol, PortRequest request)
    {
        var service = PortSuccession.ServiceOf(request.Service);
        var kind = KindOf(service, IsEdge(request.Pool?.Name));
        var siblings = PortSet.Of(_leases.Where(lease => IsSibling(lease, kind, service, protocol)).Select(static lease => lease.Port));
        var peers = _peers.Where(peer => peer.Kind == kind && protocol == PortProtocol.Tcp).ToLookup(static peer => peer.AtHub, static peer => peer.Port);
        var (near, far) = (PortSet.Of(peers[true]), PortSet.Of(peers[false]));
        var all = near.Union(far);
        var unknown = new Dictionary<PortFactor, string>(known.Unknown);
        if (all.IsEmpty)
        {
            unknown[PortFactor.Topology] = _noPeers ?? $"no other node tells of a service of the kind '{kind}'";
            unknown[PortFactor.LoadBalancing] = $"{_noPeers ?? $"no other node tells of a service of the kind '{kind}'"}, and this one has no other";
        }

        return known with
        {
            Siblings = siblings,
            Peers = all,
            Topology = all.IsEmpty ? null : new PortTopology(TopologyShape.Star, near, far),
            Unknown = unknown,
        };
    }

    /// <summary>True for another port of the same kind on this node: of another service of the kind, or of the same one on another
    /// transport.</summary>
    private static bool IsSibling(PortLease lease, string kind, string service, PortProtocol protocol)
    {
        var name = PortSuccession.ServiceOf(lease.Service);
        return name == service ? lease.Protocol != protocol : KindOf(name, IsEdge(lease.Request()?.Pool?.Name)) == kind;
    }

    private static bool IsEdge(string? pool) => pool == DefaultPorts.Edges.Name;

    private static PortSet? Open(KeptReading.Kept? kept, PortProtocol protocol, DateTimeOffset now, out string? why)
    {
        why = kept switch
        {
            null => "the firewall's rules have not been read yet",
            { Reading.Open: null } => "the firewall's rules can't be read: see 'entrepot ports status'",
            _ when now - kept.At > Lifetime => $"the firewall's rules were last read {Text((int)(now - kept.At).TotalMinutes)} minutes ago",
            _ => null,
        };
        return why is null ? kept!.Reading.Open!(protocol) : null;
    }

    private static (IReadOnlyList<PeerPort> Peers, string? Why) Peers(EvidenceSources sources, DateTimeOffset now)
    {
        if (sources.Nodes() is not { } told)
            return ([], "the other nodes are not known yet");
        if (now - told.At > Lifetime)
            return ([], $"the other nodes were last heard of {Text((int)(now - told.At).TotalMinutes)} minutes ago");
        var own = sources.Own().Select(static surface => surface.Node).ToHashSet(StringComparer.Ordinal);
        var peers = new List<PeerPort>();
        foreach (var node in told.Nodes)
        {
            if (node.State == "out" || own.Contains(node.Last.Node) || !Uri.TryCreate(node.Last.Url, UriKind.Absolute, out var url) || url.Port is < 1 or > PortSet.MaxPort)
                continue;
            peers.Add(new PeerPort(EdgeKind, url.Port, sources.Hub is { } hub && string.Equals(url.DnsSafeHost, hub, StringComparison.OrdinalIgnoreCase)));
        }

        return (peers, null);
    }

    /// <summary>One measure for each port: of several places the middle one, as a far one says nothing against the port.</summary>
    private static Dictionary<int, PathMeasure> Paths(IEnumerable<ReachReport> reports)
        => reports.GroupBy(static report => report.Port).Select(static group => (Port: group.Key, Measure: new PathMeasure(
                Middle(group.Select(static report => report.Path.Latency)),
                null,
                Middle(group.Select(static report => report.Path.Loss)))))
            .Where(static path => path.Measure is not { Latency: null, Loss: null })
            .ToDictionary(static path => path.Port, static path => path.Measure);

    private static T? Middle<T>(IEnumerable<T?> values)
        where T : struct
    {
        var known = values.OfType<T>().Order().ToList();
        return known.Count == 0 ? null : known[(known.Count - 1) / 2];
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
