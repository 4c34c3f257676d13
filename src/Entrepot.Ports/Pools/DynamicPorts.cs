using System.Globalization;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Declarations;
using Entrepot.Ports.Inventory;

namespace Entrepot.Ports.Pools;

/// <summary>What a <see cref="DynamicPortRule"/> keeps services from, as rules of the allocator.</summary>
public static class DynamicPorts
{
    /// <summary>Most ports of a pool that an auditor can take for "identified, approved and needed" (PCI DSS 1.2.5); a limit of ours.</summary>
    public const int MaxBounded = 128;

    /// <summary>Dynamic, Private or Ephemeral Ports, RFC 6335 §6.</summary>
    public static PortSet Assigned { get; } = PortSet.Range(49152, PortSet.MaxPort);

    /// <summary>The rules for a request, or for ports in general when there is none.</summary>
    /// <param name="rule">The policy.</param>
    /// <param name="request">What a service asks, or null.</param>
    /// <param name="ephemeral">The host's range for outgoing connections; reserved or not, an auditor counts it as dynamic.</param>
    public static IReadOnlyList<PortConstraint> Constraints(DynamicPortRule rule, PortRequest? request, EphemeralRange ephemeral)
    {
        if (rule == DynamicPortRule.Allow)
            return [];
        var range = PortSet.Range(ephemeral.First, ephemeral.Last);
        var rangeText = string.Create(CultureInfo.InvariantCulture, $"is in the host's range for outgoing connections ({ephemeral.First}–{ephemeral.Last})");
        if (rule == DynamicPortRule.Bounded)
        {
            List<PortConstraint> bounded = [Veto(range, $"{rangeText}, and the policy wants bounded pools outside of it")];
            foreach (var pool in new[] { request?.Pool, request?.OverflowPool })
            {
                if (pool is { Size: > MaxBounded })
                    bounded.Add(Veto(
                        request!.WantedPort is { } wanted ? pool.Ports.Except(Named(wanted)) : pool.Ports,
                        string.Create(CultureInfo.InvariantCulture, $"is one of {pool.Size} ports of {pool}, and the policy bounds pools to {MaxBounded}")));
            }

            return bounded;
        }

        List<PortConstraint> forbidden =
        [
            Veto(Assigned, "is a Dynamic Port (49152–65535, RFC 6335 §6), and the policy forbids dynamic ports"),
            Veto(range, $"{rangeText}, and the policy forbids dynamic ports"),
        ];
        if (request is not null)
            forbidden.Add(Veto(
                PortSet.Full.Except(Block(request.WantedPort, request.Ports)).Except(Block(request.EmergencyPort, request.Ports)),
                "is not named by the service, and the policy forbids ports that nobody names"));
        return forbidden;
    }

    private static PortSet Named(int port) => port == PortRequest.AnyPort ? PortSet.Empty : PortSet.Of(port);

    private static PortSet Block(int? first, int ports)
        => first is null or PortRequest.AnyPort ? PortSet.Empty : PortSet.Range(first.Value, Math.Min(first.Value + ports - 1, PortSet.MaxPort));

    private static PortConstraint Veto(PortSet ports, string text) => new(PortRule.Compliance, PortEffect.Veto, ports, text);
}
