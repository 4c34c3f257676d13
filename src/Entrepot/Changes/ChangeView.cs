using Entrepot.Cli.Rendering;
using Entrepot.Server.Api;
using Spectre.Console;

namespace Entrepot.Cli.Changes;

/// <summary>Shows changes to people.</summary>
internal static class ChangeView
{
    /// <summary>One change: what it is, what it changes, what that does.</summary>
    public static void Show(CommandContext context, ChangeDocument change)
    {
        var facts = new List<(string, string)>
        {
            ("change", change.Id == 0 ? $"of the {change.Document}, not kept" : $"{Units.Number(change.Id)} of the {change.Document}"),
            ("state", StateOf(change)),
            ("proposed", $"by {change.Proposer} on {Units.Time(change.ProposedAt)}: {change.Reason}"),
        };
        if (change.State == "proposed")
            facts.Add(("approval", change.NeedsApproval ? $"needed until {Units.Time(change.ExpiresAt)}" : "not needed"));
        if (change.Approval is { } approval)
            facts.Add(("approved", $"by {approval.By} on {Units.Time(approval.At)}, until {Units.Time(approval.Until!.Value)}"));
        if (change.End is { } end)
            facts.Add(("ended", $"by {end.By} on {Units.Time(end.At)}: {end.Why}"));
        if (change.Application is { } application)
            facts.Add(("applied", $"by {application.By} on {Units.Time(application.At)}"));
        if (change.BreakGlass is { } glass)
            facts.Add(("WITHOUT APPROVAL", glass.Why));
        if (change.Review is { } review)
            facts.Add(("reviewed", $"by {review.By} on {Units.Time(review.At)}"));
        facts.Add(("from", change.Base.ToString()));
        facts.Add(("to", change.Content.ToString()));
        Tables.WritePairs(context, facts);
        context.Say("");
        foreach (var line in (change.Diff ?? "").TrimEnd('\n').Split('\n'))
            Line(context, line, StyleOf(line));
        context.Say("");
        if (change.Effects is not { Count: > 0 } effects)
        {
            context.Say("Effect: nothing but the text changes.");
            return;
        }

        context.Say("Effect:");
        foreach (var effect in effects)
            Line(context, $"  {Mark(effect.Weight)} {effect.Subject} {effect.Text}", effect.Weight switch { "danger" => new Style(Color.Red, decoration: Decoration.Bold), "attention" => new Style(Color.Yellow), _ => Style.Plain });
    }

    /// <summary>Many changes, and above them what somebody should look at.</summary>
    public static void Show(CommandContext context, ChangeListDocument list)
    {
        foreach (var warning in list.Warnings)
            Line(context, $"!! {warning}", new Style(Color.Red, decoration: Decoration.Bold));
        if (list.Warnings.Count > 0)
            context.Say("");
        context.Say(list.NeedApproval.Count == 0 ? "No document needs approval here." : $"Needs approval: {string.Join(", ", list.NeedApproval)}.");
        Tables.Write(
            context, [new("id", true), "document", "state", "proposed", "by", "reason"],
            [.. list.Changes.Select(static change => (string[])
            [
                Units.Number(change.Id), change.Document, change.BreakGlass is not null && change.Review is null ? "applied, REVIEW OWED" : change.State, Units.Time(change.ProposedAt), change.Proposer,
                change.Reason,
            ])],
            "There is no change yet; 'entrepot change propose' makes one.");
    }

    private static string StateOf(ChangeDocument change)
        => change.BaseIsCurrent == false ? $"{change.State}, but made from a document that is not the current one any more"
            : change.BreakGlass is { } glass && change.Review is null ? $"{change.State} WITHOUT APPROVAL; its review {(glass.Overdue ? "is OVERDUE since" : "is owed until")} {Units.Time(glass.ReviewDue)}"
            : change.State;

    private static string Mark(string weight) => weight switch { "danger" => "!!", "attention" => " !", _ => "  " };

    private static Style StyleOf(string line)
        => line.StartsWith("@@", StringComparison.Ordinal) ? new Style(Color.Aqua)
            : line.StartsWith('+') ? new Style(Color.Green)
            : line.StartsWith('-') ? new Style(Color.Red)
            : Style.Plain;

    /// <summary>A line in a colour. The terminal breaks a long one, so that what follows has its colour and is not taken for another line.</summary>
    private static void Line(CommandContext context, string line, Style style)
    {
        if (context.Environment is not { OutputIsTerminal: true, AllowsColour: true })
        {
            context.Say(line);
            return;
        }

        var console = Consoles.Create(context.Environment.Output, isTerminal: true, context.Environment);
        console.Profile.Width = Math.Max(console.Profile.Width, line.Length + 1);
        console.Write(new Text(Printable.Text(line) + "\n", style));
    }
}
