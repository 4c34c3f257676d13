using System.Collections.Frozen;
using Entrepot.Core.Faults;

namespace Entrepot.Server.Client;

/// <summary>Where files of a mirror go on this side. A mirror's paths are made by whoever pushed them and told by a server: none of them leaves
/// the folder that was asked for, and none means something else to this side's file system.</summary>
public static class OutputNames
{
    /// <summary>Names that stand for devices on Windows, in every folder and with any extension (Microsoft, "Naming Files, Paths, and Namespaces").</summary>
    private static readonly FrozenSet<string> Devices = new[]
    {
        "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$",
        "COM0", "COM1", "COM2", "COM3", "COM4", "COM5", "COM6", "COM7", "COM8", "COM9", "COM¹", "COM²", "COM³",
        "LPT0", "LPT1", "LPT2", "LPT3", "LPT4", "LPT5", "LPT6", "LPT7", "LPT8", "LPT9", "LPT¹", "LPT²", "LPT³",
    }.ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    /// <summary>The place of a file below a folder.</summary>
    /// <param name="folder">The folder, not necessarily there yet; empty for the current one.</param>
    /// <param name="path">The file's path below it, with <c>/</c> between its segments.</param>
    /// <exception cref="FaultException"><see cref="ClientFault.OutputName"/>: it can't have that name here.</exception>
    public static string Place(string folder, string path) => Place(folder, path, OperatingSystem.IsWindows());

    internal static string Place(string folder, string path, bool windows)
    {
        if (WhyNot(path, windows) is { } reason)
            throw Refuse(path, reason);
        var place = Path.Combine([folder, .. path.Split('/')]);
        var root = Path.GetFullPath(folder.Length == 0 ? "." : folder);
        if (!Path.EndsInDirectorySeparator(root))
            root += Path.DirectorySeparatorChar;
        return Path.GetFullPath(place).StartsWith(root, StringComparison.Ordinal) && !Path.EndsInDirectorySeparator(place)
            ? place
            : throw Refuse(path, $"it would not be below '{folder}'");
    }

    /// <summary>Why a path can't be one below a folder; null when it can.</summary>
    /// <param name="path">Segments joined by <c>/</c>.</param>
    /// <param name="windows">True for Windows' rules, false for those of every platform.</param>
    internal static string? WhyNot(string path, bool windows)
    {
        foreach (var segment in path.Split('/'))
        {
            if (segment.Length == 0)
                return "a name in it is empty";
            if (segment is "." or "..")
                return $"'{segment}' is no name";
            if (segment.Contains('\0', StringComparison.Ordinal) || segment.Contains('\\', StringComparison.Ordinal))
                return $"'{segment}' holds a backslash or NUL";
            if (windows && WhyNotOnWindows(segment) is { } reason)
                return reason;
        }

        return null;
    }

    private static string? WhyNotOnWindows(string segment)
    {
        foreach (var c in segment)
        {
            // A colon leads to another drive or to a hidden stream of a file.
            if (c < ' ' || "<>:\"|?*".Contains(c, StringComparison.Ordinal))
                return $"Windows has no names with U+{(int)c:X4}, as in '{segment}'";
        }

        if (segment[^1] is '.' or ' ')
            return $"Windows drops the end of '{segment}'";
        var dot = segment.IndexOf('.', StringComparison.Ordinal);
        return Devices.Contains((dot < 0 ? segment : segment[..dot]).TrimEnd(' ')) ? $"'{segment}' is a device on Windows" : null;
    }

    private static FaultException Refuse(string path, string reason)
        => Fault.Of(
            ClientFault.OutputName, FaultKind.Unsupported, $"'{path}' can't be a file here: {reason}. Nothing was downloaded.",
            "Pull the files one by one with -o and a name of your own, or pull on another system.").ToException();
}
