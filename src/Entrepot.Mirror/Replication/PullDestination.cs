using Entrepot.Core.Faults;
using Entrepot.Core.Kernel;

namespace Entrepot.Mirror.Replication;

/// <summary>Where a pulled file may go. Its bytes get their name by a rename, which would put a file in the place of a device, pipe or link.</summary>
public static class PullDestination
{
    /// <summary>The file to replace: the path itself, or what it leads to when it is a symbolic link to a file.</summary>
    /// <param name="destination">As the caller names it.</param>
    /// <returns>An absolute path at which nothing or a regular file stands.</returns>
    /// <exception cref="FaultException"><see cref="ReplicationFault.Destination"/>: something else stands there; nothing was touched.</exception>
    public static string Resolve(string destination)
    {
        var full = Path.GetFullPath(destination);
        switch (FileKinds.Of(full, follow: false))
        {
            case FileKind.Missing or FileKind.Regular:
                return full;
            case FileKind.Folder:
                throw Refuse($"'{destination}' is a folder.", "Name a file.");
            case FileKind.Special:
                throw Refuse($"'{destination}' is a device, pipe or socket, which a pull would replace by a file.", "Name a file, or write to the standard output with -o -.");
        }

        return FileKinds.Of(full, follow: true) switch
        {
            FileKind.Regular => TargetOf(full) ?? throw Refuse($"'{destination}' is a symbolic link that can't be read.", "Name the file itself."),
            FileKind.Folder => throw Refuse($"'{destination}' is a symbolic link to a folder.", "Name a file."),
            FileKind.Missing => throw Refuse($"'{destination}' is a symbolic link to nothing.", "Remove it, or name another file."),
            _ => throw Refuse(
                $"'{destination}' is a symbolic link to a device, pipe or socket, which a pull would replace by a file.",
                "Name a file, or write to the standard output with -o -."),
        };
    }

    private static string? TargetOf(string link)
    {
        try
        {
            return File.ResolveLinkTarget(link, returnFinalTarget: true)?.FullName;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static FaultException Refuse(string message, string cure)
        => Fault.Of(ReplicationFault.Destination, FaultKind.Invalid, message, cure).ToException();
}
