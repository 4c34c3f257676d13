using System.CommandLine;
using System.Collections.Immutable;
using Entrepot.Cli.Rendering;
using Entrepot.Core.Faults;
using Entrepot.Mirror.Integrity;
using Entrepot.Server.Api;
using Entrepot.Server.Client;

namespace Entrepot.Cli.Commands;

/// <summary>What a push did, or would do.</summary>
/// <param name="Mirror">The mirror.</param>
/// <param name="Prefix">The folder in it; empty for the root.</param>
/// <param name="DryRun">True when nothing was sent.</param>
/// <param name="Files">Files on this side.</param>
/// <param name="Bytes">Their size.</param>
/// <param name="SentBlobs">Blobs that were sent, or would be.</param>
/// <param name="SentBytes">Their size.</param>
/// <param name="Added">Paths that are new.</param>
/// <param name="Changed">Paths whose bytes differ.</param>
/// <param name="Removed">Paths that go.</param>
/// <param name="Unchanged">Paths that held these bytes already.</param>
/// <param name="SkippedLinks">Symbolic links that were left out.</param>
/// <param name="EmptyFolders">Folders that hold no file, which a mirror can't hold.</param>
/// <param name="Snapshot">What was published; null in a dry run.</param>
internal sealed record PushReport(
    string Mirror, string Prefix, bool DryRun, int Files, long Bytes, int SentBlobs, long SentBytes, IReadOnlyList<string> Added,
    IReadOnlyList<string> Changed, IReadOnlyList<string> Removed, int Unchanged, IReadOnlyList<string> SkippedLinks, int EmptyFolders,
    SnapshotDocument? Snapshot);

/// <summary><c>entrepot push</c>.</summary>
internal static class PushCommand
{
    public static Command Create(CliEnvironment environment, CommonOptions common)
    {
        var source = new Argument<string>("source") { Description = "A file or a folder, or - for the standard input", HelpName = "FILE|FOLDER" };
        var target = new Argument<string>("target") { Description = "mirror/path for a file; mirror/ or mirror/folder/ for a folder", HelpName = "TARGET" };
        target.CompletionSources.Add(context => MirrorArgument.Names(environment, common, context).Select(static name => name + "/"));
        var delete = new Option<bool>("--delete") { Description = "Remove files below the target that the folder does not hold" };
        var links = new Option<LinkRule>("--links")
        {
            Description = "Symbolic links in a folder: refuse them, skip them, or follow them [default: refuse]",
            HelpName = "refuse|skip|follow",
        };
        links.CompletionSources.Clear();
        links.CompletionSources.Add("refuse", "skip", "follow");
        var sha256 = new Option<string?>("--sha256") { Description = "The file must have this SHA-256", HelpName = "HEX" };
        var md5 = new Option<string?>("--md5") { Description = "The file must have this MD5", HelpName = "HEX" };
        var crc32 = new Option<string?>("--crc32") { Description = "The file must have this CRC-32", HelpName = "HEX" };
        var connections = new Option<int>("--connections") { Description = "Uploads at once, 1–32", HelpName = "N", DefaultValueFactory = static _ => 4 };
        connections.Within(1, 32);
        var command = common.ForNetwork(
            "push", "Push a file, or a whole folder as one snapshot: clients see the old tree or the new one, never a mixture",
            ("entrepot push disk.img images/24.04/disk.img", "A file"),
            ("entrepot push disk.img images/24.04/ --sha256 9f86d081…", "A file under its own name, refused when its digest is another"),
            ("entrepot push - images/24.04/disk.img < disk.img", "The standard input"),
            ("entrepot push ./folder images/", "A folder as one snapshot; only what is missing there is sent"),
            ("entrepot push ./folder images/24.04/ --delete --dry-run", "See what a push that also removes would change"));
        foreach (var argument in new Argument[] { source, target })
            command.Add(argument);
        foreach (var option in new Option[] { delete, links, sha256, md5, crc32, connections, common.Note, common.DryRun, common.Yes })
            command.Add(option);
        return command.Runs(environment, common, async (context, cancellation) =>
        {
            var to = PushTarget.Parse(context.Get(target));
            var expectation = Expect((sha256, ChecksumAlgorithm.Sha256), (md5, ChecksumAlgorithm.Md5), (crc32, ChecksumAlgorithm.Crc32));
            var isFolder = context.Get(source) != CommonOptions.Stream && Directory.Exists(context.Get(source));
            if (isFolder && expectation != Expectation.None)
                throw Fault.Of(CliFault.Usage, FaultKind.Invalid, "--sha256, --md5 and --crc32 speak of one file, and this is a folder.", "Leave them out.").ToException();
            if (!isFolder && context.Get(delete))
                throw Fault.Of(CliFault.Usage, FaultKind.Invalid, "--delete speaks of a folder, and this is none.", "Leave it out, or push a folder.").ToException();

            using var scratch = context.Get(source) == CommonOptions.Stream ? await ReadInputAsync(environment, to, cancellation) : null;
            var (prefix, files, skipped, empty) = isFolder ? Scan(context.Get(source), to, context.Get(links), cancellation) : One(scratch?.File ?? context.Get(source), to);
            var client = await context.ConnectAsync(cancellation);
            var pusher = new TreePusher(
                client, new UploadLimits { Parallel = context.Get(connections) }, new UploadBook(Path.Combine(environment.StateFolder, "uploads")), environment.Time);
            var plan = await ProgressView.RunAsync(
                context, observer => pusher.PlanAsync(to.Mirror, prefix, files, context.Get(delete), expectation, observer, cancellation));
            SnapshotDocument? published = null;
            if (!context.Get(common.DryRun))
            {
                if (plan.Removed.Count > 0 && !context.Confirm($"Remove {Units.Of(plan.Removed.Count, "file")} from '{to}'?", required: false))
                    return ExitCodes.Negative;
                published = await ProgressView.RunAsync(
                    context, observer => pusher.ExecuteAsync(plan, context.Get(delete), context.Get(common.Note), observer, cancellation));
            }

            context.Write(Report(plan, skipped, empty, published), CliJson.Default.PushReport, report => Show(context, report));
            return ExitCodes.Done;

            Expectation Expect(params (Option<string?> Option, ChecksumAlgorithm Algorithm)[] flags)
            {
                var stated = flags.Where(flag => context.Get(flag.Option) is not null)
                    .Select(flag => Expectation.FromHex(flag.Algorithm, context.Get(flag.Option)!, flag.Option.Name)).ToImmutableArray();
                return stated.IsEmpty ? Expectation.None : new Expectation(null, stated);
            }
        });
    }

