using System.Globalization;
using System.Net;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Declarations;
using Entrepot.Ports.Guard;
using Entrepot.Ports.Inventory;
using Entrepot.Ports.Reachability;

namespace Entrepot.Ports.Truth;

/// <summary>What is known of a node's ports at one moment.</summary>
public sealed record TruthSources
{
    /// <summary>What was declared.</summary>
    public IReadOnlyList<DeclaredPort> Declared { get; init; } = [];

    /// <summary>What listens, or null when the host could not be asked.</summary>
    public IReadOnlyList<ListeningSocket>? Sockets { get; init; }

    /// <summary>What the packet filter does with a port, or null when it could not be read.</summary>
    public Func<PortProtocol, int, PermittedPort>? Permitted { get; init; }

    /// <summary>What probes found, of this node only.</summary>
    public IReadOnlyList<ReachReport> Reach { get; init; } = [];

    /// <summary>To which ports of a transport the packet filter lets packets, beyond what its policy keeps open for operators; null when it could
    /// not be read.</summary>
    public Func<PortProtocol, PortSet>? Doors { get; init; }

    /// <summary>Ports that are looked at though nobody declared them and nobody listens: those of open findings.</summary>
    public IReadOnlyList<(PortProtocol Protocol, int Port)> Watched { get; init; } = [];
}

/// <summary>Joins the four truths, one row for each port. Pure.</summary>
public static class TruthTable
{
    /// <summary>Most open doors of a transport that get rows of their own. A packet filter that leaves more open does not keep out what is not
    /// declared, and a row for each port would say no more.</summary>
    public const int MaxOpenDoors = 64;

    /// <summary>Makes the rows, by port and protocol. Sockets on other addresses than the declared one, and those of containers, get rows
    /// of their own: they are other doors with the same number.</summary>
    public static IReadOnlyList<PortStatus> Join(TruthSources sources)
    {
        var rows = new List<PortStatus>();
        var claimed = new HashSet<ListeningSocket>(ReferenceEqualityComparer.Instance);
        var here = (sources.Sockets ?? []).Where(static socket => socket is { Namespace: null, Listening: true }).ToLookup(static socket => (socket.Protocol, socket.Port));
        foreach (var declared in sources.Declared.DistinctBy(static port => (port.Protocol, port.Port, port.Service)))
        {
            var sockets = here[(declared.Protocol, declared.Port)].Where(socket => declared.Address is not { } address || socket.Meets(address)).ToList();
            claimed.UnionWith(sockets);
            rows.Add(Row(sources, declared.Protocol, declared.Port, declared, sockets, null));
        }

        foreach (var group in (sources.Sockets ?? []).Where(socket => socket.Listening && !claimed.Contains(socket))
            .GroupBy(static socket => (socket.Protocol, socket.Port, socket.Namespace)))
            rows.Add(Row(sources, group.Key.Protocol, group.Key.Port, null, [.. group], group.Key.Namespace));
        foreach (var (protocol, port) in Empty(sources, rows))
            rows.Add(Row(sources, protocol, port, null, [], null));
        return [.. rows.OrderBy(static row => row.Port).ThenBy(static row => row.Protocol, StringComparer.Ordinal).ThenBy(static row => row.Scope)];
    }

    /// <summary>What the reports of a port come to: what others found counts, and of them whoever got through.</summary>
    public static Reachable ReachableOf(IEnumerable<ReachReport> reports)
    {
        var found = reports.Where(static report => !report.SameMachine).Select(static report => report.Result.Reach).ToHashSet();
        return found.Contains(Reach.Open) ? Reachable.Open
            : found.Contains(Reach.Filtered) ? Reachable.Filtered
            : found.Contains(Reach.Refused) ? Reachable.Refused
            : Reachable.Unknown;
    }

