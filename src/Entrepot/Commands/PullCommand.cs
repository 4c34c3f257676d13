using System.CommandLine;
using Entrepot.Cli.Rendering;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Mirror.Integrity;
using Entrepot.Mirror.Replication;
using Entrepot.Server.Client;

namespace Entrepot.Cli.Commands;

/// <summary>What a pull brought.</summary>
/// <param name="Source">The file or folder, as <c>mirror/path</c>.</param>
/// <param name="Snapshot">The snapshot that it was taken from.</param>
/// <param name="Bytes">Size of all files.</param>
/// <param name="Fetched">Bytes that came over the network and were proven.</param>
/// <param name="Resumed">Bytes that an earlier run had left.</param>
/// <param name="AlreadyThere">Bytes of files that were there before.</param>
/// <param name="Wasted">Bytes that came in vain.</param>
/// <param name="Seconds">How long it took.</param>
/// <param name="Sources">What each edge gave.</param>
/// <param name="Files">Every file.</param>
/// <param name="Events">What happened on the way.</param>
internal sealed record PullReport(
    string Source, long Snapshot, long Bytes, long Fetched, long Resumed, long AlreadyThere, long Wasted, double Seconds,
    IReadOnlyList<PullSourceReport> Sources, IReadOnlyList<PullFileReport> Files, IReadOnlyList<string> Events);

/// <summary>What one edge gave.</summary>
internal sealed record PullSourceReport(string Name, long Bytes, int Pieces, int Failures);

/// <summary>One file that is there now.</summary>
internal sealed record PullFileReport(string Path, string File, Sha256Digest Digest, long Size, bool WasThere);

/// <summary><c>entrepot pull</c>.</summary>
internal static class PullCommand
{
    /// <summary>Most connections at once.</summary>
    private const int MaxConnections = 64;

    public static Command Create(CliEnvironment environment, CommonOptions common)
    {
        var source = new Argument<string>("source") { Description = "mirror/path of a file, mirror/folder/, or mirror/ for all of it", HelpName = "SOURCE" };
        source.CompletionSources.Add(context => MirrorArgument.Names(environment, common, context).Select(static name => name + "/"));
        var output = new Option<string?>("--out", "-o") { Description = "Where it goes: a file, a folder, or - for the standard output [default: its own name, here]", HelpName = "OUT" };
        var snapshot = new Option<long?>("--snapshot") { Description = "From this snapshot [default: the current one]", HelpName = "N" };
        var sha256 = new Option<string?>("--sha256") { Description = "The file must have this SHA-256", HelpName = "HEX" };
        var connections = new Option<int>("--connections") { Description = $"Transfers at once, 1–{MaxConnections}", HelpName = "N", DefaultValueFactory = static _ => 8 };
        connections.Within(1, MaxConnections);
        var command = common.ForNetwork(
            "pull", "Download a file or a folder from several edges at once, every piece verified; goes on where an interrupted pull stopped",
            ("entrepot pull images/24.04/disk.img -o disk.img", "A file"),
            ("entrepot pull images/24.04/ -o ./24.04", "A folder"),
            ("entrepot pull images/ --snapshot 3 --connections 16", "A whole mirror as it was"),
            ("entrepot pull images/24.04/disk.img -o - | sha256sum", "To another program; nothing is written before all of it is verified"),
            ("entrepot pull images/24.04/disk.img -o disk.img --output json", "-o is the file, --output the form of the report"));
        command.Add(source);
        foreach (var option in new Option[] { output, snapshot, sha256, connections })
            command.Add(option);
        return command.Runs(environment, common, async (context, cancellation) =>
        {
            var from = PushTarget.Parse(context.Get(source));
            var stated = context.Get(sha256) is { } hex ? Expectation.FromHex(ChecksumAlgorithm.Sha256, hex, sha256.Name).Value : null;
            var client = await context.ConnectAsync(cancellation);
            var began = environment.Time.GetTimestamp();
            var puller = new TreePuller(client, context.Get(connections), environment.Time);
            var (files, isFolder, number) = await puller.FindAsync(from, context.Get(snapshot), cancellation);
            if (stated is not null)
                Compare(files, isFolder, stated);
            using var scratch = context.Get(output) == CommonOptions.Stream ? new ScratchFile() : null;
            if (scratch is not null && isFolder)
                throw Fault.Of(CliFault.Usage, FaultKind.Invalid, $"{from} is a folder, and only one file goes to the standard output.", "Name a file, or a folder with -o.").ToException();
            var items = Place(files, isFolder, from, scratch?.File ?? context.Get(output));

            var view = new PullView(context);
            var pulled = await view.RunAsync(observer => puller.PullAsync(items, observer, cancellation));
            var report = Report(from, number, pulled, environment.Time.GetElapsedTime(began), view.Told);
            if (scratch is null)
                context.Write(report, CliJson.Default.PullReport, found => Show(context, found, isFolder));
            else
                await HandOnAsync(context, scratch, report, cancellation);
            return ExitCodes.Done;
        });
    }