    private static async Task<ScratchFile> ReadInputAsync(CliEnvironment environment, PushTarget target, CancellationToken cancellation)
    {
        if (target.IsFolder)
            throw Fault.Of(CliFault.Usage, FaultKind.Invalid, $"the standard input has no name to put behind '{target}'.", "Write the file's whole path: mirror/path.").ToException();
        var scratch = new ScratchFile();
        try
        {
            await using var input = environment.OpenInput();
            await scratch.FillAsync(input, cancellation);
            return scratch;
        }
        catch
        {
            scratch.Dispose();
            throw;
        }
    }

    private static (string, IReadOnlyList<LocalFile>, IReadOnlyList<string>, int) One(string source, PushTarget target)
    {
        var file = LocalFile.Of(Path.GetFullPath(source), target.ForFile(Path.GetFileName(source)));
        return ("", [file], [], 0);
    }

    private static (string, IReadOnlyList<LocalFile>, IReadOnlyList<string>, int) Scan(string source, PushTarget target, LinkRule links, CancellationToken cancellation)
    {
        var scan = FolderScan.Of(source, links, cancellation);
        if (scan.Errors.Count > 0)
            throw TreePusher.Combine(scan.Errors).ToException();
        if (scan.Files.Count == 0)
            throw Fault.Of(ClientFault.NotAFile, FaultKind.Invalid, $"the folder '{source}' holds no file.", "To empty a mirror, delete it and make it again.").ToException();
        return (target.Path, scan.Files, scan.Skipped, scan.EmptyFolders);
    }

    private static PushReport Report(PushPlan plan, IReadOnlyList<string> skipped, int empty, SnapshotDocument? published) => new(
        plan.Mirror.Value, plan.Prefix, published is null, plan.Files.Count, plan.Files.Sum(static file => file.File.Size), plan.Missing.Count,
        plan.MissingBytes, [.. plan.Added.Select(static path => path.Value)], [.. plan.Changed.Select(static path => path.Value)],
        [.. plan.Removed.Select(static path => path.Value)], plan.Unchanged, skipped, empty, published);

    private static void Show(CommandContext context, PushReport report)
    {
        if (report.DryRun)
        {
            foreach (var (sign, paths) in new[] { ("+", report.Added), ("~", report.Changed), ("-", report.Removed) })
            {
                foreach (var path in paths)
                    context.Say($"{sign} {path}");
            }
        }

        if (report.SkippedLinks.Count > 0)
            context.Say($"{Units.Of(report.SkippedLinks.Count, "symbolic link")} left out: {string.Join(", ", report.SkippedLinks.Take(5))}{(report.SkippedLinks.Count > 5 ? ", …" : "")}");
        if (report.EmptyFolders > 0)
            context.Say($"{Units.Of(report.EmptyFolders, "empty folder")} left out: a mirror holds files only.");
        var changes = $"{Units.Count(report.Added.Count)} added, {Units.Count(report.Changed.Count)} changed, {Units.Count(report.Removed.Count)} removed, {Units.Count(report.Unchanged)} unchanged";
        if (report.Snapshot is not { } snapshot)
        {
            context.Say($"Would publish {Units.Of(report.Files, "file")} ({Units.Size(report.Bytes)}) to {report.Mirror}: {changes}; {Units.Size(report.SentBytes)} to send.");
            return;
        }

        context.Say($"{report.Mirror}#{snapshot.Number}: {changes}; {Units.Size(report.SentBytes)} of {Units.Size(report.Bytes)} sent.");
        context.Say($"root {snapshot.Root}, {Units.Of(snapshot.Files, "file")}, {Units.Size(snapshot.Bytes)}");
    }
}
