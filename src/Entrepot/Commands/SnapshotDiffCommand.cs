using System.CommandLine;
using Entrepot.Cli.Rendering;
using Entrepot.Core.Identities;
using Entrepot.Server.Api;

namespace Entrepot.Cli.Commands;

/// <summary><c>entrepot snapshot diff</c>.</summary>
internal static class SnapshotDiffCommand
{
    public static Command Create(CliEnvironment environment, CommonOptions common)
    {
        var name = MirrorArgument.Create(environment, common);
        var from = new Argument<long>("from") { Description = "The snapshot to begin with" };
        var to = new Argument<long?>("to") { Description = "The snapshot to compare with [default: the current one]", Arity = ArgumentArity.ZeroOrOne };
        var command = common.ForNetwork(
            "diff", "Show what changed from one snapshot to another",
            ("entrepot snapshot diff images 3 5", "From 3 to 5"),
            ("entrepot snapshot diff images 3", "From 3 to the current one"));
        command.Add(name);
        command.Add(from);
        command.Add(to);
        return command.Runs(environment, common, async (context, cancellation) =>
        {
            var mirror = MirrorName.Parse(context.Get(name));
            var client = await context.ConnectAsync(cancellation);
            var until = context.Get(to) ?? (await client.GetMirrorAsync(mirror, cancellation)).Current.Number;
            var diff = await client.DiffAsync(mirror, context.Get(from), until, cancellation);
            context.Write(diff, ApiJson.Default.SnapshotDiffDocument, document => Show(context, document));
            return ExitCodes.Done;
        });
    }

    /// <summary>One line per path, with the signs of a patch.</summary>
    public static void Show(CommandContext context, SnapshotDiffDocument diff)
    {
        var rows = diff.Added.Select(static file => (Sign: "+", Path: file.Path.Value, Was: "", Is: Units.Size(file.Size)))
            .Concat(diff.Removed.Select(static file => (Sign: "-", Path: file.Path.Value, Was: Units.Size(file.Size), Is: "")))
            .Concat(diff.Changed.Select(static file => (Sign: "~", Path: file.Path.Value, Was: Units.Size(file.FromSize), Is: Units.Size(file.ToSize))))
            .OrderBy(static row => row.Path, StringComparer.Ordinal);
        Tables.Write(
            context, ["", new("was", true), new("is", true), "path"], [.. rows.Select(static row => (string[])[row.Sign, row.Was, row.Is, row.Path])],
            $"Snapshots {diff.From} and {diff.To} of '{diff.Mirror}' hold the same.");
        context.Say($"{Units.Count(diff.Added.Count)} added, {Units.Count(diff.Changed.Count)} changed, {Units.Count(diff.Removed.Count)} removed from {diff.Mirror}#{diff.From} to #{diff.To}");
    }
}
