using System.Globalization;
using System.Security;
using System.Text;
using Entrepot.Cli.Rendering;
using Entrepot.Ports.Truth;

namespace Entrepot.Cli.Ports;

/// <summary>Draws the port space as a picture (SVG 1.1) without scripts, that opens in any browser: each cell tells its ports when
/// pointed at.</summary>
internal static class MapPicture
{
    private const int Cell = 14;
    private const int Left = 64;
    private const int Top = 76;
    private const int LineHeight = 18;
    private const int MaxNamed = 60;

    /// <summary>The picture as text.</summary>
    public static string Draw(PortMap map, string node, DateTimeOffset at)
    {
        var rows = map.Cells.Chunk(PortMap.Columns).ToList();
        var named = map.Cells.SelectMany(static cell => cell.Ports).Take(MaxNamed).ToList();
        var legendAt = Top + (rows.Count * Cell) + 30;
        var namesAt = legendAt + 40;
        var width = Left + (PortMap.Columns * Cell) + 24;
        var height = namesAt + (named.Count * LineHeight) + 24;
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" font-family=\"system-ui, sans-serif\">\n");
        text.Append("<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n");
        Text(text, Left, 34, 20, "#1b2430", $"Ports of {node}", bold: true);
        Text(text, Left, 56, 12, "#5b6675", string.Create(CultureInfo.InvariantCulture, $"{map.First}–{map.Last}, {Units.Of(map.CellSize, "port")} a cell, {Units.Time(at)}"));
        for (var y = 0; y < rows.Count; y++)
        {
            text.Append(CultureInfo.InvariantCulture, $"<text x=\"{Left - 8}\" y=\"{Top + (y * Cell) + 11}\" font-size=\"11\" fill=\"#5b6675\" text-anchor=\"end\">{rows[y][0].First}</text>\n");
            for (var x = 0; x < rows[y].Length; x++)
                Draw(text, rows[y][x], Left + (x * Cell), Top + (y * Cell));
        }

        var at2 = Left;
        foreach (var look in MarkLook.All)
        {
            text.Append(CultureInfo.InvariantCulture, $"<rect x=\"{at2}\" y=\"{legendAt - 10}\" width=\"12\" height=\"12\" rx=\"2\" fill=\"{look.Picture}\"/>\n");
            Text(text, at2 + 17, legendAt, 12, "#1b2430", look.Meaning);
            at2 += 34 + (look.Meaning.Length * 6);
        }

        for (var i = 0; i < named.Count; i++)
        {
            Text(text, Left, namesAt + (i * LineHeight), 12, named[i].IsFinding ? "#d93025" : "#1b2430", $"{named[i].Protocol}/{Units.Number(named[i].Port)}", bold: true);
            Text(text, Left + 84, namesAt + (i * LineHeight), 12, "#1b2430", named[i].Summary);
        }

        return text.Append("</svg>\n").ToString();
    }

    private static void Draw(StringBuilder text, PortCell cell, int x, int y)
    {
        text.Append(CultureInfo.InvariantCulture, $"<rect x=\"{x}\" y=\"{y}\" width=\"{Cell - 2}\" height=\"{Cell - 2}\" rx=\"2\" fill=\"{MarkLook.Of(cell.Mark).Picture}\"><title>");
        text.Append(Escape(cell.First == cell.Last ? Units.Number(cell.First) : $"{Units.Number(cell.First)}–{Units.Number(cell.Last)}"));
        foreach (var row in cell.Ports)
            text.Append('\n').Append(Escape($"{row.Protocol}/{Units.Number(row.Port)}: {row.Summary}"));
        text.Append("</title></rect>\n");
    }

    private static void Text(StringBuilder text, int x, int y, int size, string colour, string content, bool bold = false)
        => text.Append(CultureInfo.InvariantCulture, $"<text x=\"{x}\" y=\"{y}\" font-size=\"{size}\" fill=\"{colour}\"{(bold ? " font-weight=\"600\"" : "")}>{Escape(content)}</text>\n");

    private static string Escape(string text) => SecurityElement.Escape(Printable.Text(text).Replace('\uFFFE', ' ').Replace('\uFFFF', ' '));
}
