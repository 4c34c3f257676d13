using System.Globalization;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Ports.Guard;
using Entrepot.Ports.Inventory;
using Entrepot.Ports.Pools;

namespace Entrepot.Ports.Allocation;

/// <summary>Answers questions about ports of the node on which it runs.</summary>
public sealed class PortExplainer
{
    private readonly PortBook _book;
    private readonly IPortInventory _inventory;
    private readonly NodeName _node;

    /// <summary>Makes the explainer.</summary>
    /// <param name="book">Where leases are kept.</param>
    /// <param name="inventory">What the host says of its ports.</param>
    /// <param name="node">The node that this host is.</param>
    /// <param name="ourProcess">The process that runs the node's services; null for this one.</param>
    public PortExplainer(PortBook book, IPortInventory inventory, NodeName node, int? ourProcess = null)
        => (_book, _inventory, _node, OurProcess, Pools) = (book, inventory, node, new ExpectedOwner { ProcessId = ourProcess ?? Environment.ProcessId }, new PoolWatch(book, inventory, node));

    /// <summary>Who may listen for services that other programs run, by name and transport; whoever is not in it is run by the node's own process.</summary>
    public Func<ILookup<(string Service, PortProtocol Protocol), ExpectedOwner>> Owners { get; init; }
        = static () => Array.Empty<ExpectedOwner>().ToLookup(static _ => ("", PortProtocol.Tcp));

    /// <summary>How full the pools are.</summary>
    public PoolWatch Pools { get; }

    /// <summary>Every lease and what is true of it, ordered by node and port.</summary>
    public IReadOnlyList<PortListEntry> List()
    {
        var leases = _book.Leases();
        var ports = PortSet.Of(leases.Where(lease => lease.Node == _node).Select(static lease => lease.Port));
        var listeners = PortProtocols.All.ToDictionary(static protocol => protocol, protocol => Listening(protocol, ports));
        var owners = Owners();
        return [.. leases.Select(lease => Entry(lease, listeners[lease.Protocol], Owner(lease, owners)))];
    }

    /// <summary>Everything that is known of one port.</summary>
    /// <exception cref="FaultException"><see cref="PortFault.RequestInvalid"/>: the number is not a port.</exception>
    public PortExplanation Explain(int port, PortProtocol protocol)
    {
        Check(port);
        var sockets = Listening(protocol, PortSet.Of(port));
        var ephemeral = _inventory.EphemeralRange();
        var lease = _book.Leases().FirstOrDefault(lease => lease.Node == _node && lease.Protocol == protocol && lease.Port == port);
        var owner = lease is null ? OurProcess : Owner(lease, Owners());
        var listeners = Listeners(sockets.Where(socket => lease is null || socket.Meets(lease.Address)), port, owner);
        var rules = _book.Situation(_node, protocol, new PortObservation(sockets, ephemeral)).On(port);
        var verdict = lease is not null ? Judge(listeners)
            : listeners.Count > 0 ? PortVerdict.Unleased
            : rules.Any(static rule => rule.Effect == PortEffect.Veto) ? PortVerdict.Refused
            : PortVerdict.Free;
        return new PortExplanation(
            port, protocol.Name(), verdict, Summary(port, verdict, lease, listeners, rules),
            lease is null ? null : Entry(lease, sockets, owner), lease?.Decision.Split('\n') ?? [], listeners,
            [.. rules.Select(rule => new PortRuleLine(rule.Rule, rule.Effect, $"{PortAllocator.Text(port)} {rule.Text}.", Unless(rule.Rule)))],
            Notes(port, protocol))
        {
            Passed = [.. Passed(port, protocol)],
        };
    }

    /// <summary>Lays open how a service would get its port now: candidates, vetoes, scores.</summary>
    /// <param name="service">A service with a lease on this node.</param>
    /// <param name="protocol">The transport, or null for the one of which it has a lease.</param>
    /// <param name="whyNot">A port about which it is asked why the service has not got it, or null.</param>
    /// <param name="rows">Most rows of allowed and of refused candidates each.</param>
    /// <exception cref="FaultException"><see cref="PortFault.ServiceUnknown"/>: it has no lease, or none of which the request was kept;
    /// <see cref="PortFault.RequestInvalid"/>: the number is not a port.</exception>
    public PortTable ExplainService(string service, PortProtocol? protocol = null, int? whyNot = null, int rows = PortTabulator.DefaultRows)
    {
        if (whyNot is { } asked)
            Check(asked);
        var leases = _book.Leases().Where(lease => lease.Node == _node).ToList();
        var lease = leases.Where(lease => lease.Service == service && (protocol ?? lease.Protocol) == lease.Protocol).MinBy(static lease => (lease.Protocol, lease.Slot))
            ?? throw Fault.Of(
                PortFault.ServiceUnknown, FaultKind.NotFound, $"No service '{service}' has a lease on node '{_node}'.",
                leases.Count == 0 ? "No port is leased." : $"These have one: {string.Join(", ", leases.Select(static known => known.Service).Distinct())}.").ToException();
        var request = lease.Request() ?? throw Fault.Of(
            PortFault.ServiceUnknown, FaultKind.NotFound, $"The lease of '{service}' is from before requests were kept, so its choice can't be laid open.",
            "Restart the service: it keeps its port, and its request is kept with the new lease.").ToException();
        return PortTabulator.Tabulate(request, Situation(request, lease), rows, whyNot);
    }

    private static void Check(int port)
    {
        if (port is < 1 or > PortSet.MaxPort)
            throw Fault.Of(
                PortFault.RequestInvalid, FaultKind.Invalid, string.Create(CultureInfo.InvariantCulture, $"{port} is not a port."),
                $"Use 1–{PortSet.MaxPort}.").ToException();
    }

