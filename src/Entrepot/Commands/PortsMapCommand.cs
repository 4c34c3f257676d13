using System.CommandLine;
using System.Globalization;
using System.Text;
using Entrepot.Cli.Ports;
using Entrepot.Cli.Rendering;
using Entrepot.Core.Faults;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Truth;

namespace Entrepot.Cli.Commands;

/// <summary>The map of ports for programs.</summary>
/// <param name="First">Lowest port.</param>
/// <param name="Last">Highest port, included.</param>
/// <param name="CellSize">Ports of a cell.</param>
/// <param name="Cells">The cells that are not free.</param>
internal sealed record PortMapReport(int First, int Last, int CellSize, IReadOnlyList<PortMapCell> Cells);

/// <summary>A cell of the map.</summary>
/// <param name="First">Lowest port.</param>
/// <param name="Last">Highest port, included.</param>
/// <param name="Mark">The strongest mark of its ports.</param>
internal sealed record PortMapCell(int First, int Last, PortMark Mark);

/// <summary><c>entrepot ports map</c>.</summary>
internal static class PortsMapCommand
{
    public static Command Create(CliEnvironment environment, CommonOptions common)
    {
        var range = new Option<string?>("--range") { Description = "Only these ports, as FIRST-LAST", HelpName = "FIRST-LAST" };
        range.Validators.Add(static result =>
        {
            if (result.Tokens.Count == 1 && !TryRange(result.Tokens[0].Value, out _, out _))
                result.AddError($"'{result.Tokens[0].Value}' is not a range of ports; write FIRST-LAST, 0–65535");
        });
        var picture = new Option<string?>("--svg") { Description = "Write a picture instead, for a browser", HelpName = "FILE" };
        var source = new StatusOptions();
        var command = common.ForNetwork(
            "map", "Draw the port space: what is declared, bound, in a pool, for outgoing connections, on the block list",
            ("entrepot ports map", "All 65,536 ports at a glance"),
            ("entrepot ports map --range 54321-54400", "The edges' pool, port by port"),
            ("entrepot ports map --svg ports.svg", "A picture for a browser or a page"));
        command.Add(range);
        command.Add(picture);
        source.AddTo(command);
        return command.Runs(environment, common, async (context, cancellation) =>
        {
            var (status, _) = await source.ReadAsync(context, cancellation);
            var (first, last) = (0, PortSet.MaxPort);
            if (context.Get(range) is { } text && TryRange(text, out var from, out var to))
                (first, last) = (from, to);
            var map = PortMap.Of(status, first, last);
            if (context.Get(picture) is { } file)
                await SaveAsync(file, MapPicture.Draw(map, status.Node, status.At), cancellation);
            else
                context.Write(Report(map), CliJson.Default.PortMapReport, _ => MapView.Write(context, map));
            return ExitCodes.Done;
        });
    }

    private static PortMapReport Report(PortMap map) => new(
        map.First, map.Last, map.CellSize,
        [.. map.Cells.Where(static cell => cell.Mark != PortMark.Free).Select(static cell => new PortMapCell(cell.First, cell.Last, cell.Mark))]);

    private static bool TryRange(string text, out int first, out int last)
    {
        (first, last) = (0, 0);
        var parts = text.Split('-');
        return parts.Length == 2 && int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out first)
            && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out last) && first <= last && last <= PortSet.MaxPort;
    }

    private static async Task SaveAsync(string file, string picture, CancellationToken cancellation)
    {
        try
        {
            await File.WriteAllTextAsync(file, picture, new UTF8Encoding(false), cancellation);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Fault.Of(CliFault.Output, FaultKind.Unavailable, $"'{file}' can't be written: {error.Message}", "Name a file in a folder that you may write to.").ToException(error);
        }
    }
}
