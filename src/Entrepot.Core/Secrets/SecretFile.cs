using System.Security;
using Entrepot.Core.Faults;
using Entrepot.Core.Kernel;

namespace Entrepot.Core.Secrets;

/// <summary>A small file that only its owner may read: mode 0600 from its first byte on. On Windows the folder's access list guards it.</summary>
public static class SecretFile
{
    /// <summary>Largest file that is read, in bytes.</summary>
    public const int MaxBytes = 64 * 1024;

    private const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private const UnixFileMode Others =
        UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    /// <summary>Replaces the whole content durably; makes the folder where it is missing.</summary>
    /// <exception cref="FaultException"><see cref="SecretFault.Unreadable"/>.</exception>
    public static void Write(string path, ReadOnlySpan<byte> content)
    {
        try
        {
            DurableFolder.Create(Path.GetDirectoryName(Path.GetFullPath(path))!);
            DurableFile.Write(path, content, Owner);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or SecurityException)
        {
            throw Unreadable(path, error);
        }
    }

    /// <summary>The content, or null when there is no such file.</summary>
    /// <exception cref="FaultException"><see cref="SecretFault.Exposed"/> when others may read it, <see cref="SecretFault.Unreadable"/>,
    /// <see cref="SecretFault.Malformed"/> when it is too large.</exception>
    public static byte[]? Read(string path)
    {
        try
        {
            if (!File.Exists(path))
                return null;
            if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & Others) != 0)
                throw Fault.Of(
                    SecretFault.Exposed, FaultKind.Forbidden, $"'{path}' holds a secret, and others than its owner may use the file.",
                    $"chmod 600 '{path}'; if others could read it, replace the secret as well.").ToException();
            if (new FileInfo(path).Length > MaxBytes)
                throw Malformed(path, $"it is larger than {MaxBytes} bytes");
            return File.ReadAllBytes(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or SecurityException)
        {
            throw Unreadable(path, error);
        }
    }

    /// <summary>Says that a file does not hold what it should.</summary>
    /// <param name="path">The file.</param>
    /// <param name="why">What is wrong, never the content.</param>
    public static FaultException Malformed(string path, string why) => Fault.Of(
        SecretFault.Malformed, FaultKind.Internal, $"'{path}' can't be used: {why}.", "Restore the file from a backup.").ToException();

    private static FaultException Unreadable(string path, Exception error) => Fault.Of(
        SecretFault.Unreadable, error is IOException ? FaultKind.Unavailable : FaultKind.Forbidden, $"'{path}' can't be used: {error.Message}",
        "Check that the folder exists and that this user owns the file.").ToException(error);
}
