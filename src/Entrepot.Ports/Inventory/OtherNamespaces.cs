using System.Globalization;
using Entrepot.Ports.Allocation;

namespace Entrepot.Ports.Inventory;

/// <summary>Finds what listens in network namespaces other than the reader's own: containers, mostly. Each namespace is read once,
/// through one of its processes. An ordinary user sees those of its own processes.</summary>
internal static class OtherNamespaces
{
    /// <summary>Most namespaces that are read; beyond it the rest is left out.</summary>
    public const int MaxNamespaces = 1_000;

    /// <summary>The listeners of other namespaces, without owners.</summary>
    public static IReadOnlyList<ListeningSocket> Listeners(ProcessFacts facts, string procFolder)
    {
        var seen = new HashSet<long>();
        if (facts.NetworkNamespace("self") is not { } own)
            return [];
        seen.Add(own);
        var found = new List<ListeningSocket>();
        foreach (var process in facts.Processes())
        {
            var name = process.ToString(CultureInfo.InvariantCulture);
            if (facts.NetworkNamespace(name) is not { } id || !seen.Add(id))
                continue;
            if (seen.Count > MaxNamespaces)
                break;
            var place = new NetworkNamespace(id, facts.Of(process).Container);
            foreach (var protocol in PortProtocols.All)
                found.AddRange(ProcNetTable.Read(Path.Combine(procFolder, name, "net"), protocol)
                    .Where(static socket => socket is { Listening: true, Peer: null })
                    .Select(socket => socket with { Namespace = place }));
        }

        return found;
    }
}
