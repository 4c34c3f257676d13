using System.Globalization;
using System.Text;
using Entrepot.Cli.Rendering;
using Entrepot.Ports.Truth;
using Spectre.Console;

namespace Entrepot.Cli.Ports;

/// <summary>How a mark looks in a terminal, in plain text and in a picture.</summary>
internal sealed record MarkLook(PortMark Mark, char Letter, Color Terminal, string Picture, string Meaning)
{
    /// <summary>All marks, the weakest first.</summary>
    public static IReadOnlyList<MarkLook> All { get; } =
    [
        new(PortMark.Free, '.', new Color(60, 60, 60), "#e9edf2", "free"),
        new(PortMark.Ephemeral, '~', new Color(90, 90, 140), "#c9d3ea", "outgoing connections"),
        new(PortMark.Forbidden, 'x', new Color(128, 90, 60), "#d9c3ae", "block list"),
        new(PortMark.Pool, '-', new Color(0, 135, 175), "#8ed0e0", "pool"),
        new(PortMark.Local, 'o', new Color(175, 175, 175), "#8a94a3", "bound, this machine only"),
        new(PortMark.Declared, '+', new Color(215, 175, 0), "#f2c230", "declared, nobody listens"),
        new(PortMark.Serving, '#', new Color(0, 175, 95), "#1f9d55", "declared and bound"),
        new(PortMark.Finding, '!', new Color(215, 50, 50), "#d93025", "finding"),
    ];

    /// <summary>The look of a mark.</summary>
    public static MarkLook Of(PortMark mark) => All[(int)mark];
}

/// <summary>Draws the port space in the terminal.</summary>
internal static class MapView
{
    /// <summary>Most ports named below the map.</summary>
    private const int MaxNamed = 40;

    /// <summary>Writes the map, its legend and the ports that are marked in it.</summary>
    public static void Write(CommandContext context, PortMap map)
    {
        var colour = context.Environment is { OutputIsTerminal: true, AllowsColour: true };
        context.Say(string.Create(CultureInfo.InvariantCulture, $"ports {map.First}–{map.Last}, {Units.Of(map.CellSize, "port")} a cell"));
        foreach (var row in map.Cells.Chunk(PortMap.Columns))
        {
            if (colour)
                Coloured(context.Console, row);
            else
                context.Environment.Output.WriteLine(Plain(row));
        }

        context.Say("");
        var used = map.Cells.Select(static cell => cell.Mark).ToHashSet();
        var legend = MarkLook.All.Where(look => used.Contains(look.Mark)).ToList();
        if (colour)
        {
            var line = new Paragraph();
            foreach (var look in legend)
                line.Append("█ ", new Style(look.Terminal)).Append(look.Meaning + "   ");
            context.Console.Write(line);
            context.Console.WriteLine();
        }
        else
        {
            context.Say(string.Join("   ", legend.Select(static look => $"{look.Letter} {look.Meaning}")));
        }

        Named(context, map);
    }

    private static string Plain(PortCell[] row)
    {
        var line = new StringBuilder();
        line.Append(CultureInfo.InvariantCulture, $"{row[0].First,5} ");
        foreach (var cell in row)
            line.Append(MarkLook.Of(cell.Mark).Letter);
        return line.ToString();
    }

    private static void Coloured(IAnsiConsole console, PortCell[] row)
    {
        var line = new Paragraph(string.Create(CultureInfo.InvariantCulture, $"{row[0].First,5} "), new Style(Color.Grey));
        foreach (var cell in row)
            line.Append(cell.Mark == PortMark.Free ? "·" : "█", new Style(MarkLook.Of(cell.Mark).Terminal));
        console.Write(line);
        console.WriteLine();
    }

    private static void Named(CommandContext context, PortMap map)
    {
        var rows = map.Cells.SelectMany(static cell => cell.Ports).ToList();
        if (rows.Count == 0)
            return;
        context.Say("");
        foreach (var row in rows.Take(MaxNamed))
            context.Say($"  {$"{row.Protocol}/{Units.Number(row.Port)}",-10}  {row.Summary}");
        if (rows.Count > MaxNamed)
            context.Say($"  and {Units.Of(rows.Count - MaxNamed, "more port")}: see a part with --range");
    }
}
