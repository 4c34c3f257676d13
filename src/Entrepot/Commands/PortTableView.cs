using System.Globalization;
using Entrepot.Cli.Rendering;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Allocation.Factors;
using Entrepot.Server.Client;

namespace Entrepot.Cli.Commands;

/// <summary>Writes a choice that was laid open, in at most 100 columns.</summary>
internal static class PortTableView
{
    private const string Unknown = "·";
    private const int MostRemark = 36;

    public static void Write(CommandContext context, PortTable table) => context.Write(table, ClientJson.Default.PortTable, found => Show(context, found));

    private static void Show(CommandContext context, PortTable table)
    {
        if (table.WhyNot is { } whyNot)
        {
            WhyNot(context, table, whyNot);
            return;
        }

        context.Say($"{table.Service} ({table.Protocol}{(table.Ports > 1 ? $", {Units.Number(table.Ports)} adjacent ports" : "")}) on {table.Node}: {table.Reason}");
        context.Say("");
        Tables.Write(
            context,
            [new("port", true), "for", new("total", true), .. table.Weights.Select(static weight => new TableColumnSpec(Short(weight.Factor), true)), "remark"],
            [Weights(table), .. table.Rows.Select(row => Row(row))], "There is no candidate.");
        context.Say("");
        var pool = table.Allowed + table.Refused == 0 ? "" : $"{Units.Of(table.Allowed, "candidate")} allowed, {Units.Count(table.Refused)} refused. ";
        context.Say($"{pool}Scores in hundredths; {Unknown} = no evidence, counted as 50; totals less than a 64th apart are equal.");
        if (table.Rows.FirstOrDefault(static row => row.Standing == PortStanding.Chosen) is not { } chosen)
            return;
        context.Say("");
        context.Say($"Why {Units.Number(chosen.Port)} has its scores (profile {PortsListCommand.Lower(table.Profile)}):");
        Tables.Write(
            context, ["factor", new("score", true), new("weight", true), "because"],
            [.. chosen.Scores.Select(static score => (string[])
                [score.Factor.Name(), score.Known ? Hundredths(score.Score) : Unknown, Percent(score.Weight), score.Text])], "");
    }

    private static void WhyNot(CommandContext context, PortTable table, PortWhyNot whyNot)
    {
        context.Say(whyNot.Answer);
        if (whyNot.Differences.Count == 0)
            return;
        context.Say("");
        var (chosen, other) = (Units.Number(table.Port ?? 0), Units.Number(whyNot.Port));
        Tables.Write(
            context, ["factor", new("worth", true), "speaks for", chosen, other],
            [.. whyNot.Differences.Select(difference => (string[])
            [
                difference.Factor.Name(), Math.Abs(difference.Difference).ToString("0.000", CultureInfo.InvariantCulture),
                difference.Difference > 0 ? chosen : other, difference.Chosen, difference.Other,
            ])], "");
    }

    private static string[] Weights(PortTable table)
        => ["", "", "weight", .. table.Weights.Select(static weight => Hundredths((double)weight.Weight / FactorProfile.Whole)), ""];

    private static string[] Row(PortTableRow row) =>
    [
        Units.Number(row.Port), row.Step is { } step ? PortsListCommand.Lower(step) : "–",
        row.Standing == PortStanding.Refused ? "–" : row.Total.ToString("0.000", CultureInfo.InvariantCulture),
        .. row.Scores.Select(score => row.Standing == PortStanding.Refused ? "" : score.Known ? Hundredths(score.Score) : Unknown),
        row.Standing switch
        {
            PortStanding.Chosen => "chosen",
            PortStanding.Refused => Cut(row.Objections.First(static objection => objection.Effect == PortEffect.Veto).Text),
            _ => "",
        },
    ];

    private static string Cut(string text) => text.Length <= MostRemark ? text : $"{text[..(MostRemark - 1)]}…";

    private static string Hundredths(double share) => Math.Round(share * 100).ToString("0", CultureInfo.InvariantCulture);

    private static string Percent(double share) => $"{Hundredths(share)} %";

    private static string Short(PortFactor factor) => factor switch
    {
        PortFactor.ServiceFit => "fit",
        PortFactor.RangeClass => "rng",
        PortFactor.FirewallAgreement => "fw",
        PortFactor.LoadBalancing => "lb",
        PortFactor.Security => "sec",
        PortFactor.ComplianceMargin => "mar",
        PortFactor.Topology => "top",
        PortFactor.Latency => "lat",
        PortFactor.Throughput => "thr",
        PortFactor.Loss => "los",
        PortFactor.Headroom => "hea",
        _ => "his",
    };
}
