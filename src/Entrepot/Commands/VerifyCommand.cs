using System.CommandLine;
using Entrepot.Cli.Rendering;
using Entrepot.Core.Identities;
using Entrepot.Server.Api;
using Entrepot.Server.Client;

namespace Entrepot.Cli.Commands;

/// <summary><c>entrepot verify</c>.</summary>
internal static class VerifyCommand
{
    public static Command Create(CliEnvironment environment, CommonOptions common)
    {
        var name = MirrorArgument.Create(environment, common, description: "One mirror [default: all]");
        name.Arity = ArgumentArity.ZeroOrOne;
        name.DefaultValueFactory = static _ => "";
        var deep = new Option<bool>("--deep") { Description = "Compare SHA-256 instead of CRC-32" };
        var command = common.ForNetwork(
            "verify", "Read the bytes at rest again and compare them with their proofs; exit code 1 when damage stays",
            ("entrepot verify", "Every blob, by CRC-32 of its pieces"),
            ("entrepot verify images --deep", "One mirror, by SHA-256"));
        command.Add(name);
        command.Add(deep);
        return command.Runs(environment, common, async (context, cancellation) =>
        {
            var mirror = context.Get(name) is { Length: > 0 } given ? MirrorName.Parse(given).Value : null;
            var client = await context.ConnectAsync(cancellation);
            var report = await ProgressView.RunAsync(
                context, observer => ReadAsync(client, new VerifyRequest(mirror, context.Get(deep)), observer, cancellation));
            context.Write(report, ApiJson.Default.VerifyProgress, found => Show(context, found));
            return report.Damaged.Any(static damage => !damage.Mended) ? ExitCodes.Negative : ExitCodes.Done;
        });
    }

    /// <summary>Follows the steps to the end.</summary>
    /// <returns>The last step, with everything that was found.</returns>
    private static async Task<VerifyProgress> ReadAsync(EntrepotClient client, VerifyRequest request, ITransferObserver observer, CancellationToken cancellation)
    {
        var damaged = new List<DamageDocument>();
        VerifyProgress? last = null;
        await foreach (var step in client.VerifyAsync(request, cancellation))
        {
            damaged.AddRange(step.Damaged);
            if (last is null)
                observer.Begin("verifying", step.TotalBlobs, step.TotalBytes);
            observer.Advance(step.Bytes - (last?.Bytes ?? 0));
            for (var blob = last?.Blobs ?? 0; blob < step.Blobs; blob++)
                observer.ItemDone();
            last = step;
        }

        return last! with { Damaged = damaged };
    }

    private static void Show(CommandContext context, VerifyProgress report)
    {
        if (report.Damaged.Count > 0)
        {
            Tables.Write(
                context, ["blob", new("pieces", true), "", "detail"],
                [.. report.Damaged.Select(static damage => (string[])
                    [damage.Digest.Hex, Units.Count(damage.Pieces.Count), damage.Mended ? "mended" : "DAMAGED", damage.Detail])],
                "");
        }

        var bad = report.Damaged.Count(static damage => !damage.Mended);
        context.Say(
            $"{Units.Of(report.Blobs, "blob")} with {Units.Size(report.Bytes)} read: "
            + (report.Damaged.Count == 0 ? "all are whole." : $"{Units.Count(report.Damaged.Count - bad)} mended, {Units.Count(bad)} still damaged."));
    }
}
