using System.Globalization;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Inventory;
using Entrepot.Ports.Pools;

namespace Entrepot.Ports.Declarations.Reading;

/// <summary>The ports that services name are wise ones. What a service accepts is not mentioned.</summary>
internal static class PortChecks
{
    private static readonly EphemeralRange Outgoing = EphemeralRange.LinuxDefault;

    public static void Check(PortfileDraft draft, PortfileIssues issues)
    {
        var kubernetes = draft.Policy.TryGet(PolicyKeys.KubernetesNodePorts, out var range) ? new NodePortRange(range.First, range.Last) : null;
        foreach (var service in draft.Services)
        {
            if (service is { Port: { } first, Protocol: { } protocol } && service.Last <= PortSet.MaxPort)
                Check(service, protocol, first, service.Last.Value, kubernetes, issues);
        }
    }

    private static void Check(ServiceDraft service, PortProtocol protocol, int first, int last, NodePortRange? kubernetes, PortfileIssues issues)
    {
        var values = service.Values;
        var accepted = values.Get(ServiceKeys.Accept, []);
        var at = values.At(ServiceKeys.Port);
        // The allocator refuses these to everybody who has not accepted them, so they are no matter of taste.
        if (Lacks(AcceptedRisk.Forbidden) && Listed(protocol, first, last) is var (port, listed) && listed is not null)
            issues.Error(at, $"{service.Title}: {Name(port)} is on the block list ({listed.Known}: {listed.Danger}); {Cure(AcceptedRisk.Forbidden, "choose another port")}");
        if (values.Get(ServiceKeys.Audience, PortAudience.Machine) == PortAudience.Browser && Lacks(AcceptedRisk.BrowserBlocked) && In(BrowserBlockedPorts.All) is { } blocked)
            issues.Error(
                at,
                $"{service.Title}: browsers refuse to connect to {Name(blocked)} (WHATWG Fetch, \"bad port\"); {Cure(AcceptedRisk.BrowserBlocked, "choose another port, or audience: machine")}");

        if (first < Outgoing.UnprivilegedStart && Lacks(AcceptedRisk.Privileged) && !values.Has(ServiceKeys.Process))
            issues.Risk(at, $"{service.Title}: {Name(first)} needs a privilege to bind; {Cure(AcceptedRisk.Privileged, "name the process that has it")}");
        if (kubernetes is not null && In(kubernetes.StaticBand) is { } taken)
            issues.Error(
                at, $"{service.Title}: {Name(taken)} is in the static band of policy.kubernetesNodePorts, which Kubernetes gives to services that name their port; choose another port");
        else if (kubernetes is null && Lacks(AcceptedRisk.NodePort) && In(NodePortRange.Default.StaticBand) is { } node)
            issues.Risk(at, $"{service.Title}: {Name(node)} is one that Kubernetes gives to services that name their port; {Cure(AcceptedRisk.NodePort, "choose another port")}");
        // The ranges of pools are kept from outgoing connections.
        if (service.Pool is null && !values.Has(ServiceKeys.Pool) && Lacks(AcceptedRisk.Ephemeral) && In(Outgoing.Unreserved) is { } outgoing)
        {
            var range = FormattableString.Invariant($"Linux's range for outgoing connections ({Outgoing.First}–{Outgoing.Last})");
            issues.Risk(
                at,
                $"{service.Title}: {Name(outgoing)} is in {range}, and one of them may take it; {Cure(AcceptedRisk.Ephemeral, "put it in a pool, whose ports are reserved")}");
        }

        bool Lacks(AcceptedRisk risk) => !accepted.Contains(risk);

        string Name(int port) => $"{protocol.Name()}/{port.ToString(CultureInfo.InvariantCulture)}";

        int? In(PortSet ports) => Enumerable.Range(first, last - first + 1).Where(ports.Contains).Select(static port => (int?)port).FirstOrDefault();
    }

    private static (int Port, ForbiddenPort? Listed) Listed(PortProtocol protocol, int first, int last)
    {
        var listed = ForbiddenPorts.All.FirstOrDefault(entry => entry.First <= last && entry.Last >= first && (entry.Protocol is null || entry.Protocol == protocol));
        return (Math.Max(first, listed?.First ?? 0), listed);
    }

    private static string Cure(AcceptedRisk risk, string otherwise) => $"{otherwise}, or say accept: [{PortfileTypes.NameOf(risk)}]";
}
