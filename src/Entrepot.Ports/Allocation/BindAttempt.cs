using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;

namespace Entrepot.Ports.Allocation;

/// <summary>What one call of the binder has learned so far. Used by one call only.</summary>
internal sealed class BindAttempt(PortRequest request, IPAddress address, PortObservation observed)
{
    private readonly List<Socket> _rejected = [];
    private ImmutableSortedDictionary<int, string> _taken = ImmutableSortedDictionary<int, string>.Empty;
    private bool _started;

    public PortRequest Request => request;

    public IPAddress Address => address;

    public PortObservation Observed { get; private set; } = observed;

    /// <summary>The last lease that this attempt was granted, or null.</summary>
    public PortLease? Granted { get; private set; }

    public void Remember(PortGrant grant)
    {
        if (!_started)
            Observed = Observed with { PreviousPort = grant.PreviousPort };
        _started = true;
        Granted = grant.Lease ?? Granted;
    }

    public void FoundTaken(int port, string by)
    {
        _taken = _taken.SetItem(port, by);
        Observed = Observed with { FoundTaken = _taken };
    }

    /// <summary>The observation for a port that is bound already: the host's own view would only show that very socket.</summary>
    public PortObservation OnlyTaken() => Observed with { InTheWay = [] };

    /// <summary>What was found, as text; of many ports the first few.</summary>
    public string TakenText()
    {
        const int Most = 10;
        var text = string.Join("; ", _taken.Take(Most).Select(static pair => $"{PortAllocator.Text(pair.Key)} {pair.Value}"));
        return _taken.Count <= Most ? text : $"{text}; and {PortAllocator.Text(_taken.Count - Most)} more";
    }

    public void Reject(Socket socket) => _rejected.Add(socket);

    public void Keep(Socket socket) => _rejected.Remove(socket);

    public void CloseRejected()
    {
        foreach (var socket in _rejected)
            socket.Dispose();
    }

    /// <summary>What the host should say about the outcome.</summary>
    public IReadOnlyList<PortFinding> Findings(PortDecision decision, PortPolicy policy)
    {
        var findings = new List<PortFinding>();
        var service = request.Service;
        var port = decision.Port!.Value;
        if (decision is { Moved: true, ShouldBe: { } shouldBe, Obstacle: { } obstacle })
            findings.Add(new PortFinding(
                PortFindingKind.Moved, service, request.Protocol, shouldBe,
                $"'{service}' listens on {PortAllocator.Text(port)} instead of {PortAllocator.Text(shouldBe)}, because {PortAllocator.Text(shouldBe)} {obstacle.Text}.",
                $"Free {PortAllocator.Text(shouldBe)} and restart: '{service}' then takes it back. Or set another port for '{service}'."));
        foreach (var (taken, by) in _taken)
        {
            if (taken != decision.ShouldBe)
                findings.Add(new PortFinding(
                    PortFindingKind.Taken, service, request.Protocol, taken, $"{PortAllocator.Text(taken)} was passed over for '{service}': it {by}.", null));
        }

        foreach (var warning in decision.Warnings.Where(static warning => warning.Rule == PortRule.Ephemeral))
        {
            findings.Add(new PortFinding(
                PortFindingKind.AtRisk, service, request.Protocol, port, $"{PortAllocator.Text(port)} {warning.Text}.",
                Observed.Ephemeral.Cure(Reach(policy).Union(PortSet.Of(port)))));
        }

        return findings;
    }

    /// <summary>Every port that the node may come to use. A write of the reservation replaces the one before, so each cure must name
    /// them all: an operator who follows two cures must not undo the first with the second.</summary>
    private PortSet Reach(PortPolicy policy)
    {
        var ports = request.EmergencyPort is { } emergency ? PortSet.Of(emergency) : PortSet.Empty;
        foreach (var pool in policy.Pools.Append(request.Pool).Append(request.OverflowPool))
            ports = pool is null ? ports : ports.Union(pool.Ports);
        return ports;
    }
}
