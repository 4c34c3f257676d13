using System.CommandLine;
using Entrepot.Cli.Rendering;
using Entrepot.Ports.Pools;
using Entrepot.Server.Client;

namespace Entrepot.Cli.Commands;

/// <summary><c>entrepot ports pools</c>.</summary>
internal static class PortsPoolsCommand
{
    private const int BarWidth = 20;

    public static Command Create(CliEnvironment environment, CommonOptions common)
        => common.ForNetwork(
                "pools", "List the pools: how full each is, what should stay free, and when it is likely to be full",
                ("entrepot ports pools", "Is there room for ten more edges?"),
                ("entrepot ports pools --output json", "For a monitoring system"))
            .Runs(environment, common, async (context, cancellation) =>
            {
                var client = await context.ConnectAsync(cancellation);
                var pools = await client.ListPoolsAsync(cancellation);
                context.Write(pools, ClientJson.Default.IReadOnlyListPoolUsage, found =>
                {
                    Tables.Write(
                        context, ["pool", "range", "used", new("leased", true), new("bound", true), new("free", true), new("spare", true), "forecast"],
                        [.. found.Select(static pool => (string[])
                        [
                            pool.Protocol == "tcp" ? pool.Pool : $"{pool.Pool}/{pool.Protocol}", $"{Units.Number(pool.First)}–{Units.Number(pool.Last)}", Bar(pool),
                            Units.Number(pool.Leased), Units.Number(pool.Bound), Units.Number(pool.Free), $"{Math.Round(pool.SpareShare * 100)} %", pool.Forecast.Text,
                        ])],
                        "There is no pool.");
                    foreach (var pool in found.Where(static pool => pool.RunningOut))
                        context.Say($"{pool.Summary} {pool.Cure}");
                });
                return ExitCodes.Done;
            });

    /// <summary>Used ports as a bar, with a mark where the spare share begins.</summary>
    internal static string Bar(PoolUsage pool)
    {
        var used = (int)Math.Ceiling((double)pool.Used * BarWidth / pool.Size);
        var spare = (int)Math.Round((1 - pool.SpareShare) * BarWidth);
        var cells = Enumerable.Range(0, BarWidth).Select(cell => cell < used ? '█' : cell == spare ? '┊' : '░');
        return $"{string.Concat(cells)} {Math.Round((double)pool.Used * 100 / pool.Size),3:0} %";
    }
}
