namespace Entrepot.Core.Kernel;

/// <summary>Makes folders that are still there after a power cut: a new folder's name is in its parent, so the parent is flushed too.</summary>
public static class DurableFolder
{
    /// <summary>Makes a folder and those above it that are missing. One that is there costs no flush.</summary>
    /// <exception cref="IOException">It can't be made or flushed.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not make it.</exception>
    public static void Create(string folder) => Create(folder, PosixFile.SyncFolder);

    /// <summary>Makes folders in a folder, with one flush for all of them; the folder itself as <see cref="Create(string)"/> does.</summary>
    /// <exception cref="IOException">One can't be made or flushed.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not make one.</exception>
    public static void CreateIn(string folder, IEnumerable<string> names)
    {
        Create(folder);
        foreach (var name in names)
            Directory.CreateDirectory(Path.Combine(folder, name));
        PosixFile.SyncFolder(folder);
    }

    /// <summary>As <see cref="Create(string)"/>, telling which folders got a new name in them.</summary>
    internal static void Create(string folder, Action<string> sync)
    {
        folder = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        if (Directory.Exists(folder))
            return;
        if (Path.GetDirectoryName(folder) is not { } parent)
        {
            Directory.CreateDirectory(folder);
            return;
        }

        Create(parent, sync);
        Directory.CreateDirectory(folder);
        sync(parent);
    }
}
