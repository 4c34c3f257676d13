using System.Globalization;
using Entrepot.Ports.Reachability;

namespace Entrepot.Ports.Truth;

/// <summary>Says a verdict as one sentence that names the port, the parties and the places.</summary>
internal static class TruthWords
{
    /// <summary>The sentence for a row.</summary>
    /// <param name="row">The row.</param>
    /// <param name="stranger">What the check of the owner found against somebody, or null.</param>
    public static string Of(PortStatus row, string? stranger)
    {
        var port = row.Port.ToString(CultureInfo.InvariantCulture);
        var holders = Join(row.Listeners.Select(static listener => listener.Holder));
        var addresses = Join(row.Listeners.Select(static listener => listener.Address));
        return row.Verdict switch
        {
            TruthVerdict.InOrder => $"'{row.Service}' listens, the packet filter lets in who is declared, and it answers {From(row, Reach.Open)}.",
            TruthVerdict.Plausible => $"'{row.Service}' listens{Missing(row)}.",
            TruthVerdict.Local => row.Service is null ? $"{holders} serves this machine only." : $"'{row.Service}' serves this machine only, as declared.",
            TruthVerdict.Contained => $"{holders} listens in {Join(row.Listeners.Select(static listener => listener.Place ?? ""))}, not on this machine's addresses.",
            TruthVerdict.Stopped => $"'{row.Service}' is stopped; the port is kept for it.",
            TruthVerdict.Free => "Nobody has it.",
            TruthVerdict.Unseen => "This machine could not be asked who listens.",
            TruthVerdict.Silent => $"'{row.Service}' has the port, but nobody listens.",
            TruthVerdict.LoopbackOnly => $"'{row.Service}' listens on {addresses} only: others can't connect.",
            TruthVerdict.Stranger => stranger ?? $"{port} belongs to '{row.Service}', but somebody else listens.",
            TruthVerdict.Unclear => $"{port} belongs to '{row.Service}'; {holders} listens, and whether that is the owner can't be seen.",
            TruthVerdict.Blocked => $"'{row.Service}' listens, but the packet filter keeps out {(row.Permitted == Permitted.Nobody ? "everybody" : "some who should get in")}{Detail(row)}.",
            TruthVerdict.Unreachable => $"'{row.Service}' listens, but it {(row.Reachable == Reachable.Refused ? "is refused" : "does not answer")} {From(row, row.Reachable == Reachable.Refused ? Reach.Refused : Reach.Filtered)}.",
            TruthVerdict.TooOpen => row.Declared == Declared.LocalService
                ? $"'{row.Service}' is declared for this machine only, but listens on {addresses}."
                : $"'{row.Service}' can be reached by more than was declared{Detail(row)}.",
            TruthVerdict.Undeclared => $"{holders} listens on {addresses}, and nobody declared it{(row.Reachable is Reachable.Filtered or Reachable.Refused ? $"; it does not answer {From(row, Reach.Filtered, Reach.Refused)}" : "")}.",
            TruthVerdict.Exposed => $"{holders} listens on {addresses}, nobody declared it, and {(row.Reachable == Reachable.Open ? $"it answers {From(row, Reach.Open)}" : $"the packet filter lets others in{Detail(row)}")}.",
            TruthVerdict.OpenDoor => $"The packet filter lets packets in{Detail(row)}, but nobody listens and nobody declared it.",
            TruthVerdict.Ghost => $"It answers {From(row, Reach.Open)}, though nobody listens here: something forwards it.",
            TruthVerdict.Bypass => $"It answers {From(row, Reach.Open)}, though {(row.Scope == ListenScope.Loopback ? "it listens on loopback only" : "the packet filter lets nobody in")}: something walks past it.",
            _ => "",
        };
    }

    private static string Missing(PortStatus row)
    {
        var near = row.Probes.Where(static probe => probe is { SameMachine: true, Reach: Reach.Open }).ToList();
        var reach = row.Reachable == Reachable.Open ? $" and answers {From(row, Reach.Open)}"
            : near.Count > 0 ? " and answers from this machine; nobody tried from outside"
            : "; nobody tried from outside";
        return row.Permitted == Permitted.Unknown ? reach + "; the packet filter is not known" : reach;
    }

    private static string From(PortStatus row, params ReadOnlySpan<Reach> reaches)
    {
        var places = new List<string>();
        foreach (var probe in row.Probes)
        {
            if (!probe.SameMachine && reaches.Contains(probe.Reach))
                places.Add(probe.From);
        }

        return places.Count switch
        {
            0 => "from outside",
            <= 3 => $"from {Join(places)}",
            _ => string.Create(CultureInfo.InvariantCulture, $"from {places[0]} and {places.Count - 1} other places"),
        };
    }

    private static string Detail(PortStatus row) => row.Filter is { Length: > 0 } filter ? $": {filter}" : "";

    private static string Join(IEnumerable<string> parts)
    {
        var all = parts.Where(static part => part.Length > 0).Distinct().ToList();
        return all.Count switch
        {
            0 => "somebody",
            1 => all[0],
            <= 4 => string.Join(", ", all.Take(all.Count - 1)) + " and " + all[^1],
            _ => string.Create(CultureInfo.InvariantCulture, $"{all[0]} and {all.Count - 1} others"),
        };
    }
}