    /// <summary>The ports of a transport to which packets get though nobody declared them and nobody listens.</summary>
    /// <param name="sources">What is known.</param>
    /// <param name="protocol">The transport.</param>
    public static PortSet OpenDoors(TruthSources sources, PortProtocol protocol)
        => sources.Doors is not { } doors || sources.Sockets is not { } sockets
            ? PortSet.Empty
            : doors(protocol)
                .Except(PortSet.Of(sources.Declared.Where(port => port.Protocol == protocol).Select(static port => port.Port)))
                .Except(PortSet.Of(sockets.Where(socket => socket.Protocol == protocol).Select(static socket => socket.Port)));

    /// <summary>Ports without a declaration and without a listener that are worth a row.</summary>
    private static List<(PortProtocol Protocol, int Port)> Empty(TruthSources sources, List<PortStatus> rows)
    {
        var doors = PortProtocols.All.Select(protocol => (Protocol: protocol, Ports: OpenDoors(sources, protocol)))
            .Where(static open => open.Ports.Count <= MaxOpenDoors)
            .SelectMany(static open => open.Ports.Enumerate().Select(port => (open.Protocol, Port: port)));
        var known = rows.Select(static row => (row.Protocol, row.Port)).ToHashSet();
        return [.. sources.Watched.Concat(doors).Distinct().Where(place => !known.Contains((place.Protocol.Name(), place.Port)))];
    }

    private static PortStatus Row(
        TruthSources sources, PortProtocol protocol, int port, DeclaredPort? declared, List<ListeningSocket> sockets, NetworkNamespace? place)
    {
        // Probes and packet filter concern the host's own addresses.
        List<ReachReport> reports = place is null ? [.. sources.Reach.Where(report => report.Protocol == protocol && report.Port == port)] : [];
        var permitted = place is null ? sources.Permitted?.Invoke(protocol, port) : null;
        var owner = declared is null ? null : OwnerCheck.Judge(new GuardedPort(declared.Service, protocol, port, declared.Owner, StrangerReaction.Alert), sockets);
        var scope = place is not null ? ListenScope.Namespace
            : sockets.Exists(static socket => !IPAddress.IsLoopback(socket.Address)) ? ListenScope.Outside
            : ListenScope.Loopback;
        var truth = new PortTruth(
            declared switch
            {
                null => Declared.No,
                { Stopped: true } => Declared.StoppedService,
                { Local: true } => Declared.LocalService,
                _ => Declared.Service,
            },
            (sources.Sockets, sockets.Count, owner) switch
            {
                (null, _, _) => Bound.Unknown,
                (_, 0, _) => Bound.Nobody,
                (_, _, { Strangers.Count: > 0 }) => Bound.Stranger,
                (_, _, { Unclear.Count: > 0 }) => Bound.Unidentified,
                // Nobody in particular is expected on a port that nobody declared, but it should be possible to tell who it is.
                (_, _, null) when sockets.TrueForAll(static socket => socket.Owner is null) => Bound.Unidentified,
                _ => Bound.Owner,
            },
            scope, permitted?.Permitted ?? Permitted.Unknown, ReachableOf(reports));
        var status = new PortStatus(
            protocol.Name(), port, declared?.Service, truth.Declared, truth.Bound, sockets.Count == 0 ? null : scope, truth.Permitted, truth.Reachable,
            truth.Verdict, "", declared?.Origin, [.. sockets.Select(Listener)], permitted?.Detail,
            [.. reports.Select(static report => new StatusReach(report.Vantage, report.Result.Reach, report.Result.Confidence, report.SameMachine, report.At))]);
        return status with { Summary = TruthWords.Of(status, owner?.Strangers is [var stranger, ..] ? stranger.Reason : null) };
    }

    private static StatusListener Listener(ListeningSocket socket)
    {
        var address = socket.Address.ToString() + (socket.InterfaceName is { } name ? "%" + name : "");
        var owner = socket.Owner;
        return new StatusListener(
            address, socket.Holder, owner?.ProcessId, owner?.Path ?? owner?.Executable, owner?.Unit,
            owner?.User ?? (owner?.UserId ?? socket.UserId)?.ToString(CultureInfo.InvariantCulture), (socket.Namespace?.ToString() ?? owner?.Container?.ToString()),
            socket.Owners.Count());
    }
}