    /// <summary>The situation as it would be if the service asked again: its own sockets are not in its way.</summary>
    private PortSituation Situation(PortRequest request, PortLease lease)
    {
        var observed = PortObserver.Observe(_inventory, request, lease.Address);
        var own = _book.Leases().Where(other => other.Node == _node && other.Service == request.Service && other.Protocol == request.Protocol)
            .Select(static other => other.Port).ToHashSet();
        return _book.Situation(request, observed with { InTheWay = [.. observed.InTheWay.Where(socket => !own.Contains(socket.Port))] });
    }

    /// <summary>Why services that might have the port have another one.</summary>
    private IEnumerable<string> Passed(int port, PortProtocol protocol)
        => from lease in _book.Leases()
           where lease.Node == _node && lease.Protocol == protocol && lease.Slot == 0 && lease.Port != port
           let request = lease.Request()
           where request?.Asks(port) == true
           select $"{lease.Service} has {PortAllocator.Text(lease.Port)}: {PortTabulator.Tabulate(request, Situation(request, lease), 1, port).WhyNot!.Answer}";

    private static string Summary(
        int port, PortVerdict verdict, PortLease? lease, List<PortListener> listeners, IReadOnlyList<PortObjection> rules)
    {
        var number = PortAllocator.Text(port);
        var holders = string.Join(" and ", listeners.Where(static listener => !listener.Ours).Select(static listener => listener.Holder).Distinct());
        return verdict switch
        {
            PortVerdict.InUse => $"{number} is leased to '{lease!.Service}', which listens on it.",
            PortVerdict.Silent when lease!.State == PortLeaseState.Idle => $"{number} is kept for '{lease.Service}', which is stopped.",
            PortVerdict.Silent => $"{number} is leased to '{lease!.Service}', but nothing listens on it.",
            PortVerdict.Usurped => $"{number} is leased to '{lease!.Service}', but {holders} listens on it.",
            PortVerdict.Unclear => $"{number} is leased to '{lease!.Service}'; something listens on it, and this user may not see what.",
            PortVerdict.Unleased => $"{number} has no lease, but is bound by {string.Join(" and ", listeners.Select(static listener => listener.Holder).Distinct())}.",
            PortVerdict.Refused => $"{number} is free, but {string.Join(", and it ", rules.Where(static rule => rule.Effect == PortEffect.Veto).Select(static rule => rule.Text))}.",
            _ => $"{number} is free.",
        };
    }

    private static PortVerdict Judge(List<PortListener> listeners)
    {
        if (listeners.Count == 0)
            return PortVerdict.Silent;
        if (listeners.Any(static listener => listener is { Ours: false, ProcessId: not null }))
            return PortVerdict.Usurped;
        return listeners.Any(static listener => listener.ProcessId is null) ? PortVerdict.Unclear : PortVerdict.InUse;
    }

    private static string? Unless(PortRule rule) => rule switch
    {
        PortRule.Forbidden => "somebody approves that a service opens a port of the block list",
        PortRule.BrowserBlocked => "no browser needs to reach the service",
        PortRule.Privileged => "the service may have privileged ports",
        PortRule.Ephemeral => "the host reserves the port",
        PortRule.Compliance => "the policy allows dynamic ports",
        _ => null,
    };

    private List<string> Notes(int port, PortProtocol protocol)
    {
        var number = PortAllocator.Text(port);
        var notes = new List<string>
        {
            port switch
            {
                <= 1023 => $"{number} is a System Port (0–1023, RFC 6335 §6).",
                <= 49151 => $"{number} is a User Port (1024–49151, RFC 6335 §6).",
                _ => $"{number} is a Dynamic Port (49152–65535, RFC 6335 §6): never assigned to a service, so clients must be told it.",
            },
        };
        notes.AddRange(_book.Policy.Pools.Where(pool => pool.Contains(port)).Select(pool => $"{number} belongs to {pool}."));
        if (protocol == PortProtocol.Tcp)
            notes.AddRange(DefaultPorts.Surfaces.Where(surface => surface.Port == port).Select(surface => $"{number} is the default of '{surface.Service}' ({surface.Purpose})."));
        if (port == DefaultPorts.Emergency)
            notes.Add($"{number} is the emergency port, where a service moves when its own is taken.");
        return notes;
    }

    private ExpectedOwner OurProcess { get; }

    private IReadOnlyList<ListeningSocket> Listening(PortProtocol protocol, PortSet ports)
        => _inventory.WithOwners([.. _inventory.Listeners(protocol).Where(socket => ports.Contains(socket.Port))]);

    private ExpectedOwner Owner(PortLease lease, ILookup<(string Service, PortProtocol Protocol), ExpectedOwner> owners)
        => owners[(lease.Service, lease.Protocol)].FirstOrDefault() ?? OurProcess;

    private static List<PortListener> Listeners(IEnumerable<ListeningSocket> sockets, int port, ExpectedOwner owner)
        => [.. sockets.Where(socket => socket.Port == port).Select(socket => new PortListener(
            socket.Address.ToString(), socket.Holder, socket.Owner?.ProcessId, OwnerCheck.IsOwner(owner, socket) == true))];

    private PortListEntry Entry(PortLease lease, IReadOnlyList<ListeningSocket> sockets, ExpectedOwner owner)
    {
        var here = lease.Node == _node;
        var listeners = here ? Listeners(sockets.Where(socket => socket.Meets(lease.Address)), lease.Port, owner) : [];
        return new PortListEntry(
            lease.Node.Value, lease.Service, lease.Protocol.Name(), lease.Address.ToString(), lease.Port, lease.WantedPort, lease.Generation,
            lease.GrantedAt, lease.State, lease.Reason, here ? Judge(listeners) : null, listeners);
    }
}
