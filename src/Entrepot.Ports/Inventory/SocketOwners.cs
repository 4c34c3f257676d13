using System.Globalization;

namespace Entrepot.Ports.Inventory;

/// <summary>Finds the processes behind sockets by walking <c>/proc/PID/fd</c>. Best effort: processes of other users show nothing to
/// an ordinary user, and a process may end during the walk.</summary>
internal static class SocketOwners
{
    private const string Prefix = "socket:[";

    /// <summary>The owners of the given sockets; those that were not found are missing. When several processes share a socket, the one
    /// with the lowest id among those that the walk meets first is named.</summary>
    public static IReadOnlyDictionary<long, SocketOwner> Find(string procFolder, IEnumerable<long> inodes)
    {
        var wanted = inodes.Where(static inode => inode != 0).ToHashSet();
        var owners = new Dictionary<long, SocketOwner>();
        foreach (var process in wanted.Count == 0 ? [] : Processes(procFolder))
        {
            if (wanted.Count == owners.Count)
                break;
            try
            {
                foreach (var descriptor in Directory.EnumerateFileSystemEntries(Path.Combine(procFolder, process, "fd")))
                {
                    if (TryInode(Target(descriptor), out var inode) && wanted.Contains(inode) && !owners.ContainsKey(inode))
                        owners.Add(inode, new SocketOwner(int.Parse(process, CultureInfo.InvariantCulture), Executable(procFolder, process)));
                }
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                // It ended, or belongs to another user.
            }
        }

        return owners;
    }

    /// <summary>Reads <c>socket:[12345]</c>.</summary>
    internal static bool TryInode(string? target, out long inode)
    {
        inode = 0;
        return target is not null && target.StartsWith(Prefix, StringComparison.Ordinal) && target.EndsWith(']')
            && long.TryParse(target.AsSpan(Prefix.Length, target.Length - Prefix.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out inode);
    }

    private static IEnumerable<string> Processes(string procFolder)
        => Directory.EnumerateDirectories(procFolder)
            .Select(static path => Path.GetFileName(path))
            .Where(static name => name.All(char.IsAsciiDigit))
            .OrderBy(static name => name.Length).ThenBy(static name => name, StringComparer.Ordinal);

    private static string Executable(string procFolder, string process)
    {
        const string Deleted = " (deleted)";
        var path = Target(Path.Combine(procFolder, process, "exe"));
        if (path is not null && path.EndsWith(Deleted, StringComparison.Ordinal))
            path = path[..^Deleted.Length];
        if (Path.GetFileName(path) is { Length: > 0 } name)
            return name;
        try
        {
            return File.ReadAllText(Path.Combine(procFolder, process, "comm")).Trim();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return "an unnamed process";
        }
    }

    private static string? Target(string link)
    {
        try
        {
            return new FileInfo(link).LinkTarget;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