    /// <summary>The verified bytes are the result, so a report that is asked for goes where the errors go.</summary>
    private static async Task HandOnAsync(CommandContext context, ScratchFile scratch, PullReport report, CancellationToken cancellation)
    {
        await using (var output = context.Environment.OpenOutput())
            await scratch.EmptyAsync(output, cancellation);
        if (context.Format == OutputFormat.Json)
            JsonOutput.Write(
                context.Environment.Error, report with { Files = [.. report.Files.Select(static file => file with { File = CommonOptions.Stream })] }, CliJson.Default.PullReport);
    }

    private static void Compare(IReadOnlyList<Server.Api.FileDocument> files, bool isFolder, string stated)
    {
        if (isFolder)
            throw Fault.Of(CliFault.Usage, FaultKind.Invalid, "--sha256 speaks of one file, and this is a folder.", "Leave it out.").ToException();
        if (files[0].Digest.Hex != stated)
            throw Fault.Of(
                VerificationFault.DigestMismatch, FaultKind.Mismatch, $"--sha256 states {stated}, the mirror has {files[0].Digest.Hex}. Nothing was downloaded.",
                "Check where the stated value comes from.").ToException();
    }

    /// <summary>Where each file goes.</summary>
    private static List<PullItem> Place(IReadOnlyList<Server.Api.FileDocument> files, bool isFolder, PushTarget source, string? output)
    {
        if (!isFolder)
        {
            var name = files[0].Path.FileName;
            var file = output is null ? OutputNames.Place("", name) : output.EndsWith(Path.DirectorySeparatorChar) || Directory.Exists(output) ? OutputNames.Place(output, name) : output;
            RefuseParts(Path.GetFileName(file));
            return [new PullItem(files[0], file)];
        }

        var own = source.Path.Length == 0 ? source.Mirror.Value : source.Path[(source.Path.LastIndexOf('/') + 1)..];
        var folder = output ?? OutputNames.Place("", own);
        if (File.Exists(folder))
            throw Fault.Of(CliFault.Output, FaultKind.Conflict, $"'{folder}' is a file, and {source} is a folder.", "Choose another place with -o.").ToException();
        var below = source.Path.Length == 0 ? "" : source.Path + "/";
        return [.. files.Select(file => new PullItem(file, OutputNames.Place(folder, Below(file.Path.Value))))];

        string Below(string path)
        {
            if (!path.StartsWith(below, StringComparison.Ordinal))
                throw Fault.Of(
                    ClientFault.NotEntrepot, FaultKind.Internal, $"The network gave '{path}' for what is in {source}. Nothing was downloaded.",
                    "Check the server.").ToException();
            RefuseParts(path[below.Length..]);
            return path[below.Length..];
        }
    }

    /// <summary>A file of the mirror must not get to where pulls keep the parts of others.</summary>
    private static void RefuseParts(string path)
    {
        if (PartPlace.IsWithin(path))
            throw Fault.Of(
                CliFault.Output, FaultKind.Conflict, $"'{path}' would lie in '{PartPlace.Folder}', where pulls keep their parts. Nothing was downloaded.",
                "Pull the other folders one by one, and this file under another name with -o.").ToException();
    }

    private static PullReport Report(PushTarget source, long snapshot, IReadOnlyList<PulledFile> pulled, TimeSpan elapsed, IReadOnlyList<string> events)
    {
        var results = pulled.Select(static file => file.Result).OfType<PullResult>().ToList();
        var sources = results.SelectMany(static result => result.Sources).GroupBy(static state => state.Name, StringComparer.Ordinal)
            .Select(static group => new PullSourceReport(group.Key, group.Sum(static s => s.Bytes), group.Sum(static s => s.Pieces), group.Sum(static s => s.Failures)))
            .OrderBy(static state => state.Name, StringComparer.Ordinal);
        return new PullReport(
            source.ToString(), snapshot, pulled.Sum(static file => file.Size), results.Sum(static result => result.Fetched), results.Sum(static result => result.Resumed),
            pulled.Where(static file => file.WasThere).Sum(static file => file.Size), results.Sum(static result => result.Wasted), elapsed.TotalSeconds,
            [.. sources], [.. pulled.Select(static file => new PullFileReport(file.Path.Value, file.File, file.Digest, file.Size, file.WasThere))], events);
    }

    private static void Show(CommandContext context, PullReport report, bool isFolder)
    {
        var rate = report.Fetched > 0 && report.Seconds > 0 ? $", {Units.Rate(report.Fetched / report.Seconds)}" : "";
        var parts = new List<string>();
        if (report.Resumed > 0)
            parts.Add($"{Units.Size(report.Resumed)} from an earlier run");
        if (report.AlreadyThere > 0)
            parts.Add($"{Units.Size(report.AlreadyThere)} already there");
        parts.AddRange(report.Sources.Where(static source => source.Bytes > 0).Select(static source => $"{Units.Size(source.Bytes)} from {source.Name}"));
        var what = isFolder ? Units.Of(report.Files.Count, "file") : report.Files[0].File;
        context.Say($"{what}: {Units.Size(report.Bytes)} verified in {Units.Seconds(report.Seconds)}{rate}{(parts.Count > 0 ? $" ({string.Join(", ", parts)})" : "")}");
        context.Say(isFolder ? $"snapshot {report.Snapshot}" : report.Files[0].Digest.ToString());
    }
}
