using Entrepot.Cli.Commands;
using Entrepot.Cli.Rendering;
using Entrepot.Ports.Truth;
using Spectre.Console;

namespace Entrepot.Cli.Ports;

/// <summary>Draws the four truths as a table of at most 100 columns, the findings as sentences below it.</summary>
internal static class StatusView
{
    /// <summary>Column widths; with the blanks between them 100.</summary>
    private static readonly (string Title, int Width)[] Columns =
        [("PORT", 10), ("SERVICE", 16), ("DECLARED", 8), ("BOUND", 26), ("PERMITTED", 11), ("REACHABLE", 10), ("VERDICT", 12)];

    /// <summary>Writes it.</summary>
    /// <param name="context">The command.</param>
    /// <param name="status">What is known.</param>
    /// <param name="all">True to write also what is neither declared nor a finding.</param>
    public static void Write(CommandContext context, StatusDocument status, bool all)
    {
        var rows = status.Ports.Where(row => all || row.Declared != Declared.No || row.IsFinding).ToList();
        if (rows.Count == 0)
            context.Say("Nothing listens.");
        else
            Line(context, Columns.Select(static column => (column.Title, (string?)"bold")));
        foreach (var row in rows)
            Line(context, Cells(row));
        Findings(context, rows);
        var hidden = status.Ports.Count - rows.Count;
        if (hidden > 0)
            context.Say($"{Units.Of(hidden, "more port")} of this machine, neither declared nor a finding: --all shows {(hidden == 1 ? "it" : "them")}.");
        foreach (var note in status.Notes)
            context.Say(note);
    }

    private static IEnumerable<(string Text, string? Style)> Cells(PortStatus row)
    {
        yield return ($"{row.Protocol}/{Units.Number(row.Port)}", null);
        yield return (row.Service ?? "", null);
        yield return row.Declared switch
        {
            Declared.No => ("no", "grey"),
            Declared.LocalService => ("local", null),
            Declared.StoppedService => ("stopped", "grey"),
            _ => ("yes", null),
        };
        yield return row.Bound switch
        {
            Bound.Nobody => ("nobody", row.Declared == Declared.Service ? "red" : "grey"),
            Bound.Unknown => ("?", "grey"),
            _ => (Holder(row), row.Bound == Bound.Stranger ? "red" : null),
        };
        yield return row.Permitted switch
        {
            // Nobody from outside gets that far.
            not Permitted.Unknown when row.Scope == ListenScope.Loopback => ("-", "grey"),
            Permitted.Unknown => ("?", "grey"),
            Permitted.AsDeclared => ("as declared", "green"),
            Permitted.Nobody => ("nobody", row.Declared is Declared.Service ? "red" : null),
            Permitted.Wider => (row.Declared == Declared.No ? "somebody" : "too many", "red"),
            _ => ("too few", "red"),
        };
        yield return row.Reachable switch
        {
            Reachable.Open => ("open", "green"),
            Reachable.Unknown => (row.Probes.Any(static probe => probe is { SameMachine: true, Reach: Entrepot.Ports.Reachability.Reach.Open }) ? "from here" : "?", "grey"),
            var reach => (PortsListCommand.Lower(reach), row.Declared == Declared.Service ? "red" : null),
        };
        yield return (Verdict(row.Verdict), row.IsFinding ? "bold red" : row.Verdict == TruthVerdict.InOrder ? "bold green" : null);
    }

    private static string Verdict(TruthVerdict verdict) => verdict switch
    {
        TruthVerdict.InOrder => "in order",
        TruthVerdict.LoopbackOnly => "loopback",
        TruthVerdict.TooOpen => "too open",
        TruthVerdict.OpenDoor => "open door",
        _ => PortsListCommand.Lower(verdict),
    };

    private static string Holder(PortStatus row)
    {
        var holders = row.Listeners.Select(static listener => listener.Processes > 0 ? listener.Holder : listener.User is { } user ? $"user {user}" : "?").Distinct().ToList();
        var place = row.Listeners.Select(static listener => listener.Place).FirstOrDefault(static place => place is not null);
        return holders[0] + (holders.Count > 1 ? $" +{Units.Number(holders.Count - 1)}" : "") + (place is null ? "" : $" in {place}");
    }

    private static void Findings(CommandContext context, List<PortStatus> rows)
    {
        var findings = rows.Where(static row => row.IsFinding).ToList();
        context.Say("");
        if (findings.Count == 0)
        {
            context.Say("No finding.");
            return;
        }

        context.Say(Units.Of(findings.Count, "finding") + ":");
        foreach (var row in findings)
            context.Say($"  {$"{row.Protocol}/{Units.Number(row.Port)}",-10}  {row.Summary}");
    }

    private static void Line(CommandContext context, IEnumerable<(string Text, string? Style)> cells)
    {
        var line = new Paragraph();
        var at = 0;
        var plain = "";
        foreach (var (text, style) in cells)
        {
            var width = Columns[at++].Width;
            var shown = Printable.Text(text);
            shown = shown.Length > width ? shown[..(width - 1)] + "…" : shown;
            var padded = at == Columns.Length ? shown : shown.PadRight(width + 1);
            line.Append(padded, style is null ? Style.Plain : Style.Parse(style));
            plain += padded;
        }

        if (context.Environment is { OutputIsTerminal: true, AllowsColour: true })
        {
            context.Console.Write(line);
            context.Console.WriteLine();
        }
        else
        {
            context.Environment.Output.WriteLine(plain.TrimEnd());
        }
    }
}
