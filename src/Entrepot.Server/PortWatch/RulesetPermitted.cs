using System.Collections.Immutable;
using System.Net;
using System.Net.NetworkInformation;
using Entrepot.Core.Faults;
using Entrepot.Ports.Firewalls;
using Entrepot.Ports.Firewalls.Evaluation;
using Entrepot.Ports.Firewalls.Nftables;
using Entrepot.Ports.Truth;

namespace Entrepot.Server.PortWatch;

/// <summary>Reads the packet filter of this host, whoever wrote its rules, and compares it with what is declared.</summary>
/// <param name="ruleset">Asks for the ruleset, as <c>nft -j list ruleset</c> prints it.</param>
/// <param name="floor">What stays open whatever is declared.</param>
/// <param name="time">The clock.</param>
public sealed class RulesetPermitted(Func<CancellationToken, Task<string>> ruleset, Func<SafetyFloor> floor, TimeProvider time) : IPermittedSource
{
    private volatile Compared? _last;

    /// <inheritdoc/>
    public async Task<PermittedReading> ReadAsync(IReadOnlyList<DeclaredPort> declared, CancellationToken cancellation)
    {
        string text;
        try
        {
            text = await ruleset(cancellation);
        }
        catch (FaultException error)
        {
            return new PermittedReading(null, $"permitted is not known: {error.Message}{(error.Fault.Cure is { } cure ? " " + cure : "")}");
        }

        // A comparison costs more than a look; most looks show the same rules.
        if (_last is { } last && last.Ruleset == text && last.Declared.SequenceEqual(declared))
            return new PermittedReading(last.View.Look, null) { Open = last.View.Open };
        if (!NftablesReader.TryRead(text, out var rules, out var fault))
            return new PermittedReading(null, $"permitted is not known: {fault.Message}");
        if (PermittedView.Of(rules, declared, floor(), new HostView { Addresses = Addresses() }, time.GetUtcNow(), out var why) is not { } view)
            return new PermittedReading(null, $"permitted is not known: {why}.");
        _last = new Compared(text, declared, view);
        return new PermittedReading(view.Look, null) { Open = view.Open };
    }

    private sealed record Compared(string Ruleset, IReadOnlyList<DeclaredPort> Declared, PermittedView View);

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
