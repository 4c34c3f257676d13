using System.CommandLine;
using Entrepot.Cli.Rendering;
using Entrepot.Server.Api;

namespace Entrepot.Cli.Commands;

/// <summary><c>entrepot gc</c>.</summary>
internal static class GcCommand
{
    public static Command Create(CliEnvironment environment, CommonOptions common)
    {
        var held = new Option<bool>("--held") { Description = "Also list the blobs that stay, each with its reason" };
        var command = common.ForNetwork(
            "gc", "Drop snapshots that retention no longer holds, and blobs that nothing holds",
            ("entrepot gc --dry-run", "See what would go"),
            ("entrepot gc --dry-run --held", "See why each blob stays"),
            ("entrepot gc --yes", "Collect now"));
        command.Add(common.DryRun);
        command.Add(common.Yes);
        command.Add(held);
        return command.Runs(environment, common, async (context, cancellation) =>
        {
            var dryRun = context.Get(common.DryRun);
            var client = await context.ConnectAsync(cancellation);
            if (!dryRun && !context.Confirm("Collect garbage now?", required: false))
                return ExitCodes.Negative;
            var result = await client.CollectGarbageAsync(dryRun, cancellation);
            context.Write(result, ApiJson.Default.GarbageCollectionDocument, document => Show(context, document, context.Get(held)));
            return ExitCodes.Done;
        });
    }

    private static void Show(CommandContext context, GarbageCollectionDocument document, bool held)
    {
        foreach (var snapshot in document.DroppedSnapshots)
            context.Say($"{(document.DryRun ? "would drop" : "dropped")} snapshot {snapshot}");
        var rows = document.Swept.Select(blob => (string[])[document.DryRun ? "would go" : "went", blob.Digest.Hex, Units.Size(blob.Size), blob.Reason]);
        if (held)
            rows = rows.Concat(document.Held.Select(static blob => (string[])["stays", blob.Digest.Hex, Units.Size(blob.Size), blob.Reason]));
        var all = rows.ToList();
        if (all.Count > 0)
            Tables.Write(context, ["", "blob", new("size", true), "reason"], all, "");
        if (held && document.HeldCount > document.Held.Count)
            context.Say($"and {Units.Count(document.HeldCount - document.Held.Count)} more that stay");
        context.Say(
            $"{(document.DryRun ? "Would free" : "Freed")} {Units.Size(document.SweptBytes)} in {Units.Of(document.Swept.Count, "blob")}; "
            + $"{Units.Of(document.HeldCount, "blob")} with {Units.Size(document.HeldBytes)} stay{(document.HeldCount == 1 ? "s" : "")}.");
    }
}
