using System.CommandLine;
using Entrepot.Cli.Rendering;
using Entrepot.Core.Identities;
using Entrepot.Server.Api;

namespace Entrepot.Cli.Commands;

/// <summary><c>entrepot mirror show</c>.</summary>
internal static class MirrorShowCommand
{
    public static Command Create(CliEnvironment environment, CommonOptions common)
    {
        var name = MirrorArgument.Create(environment, common);
        var command = common.ForNetwork("show", "Show one mirror", ("entrepot mirror show images", "Its retention and its current snapshot"));
        command.Add(name);
        return command.Runs(environment, common, async (context, cancellation) =>
        {
            var mirror = MirrorName.Parse(context.Get(name));
            var client = await context.ConnectAsync(cancellation);
            var found = await client.GetMirrorAsync(mirror, cancellation);
            context.Write(found, ApiJson.Default.MirrorDocument, document => Tables.WritePairs(
                context,
                ("name", document.Name),
                ("kind", document.Kind),
                ("format", document.Format),
                ("description", document.Description),
                ("retention", Retention(document.Retention)),
                ("created", Units.Time(document.CreatedAt)),
                ("snapshot", Units.Number(document.Current.Number)),
                ("root", document.Current.Root.ToString()),
                ("published", $"{Units.Time(document.Current.PublishedAt)} by {document.Current.Actor}"),
                ("note", document.Current.Note),
                ("files", Units.Count(document.Current.Files)),
                ("size", Units.Size(document.Current.Bytes))));
            return ExitCodes.Done;
        });
    }

    private static string Retention(RetentionDocument rule) => (rule.KeepSnapshots, rule.KeepDays) switch
    {
        (null, null) => "every snapshot stays",
        (int count, null) => $"the newest {Units.Of(count, "snapshot")} stay",
        (null, int days) => $"snapshots of the last {Units.Of(days, "day")} stay",
        (int count, int days) => $"the newest {Units.Of(count, "snapshot")} and those of the last {Units.Of(days, "day")} stay",
    };
}
