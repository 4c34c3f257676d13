namespace Entrepot.Core.Kernel;

/// <summary>Replaces a small file so that a reader, or a crash at any instruction, sees the old content or the new, never a mixture:
/// write a temporary file, fsync, rename, fsync the folder.</summary>
public static class DurableFile
{
    /// <summary>Suffix of the temporary file; whoever recovers a folder may delete what carries it.</summary>
    public const string TemporarySuffix = ".tmp";

    /// <summary>Writes the whole content.</summary>
    public static void Write(string path, ReadOnlySpan<byte> content) => Write(path, content, null);

    /// <summary>Writes the whole content to a file that is there, which keeps its mode, and its owner as far as this user may give files away. A
    /// symbolic link stays one: what it points to is replaced.</summary>
    /// <exception cref="IOException">The file is not there, or can't be written.</exception>
    public static void Replace(string path, ReadOnlySpan<byte> content)
    {
        var target = File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path;
        if (OperatingSystem.IsWindows())
        {
            Write(target, content);
            return;
        }

        Write(target, content, File.GetUnixFileMode(target), PosixFile.OwnerOf(target));
    }

    /// <summary>Writes the whole content to a file of the given mode, which it has before its first byte.</summary>
    internal static void Write(string path, ReadOnlySpan<byte> content, UnixFileMode? mode) => Write(path, content, mode, null);

    private static void Write(string path, ReadOnlySpan<byte> content, UnixFileMode? mode, (uint User, uint Group)? owner)
    {
        var temporary = path + TemporarySuffix;
        using (var file = File.OpenHandle(temporary, FileMode.Create, FileAccess.Write, FileShare.None))
        {
            // A temporary file that a crash left may have another mode.
            if (mode is { } wanted && !OperatingSystem.IsWindows())
                File.SetUnixFileMode(file, wanted);
            if (owner is { } kept)
                PosixFile.TryGive(file, kept.User, kept.Group);
            // Giving a file away takes bits of its mode.
            if (owner is not null && mode is { } again && !OperatingSystem.IsWindows())
                File.SetUnixFileMode(file, again);
            RandomAccess.Write(file, content, 0);
            RandomAccess.FlushToDisk(file);
        }

        File.Move(temporary, path, overwrite: true);
        PosixFile.SyncFolder(Path.GetDirectoryName(Path.GetFullPath(path))!);
    }
}
