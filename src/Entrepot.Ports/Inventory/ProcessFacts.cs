using System.Globalization;

namespace Entrepot.Ports.Inventory;

/// <summary>Reads what <c>/proc/PID</c> tells of a process (proc(5)). Best effort: what can't be seen is left out.</summary>
internal sealed class ProcessFacts
{
    private const string Deleted = " (deleted)";
    private readonly string _procFolder;
    private readonly Lazy<IReadOnlyDictionary<int, string>> _users;
    private readonly Dictionary<int, SocketOwner> _known = [];

    /// <summary>Makes a reader, which looks at every process once.</summary>
    /// <param name="procFolder">Where the proc file system is mounted.</param>
    /// <param name="usersFile">The host's local users (passwd(5)).</param>
    public ProcessFacts(string procFolder, string usersFile = "/etc/passwd")
        => (_procFolder, _users) = (procFolder, new Lazy<IReadOnlyDictionary<int, string>>(() => Users(Text(usersFile))));

    /// <summary>The process as an owner of sockets.</summary>
    public SocketOwner Of(int process)
    {
        if (_known.TryGetValue(process, out var known))
            return known;
        var folder = Path.Combine(_procFolder, process.ToString(CultureInfo.InvariantCulture));
        var path = Target(Path.Combine(folder, "exe"));
        if (path is not null && path.EndsWith(Deleted, StringComparison.Ordinal))
            path = path[..^Deleted.Length];
        var group = ControlGroupPath.Parse(Text(Path.Combine(folder, "cgroup")));
        var user = UserOf(Text(Path.Combine(folder, "status")));
        var name = Path.GetFileName(path) is { Length: > 0 } file ? file : Text(Path.Combine(folder, "comm"))?.Trim() ?? "an unnamed process";
        return _known[process] = new SocketOwner(process, name)
        {
            Path = path, Unit = group.Unit, Container = group.Container, UserId = user,
            User = user is { } id ? _users.Value.GetValueOrDefault(id) : null,
        };
    }

    /// <summary>The number of the network namespace of a process, or null.</summary>
    public long? NetworkNamespace(string process)
        => Target(Path.Combine(_procFolder, process, "ns", "net")) is { } target
            && target.StartsWith("net:[", StringComparison.Ordinal) && target.EndsWith(']')
            && long.TryParse(target.AsSpan(5, target.Length - 6), NumberStyles.None, CultureInfo.InvariantCulture, out var id)
            ? id
            : null;

    /// <summary>The processes, lowest id first.</summary>
    public IReadOnlyList<int> Processes()
    {
        try
        {
            return [.. Directory.EnumerateDirectories(_procFolder)
                .Select(static path => int.TryParse(Path.GetFileName(path), NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : 0)
                .Where(static id => id > 0)
                .Order()];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    /// <summary>The effective user, from the text of <c>/proc/PID/status</c>.</summary>
    internal static int? UserOf(string? status)
    {
        const string Field = "\nUid:";
        var at = status?.IndexOf(Field, StringComparison.Ordinal) ?? -1;
        if (at < 0)
            return null;
        var line = status.AsSpan(at + Field.Length);
        line = line[..Math.Max(0, line.IndexOf('\n'))];
        Span<Range> fields = stackalloc Range[3];  // real, effective, saved and file system user
        return line.SplitAny(fields, " \t", StringSplitOptions.RemoveEmptyEntries) >= 2
            && int.TryParse(line[fields[1]], NumberStyles.None, CultureInfo.InvariantCulture, out var user)
            ? user
            : null;
    }

    /// <summary>Names by number, from the text of <c>/etc/passwd</c>; of several names the first counts.</summary>
    internal static IReadOnlyDictionary<int, string> Users(string? text)
    {
        var users = new Dictionary<int, string>();
        foreach (var line in (text ?? "").Split('\n'))
        {
            var fields = line.Split(':');
            if (fields.Length >= 7 && fields[0].Length > 0 && int.TryParse(fields[2], NumberStyles.None, CultureInfo.InvariantCulture, out var id))
                users.TryAdd(id, fields[0]);
        }

        return users;
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

    private static string? Text(string file)
    {
        try
        {
            return File.ReadAllText(file);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
