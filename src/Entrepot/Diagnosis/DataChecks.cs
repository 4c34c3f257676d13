using System.Globalization;
using Entrepot.Cli.Rendering;
using Entrepot.Core.Kernel;
using Entrepot.Core.State;
using Entrepot.Server.Hosting;

namespace Entrepot.Cli.Diagnosis;

/// <summary>Checks of the data folder and what is in it.</summary>
internal static class DataChecks
{
    /// <summary>Below this many bytes free a node can't be expected to start.</summary>
    public const long Least = 1L << 30;

    private static readonly string[] Parts = ["blobs", "edges", "run"];

    /// <summary>The folder is there, and this user may write to it.</summary>
    public static Check Folder(string data)
    {
        const string name = "data folder";
        var full = Path.GetFullPath(data);
        if (!Directory.Exists(full))
        {
            var parent = full;
            while (!Directory.Exists(parent) && Path.GetDirectoryName(parent) is { } above)
                parent = above;
            return CanWrite(parent) is { } no
                ? Check.Fail(name, $"'{full}' does not exist and can't be made in '{parent}': {no}", "Choose another with --data, or give this user the right to write there.")
                : Check.Ok(name, $"'{full}' does not exist yet; 'entrepot up' makes it");
        }

        if (CanWrite(full) is { } problem)
            return Check.Fail(name, $"'{full}' can't be written: {problem}", "Give this user the right to write there, or choose another folder with --data.");
        if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(full) & UnixFileMode.OtherWrite) != 0)
            return Check.Warn(name, $"everyone may write to '{full}'", $"chmod o-w '{full}'");
        return Check.Ok(name, $"'{full}' can be written");
    }

    /// <summary>The layout's marker is one that this version understands.</summary>
    public static Check Layout(string data)
    {
        const string name = "data layout";
        var marker = Path.Combine(data, "FORMAT");
        if (DataFolder.StrangerIn(data) is { } stranger)
            return Check.Fail(name, $"no FORMAT marker, and '{stranger}' is in the folder: it is none of Entrepot's", "Name an empty or new folder with --data.");
        if (!File.Exists(marker))
            return Check.Ok(name, "none yet");
        var text = File.ReadAllText(marker).Trim();
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var format) && format is >= 1 and <= DataFolder.Format
            ? Check.Ok(name, $"layout {format}")
            : Check.Fail(name, $"layout '{text}' is newer than this version, which understands up to {DataFolder.Format}", "Start the newer version, or choose another folder with --data.");
    }

    /// <summary>Bytes move from staging to their place by a rename, which can't cross file systems.</summary>
    public static Check OneFileSystem(string data)
    {
        const string name = "one file system";
        if (FileKinds.IdentityOf(data) is not { } expected)
            return Check.Ok(name, Directory.Exists(data) ? "can't be told on this platform" : "nothing there yet");
        var strays = Parts.Select(folder => Path.Combine(data, folder))
            .Concat(Subfolders(Path.Combine(data, "blobs"))).Where(folder => FileKinds.IdentityOf(folder) is { } found && found.FileSystem != expected.FileSystem).ToList();
        return strays.Count == 0
            ? Check.Ok(name, "the folder and all below it")
            : Check.Fail(name, $"{string.Join(", ", strays)}: on another file system than '{data}'", "Mount one file system over the whole data folder.");
    }

    /// <summary>There is room.</summary>
    /// <param name="data">The folder.</param>
    /// <param name="caches">What the edges' caches may grow to, in bytes.</param>
    public static Check FreeSpace(string data, long caches)
    {
        const string name = "free space";
        var place = Path.GetFullPath(data);
        while (!Directory.Exists(place) && Path.GetDirectoryName(place) is { } above)
            place = above;
        return FreeSpace(name, new DriveInfo(place).AvailableFreeSpace, caches);
    }

    /// <summary>The rule of <see cref="FreeSpace(string, long)"/>.</summary>
    public static Check FreeSpace(string name, long free, long caches) => free switch
    {
        < Least => Check.Fail(name, $"{Units.Size(free)} left", "Free some space; below 1 GiB a push may fail half-way."),
        _ when free < caches => Check.Warn(
            name, $"{Units.Size(free)} left, less than the {Units.Size(caches)} that the edges' caches may take",
            "Lower edges.capacity, or give the folder a larger disk. A full disk costs no data: edges serve through, and pushes are refused."),
        _ => Check.Ok(name, $"{Units.Size(free)} left"),
    };

    /// <summary>The state database opens, is whole and is of a known version.</summary>
    public static Check State(string data)
    {
        const string name = "state database";
        var file = Path.Combine(data, "state.db");
        var state = StateInspector.Look(file, Node.StateFeatures);
        if (!state.Exists)
            return Check.Ok(name, "none yet");
        if (state.Problem is not null)
            return Check.Fail(name, $"'{file}': {state.Problem}", "Stop the node and restore the file from a backup.");
        if (state.Unknown.Count > 0)
            return Check.Fail(name, $"'{file}' was written by a newer version: it holds '{state.Unknown[^1]}'", "Start the newer version, or restore the folder from before the upgrade.");
        return state.Pending.Count > 0
            ? Check.Warn(name, $"{Units.Of(state.Pending.Count, "schema change")} will be applied at the next start", "Back the data folder up before you start this version.")
            : Check.Ok(name, $"whole, {Units.Of(state.Applied, "schema change")} applied, none pending");
    }

    private static string[] Subfolders(string folder)
    {
        try
        {
            return Directory.Exists(folder) ? Directory.GetDirectories(folder) : [];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    private static string? CanWrite(string folder)
    {
        var probe = Path.Combine(folder, $".entrepot-doctor-{Environment.ProcessId}");
        try
        {
            File.WriteAllBytes(probe, [1]);
            File.Delete(probe);
            return null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return error.Message.TrimEnd('.');
        }
    }
}
