using Spectre.Console;

namespace Entrepot.Cli.Rendering;

/// <summary>A column of a table.</summary>
/// <param name="Header">Its name.</param>
/// <param name="IsNumber">True to align it right.</param>
internal sealed record TableColumnSpec(string Header, bool IsNumber = false)
{
    public static implicit operator TableColumnSpec(string header) => new(header);
}

/// <summary>Writes tables: aligned columns without frames, so that they can be read, copied and cut alike.</summary>
internal static class Tables
{
    /// <summary>Writes rows under their headers; nothing but a remark when there is none.</summary>
    public static void Write(CommandContext context, IReadOnlyList<TableColumnSpec> columns, IReadOnlyCollection<IReadOnlyList<string>> rows, string whenEmpty)
    {
        if (rows.Count == 0)
        {
            context.Say(whenEmpty);
            return;
        }

        var table = new Table { Border = TableBorder.None, ShowHeaders = true };
        for (var i = 0; i < columns.Count; i++)
        {
            var column = new TableColumn(new Text(columns[i].Header.ToUpperInvariant(), new Style(decoration: Decoration.Bold)))
            {
                Alignment = columns[i].IsNumber ? Justify.Right : Justify.Left,
                NoWrap = i < columns.Count - 1 || !context.Environment.OutputIsTerminal,
                Padding = new Padding(0, 0, i < columns.Count - 1 ? 2 : 0, 0),
            };
            table.AddColumn(column);
        }

        foreach (var row in rows)
            table.AddRow(row.Select(static cell => new Text(Printable.Text(cell))));
        Write(context, table);
    }

    /// <summary>Writes names and values, one a line.</summary>
    public static void WritePairs(CommandContext context, params IReadOnlyList<(string Name, string Value)> pairs)
    {
        var table = new Table { Border = TableBorder.None, ShowHeaders = false };
        table.AddColumn(new TableColumn("") { NoWrap = true, Padding = new Padding(0, 0, 2, 0) });
        table.AddColumn(new TableColumn("") { Padding = new Padding(0, 0, 0, 0) });
        foreach (var (name, value) in pairs)
            table.AddRow(new Text(name, new Style(decoration: Decoration.Bold)), new Text(Printable.Text(value)));
        Write(context, table);
    }

    private static void Write(CommandContext context, Table table)
    {
        if (context.Environment.OutputIsTerminal)
        {
            context.Console.Write(table);
            return;
        }

        // Spectre fills every cell to its column's width; whoever reads a pipe wants no blanks at line ends.
        using var text = new StringWriter();
        Consoles.Create(text, isTerminal: false, context.Environment).Write(table);
        foreach (var line in text.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries))
            context.Environment.Output.WriteLine(line.TrimEnd());
    }
}
