using System.CommandLine;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Server.Api;

namespace Entrepot.Cli.Commands;

/// <summary><c>entrepot mirror create</c>.</summary>
internal static class MirrorCreateCommand
{
    public static Command Create(CliEnvironment environment, CommonOptions common)
    {
        var name = new Argument<string>("name") { Description = "1–64 characters of a–z, 0–9, '.', '_' and '-'" };
        var format = new Option<string>("--format") { Description = "What it holds: tree for files, oci for container images", HelpName = "tree|oci", DefaultValueFactory = static _ => "tree" };
        format.AcceptOnlyFromAmong("tree", "oci");
        var description = new Option<string?>("--description") { Description = "One line for people", HelpName = "TEXT" };
        var keep = new Option<int?>("--keep") { Description = "Keep the newest N snapshots [default: 10 when --keep-days is not given]", HelpName = "N" };
        var keepDays = new Option<int?>("--keep-days") { Description = "Keep snapshots published within N days", HelpName = "N" };
        var keepAll = new Option<bool>("--keep-all") { Description = "Never drop a snapshot" };
        var isPrivate = new Option<bool>("--private") { Description = "Only those with a credential for it may read it" };
        var command = common.ForNetwork(
            "create", "Make a mirror",
            ("entrepot mirror create images", "An empty mirror to push to"),
            ("entrepot mirror create apps --format oci", "A registry to push container images to"),
            ("entrepot mirror create firmware --private", "Reading it takes a credential"),
            ("entrepot mirror create nightly --keep 30 --description 'Nightly builds'", "The newest 30 snapshots stay"));
        command.Add(name);
        command.Add(format);
        command.Add(description);
        command.Add(keep);
        command.Add(keepDays);
        command.Add(keepAll);
        command.Add(isPrivate);
        return command.Runs(environment, common, async (context, cancellation) =>
        {
            if (context.Get(keepAll) && (context.Get(keep) is not null || context.Get(keepDays) is not null))
                throw Fault.Of(CliFault.Usage, FaultKind.Invalid, "--keep-all contradicts --keep and --keep-days.", "Leave one of them out.").ToException();
            var mirror = MirrorName.Parse(context.Get(name));
            var retention = context.Get(keepAll) || context.Get(keep) is not null || context.Get(keepDays) is not null
                ? new RetentionDocument(context.Get(keep), context.Get(keepDays))
                : null;
            var client = await context.ConnectAsync(cancellation);
            var made = await client.CreateMirrorAsync(
                new CreateMirrorRequest(mirror.Value, Format: context.Get(format), Description: context.Get(description), Retention: retention, Access: context.Get(isPrivate) ? "private" : null), cancellation);
            context.Write(made, ApiJson.Default.MirrorDocument, document =>
            {
                context.Say(document.Format == "oci"
                    ? $"Mirror '{document.Name}' is there. Push images to {new Uri(client.UrlOf("push")).Authority}/{document.Name}/NAME:TAG"
                    : $"Mirror '{document.Name}' is there. Push to it with: entrepot push FILE {document.Name}/PATH");
            });
            return ExitCodes.Done;
        });
    }
}
