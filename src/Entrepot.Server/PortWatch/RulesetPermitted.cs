using System.Collections.Immutable;
using System.Net;
using System.Net.NetworkInformation;
using Entrepot.Core.Faults;
using Entrepot.Ports.Firewalls;
using Entrepot.Ports.Firewalls.Evaluation;
using Entrepot.Ports.Firewalls.Rulesets;
using Entrepot.Ports.Truth;

namespace Entrepot.Server.PortWatch;

/// <summary>Reads the packet filter of this host, whoever wrote its rules, and compares it with what is declared.</summary>
/// <param name="ruleset">Asks for the ruleset, everything that filters packets.</param>
/// <param name="floor">What stays open whatever is declared.</param>
/// <param name="time">The clock.</param>
public sealed class RulesetPermitted(Func<CancellationToken, Task<LiveRuleset>> ruleset, Func<SafetyFloor> floor, TimeProvider time) : IPermittedSource
{
    /// <summary>Rules of iptables can end by themselves without a trace in the listing.</summary>
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(1);

    private volatile Compared? _last;

    /// <inheritdoc/>
    public async Task<PermittedReading> ReadAsync(IReadOnlyList<DeclaredPort> declared, CancellationToken cancellation)
    {
        LiveRuleset live;
        try
        {
            live = await ruleset(cancellation);
        }
        catch (FaultException error)
        {
            return new PermittedReading(null, $"permitted is not known: {error.Message}{(error.Fault.Cure is { } cure ? " " + cure : "")}");
        }

        // A comparison costs more than a look; most looks show the same rules.
        var now = time.GetUtcNow();
        if (_last is { } last && now - last.At < Lifetime && last.Ruleset == live && last.Declared.SequenceEqual(declared))
            return new PermittedReading(last.View.Look, null) { Open = last.View.Open, Doors = last.View.Doors };
        if (!live.TryParse(now, out var rules, out var fault))
            return new PermittedReading(null, $"permitted is not known: {fault.Message}");
        if (PermittedView.Of(rules, declared, floor(), new HostView { Addresses = Addresses() }, now, out var why) is not { } view)
            return new PermittedReading(null, $"permitted is not known: {why}.");
        _last = new Compared(now, live, declared, view);
        return new PermittedReading(view.Look, null) { Open = view.Open, Doors = view.Doors };
    }

    private sealed record Compared(DateTimeOffset At, LiveRuleset Ruleset, IReadOnlyList<DeclaredPort> Declared, PermittedView View);

    private static ImmutableArray<IPAddress> Addresses()
    {
        try
        {
            return [.. NetworkInterface.GetAllNetworkInterfaces().SelectMany(static one => one.GetIPProperties().UnicastAddresses).Select(static one => one.Address)];
        }
        catch (NetworkInformationException)
        {
            return [];
        }
    }
}
