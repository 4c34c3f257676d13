using System.Collections.Immutable;
using System.Globalization;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Declarations;
using Entrepot.Ports.Firewalls;
using Entrepot.Ports.Firewalls.Evaluation;
using Entrepot.Ports.Firewalls.Proof;
using Entrepot.Ports.Firewalls.Rulesets;

namespace Entrepot.Ports.Truth;

/// <summary>What a ruleset that was read back does with each port, compared with what is declared: over all packets, by the same proof
/// that guards changes. Pure.</summary>
public sealed class PermittedView
{
    /// <summary>A port that no service has: with it the floor of the model opens nothing.</summary>
    private const int NoPort = 0;

    private readonly ImmutableArray<ProofFinding> _open;
    private readonly ImmutableArray<ProofFinding> _differences;
    private readonly HashSet<(PortProtocol, int)> _declared;
    private readonly HashSet<(PortProtocol, int)> _nobody;
    private readonly int _management;

    private PermittedView(RulesetProof open, RulesetProof differences, IReadOnlyList<DeclaredPort> declared, int management)
    {
        _management = management;
        (_open, _differences) = ([.. open.Wider.Where(IsFirst)], [.. differences.Findings.Where(IsFirst)]);
        _declared = [.. declared.Select(static port => (port.Protocol, port.Port))];
        _nobody = [.. declared.Where(static port => port.Door.Ways.IsEmpty).Select(static port => (port.Protocol, port.Port))];
    }

    /// <summary>Compares.</summary>
    /// <param name="ruleset">What was read back.</param>
    /// <param name="declared">What is declared of the node's ports.</param>
    /// <param name="floor">What stays open whatever is declared.</param>
    /// <param name="host">The host's addresses and routes.</param>
    /// <param name="now">The time, in UTC.</param>
    /// <param name="why">Why nothing can be said, or null.</param>
    /// <returns>Null when nothing can be said.</returns>
    public static PermittedView? Of(
        Ruleset ruleset, IReadOnlyList<DeclaredPort> declared, SafetyFloor floor, HostView host, DateTimeOffset now, out string? why)
    {
        var context = new ProofContext(host, now) { OwnTable = null };
        // Nobody may come in: whatever the proof finds wider is open to somebody.
        var open = RulesetProver.Prove(new RuleModel { Undeclared = UndeclaredPorts.Drop, Floor = new SafetyFloor(NoPort, []) }, ruleset, context);
        var differences = RulesetProver.Prove(
            new RuleModel { Undeclared = UndeclaredPorts.Leave, Floor = floor, Doors = [.. declared.Select(static port => port.Door)] }, ruleset, context);
        why = (open.Fault ?? differences.Fault)?.Message ?? (open.Omitted + differences.Omitted > 0 ? "the packet filter differs from the declaration in too many ways to tell them apart" : null);
        return why is null ? new PermittedView(open, differences, declared, floor.ManagementPort) : null;
    }

    /// <summary>The ports to which packets from somewhere outside get.</summary>
    public PortSet Open(PortProtocol protocol)
    {
        var ports = PortSet.Empty;
        foreach (var finding in _open.Where(finding => finding.Example.Protocol == protocol && finding.Example.IcmpType is null))
        {
            foreach (var span in finding.Ports)
                ports = ports.Union(PortSet.Range(span.First, span.Last));
        }

        return ports;
    }

    /// <summary>The same without what stays open for operators whatever is declared.</summary>
    public PortSet Doors(PortProtocol protocol) => protocol == PortProtocol.Tcp ? Open(protocol).Except(PortSet.Of([_management])) : Open(protocol);

    /// <summary>What the packet filter does with packets from outside to a port.</summary>
    public PermittedPort Look(PortProtocol protocol, int port)
    {
        var open = _open.FirstOrDefault(finding => Covers(finding, protocol, port));
        if (!_declared.Contains((protocol, port)))
            return open is null ? new PermittedPort(protocol, port, Permitted.Nobody, "nobody") : new PermittedPort(protocol, port, Permitted.Wider, Detail(open));
        var differences = _differences.Where(finding => Covers(finding, protocol, port)).ToList();
        if (differences.Find(static finding => finding.IsWider) is { } wider)
            return new PermittedPort(protocol, port, Permitted.Wider, Detail(wider));
        if (open is null && !_nobody.Contains((protocol, port)))
            return new PermittedPort(protocol, port, Permitted.Nobody, differences.Count > 0 ? Detail(differences[0]) : "nobody");
        return differences.Find(static finding => finding.Kind is ProofKind.Narrower or ProofKind.PerhapsNarrower) is { } narrower
            ? new PermittedPort(protocol, port, Permitted.Narrower, Detail(narrower))
            : new PermittedPort(protocol, port, Permitted.AsDeclared, "as declared");
    }

    /// <summary>Whether a port can be reached is decided by the first packet of a connection from outside. A proof names such a packet
    /// wherever a difference concerns one.</summary>
    private static bool IsFirst(ProofFinding finding)
        => finding.Example is { State: ConnectionState.New, IsLoopback: false } packet && (packet.Protocol != PortProtocol.Tcp || packet.TcpFlags == 2);

    private static bool Covers(ProofFinding finding, PortProtocol protocol, int port)
        => finding.Example.Protocol == protocol && finding.Example.IcmpType is null && finding.Ports.Any(span => span.First <= port && port <= span.Last);

    private static string Detail(ProofFinding finding)
    {
        var who = $"{finding.Example.Source}{(finding.Kind is ProofKind.PerhapsWider or ProofKind.PerhapsNarrower ? " perhaps" : "")}";
        var by = finding.Verdict.Decider is { } decision ? $", by {decision.Place}" : ", as no rule speaks about it";
        return string.Create(CultureInfo.InvariantCulture, $"for example {who}{by}");
    }
}
