using System.Text;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Core.Kernel;

namespace Entrepot.Mirror.Replication;

/// <summary>Where a pull keeps what it has of a file: beside the file, so that a rename gives it its name, in a folder of its own, so that it can't
/// be taken for another file, and under a hash of the file's name, which has a length that every file system takes.</summary>
public static class PartPlace
{
    /// <summary>The folder that pulls make beside their targets, and remove with the last part in it.</summary>
    public const string Folder = ".entrepot-pull";

    /// <summary>Behind a part's name: which blob it belongs to and which pieces are in it.</summary>
    public const string StateSuffix = ".state";

    private const int Attempts = 100;

    /// <summary>The part of a file.</summary>
    /// <param name="destination">The file, as an absolute path.</param>
    public static string Of(string destination)
        => Path.Combine(Path.GetDirectoryName(destination)!, Folder, Sha256Digest.Of(Encoding.UTF8.GetBytes(Path.GetFileName(destination))).Hex);

    /// <summary>True when a path has a segment that is the parts' folder: a file there could be taken for a part.</summary>
    /// <param name="path">Segments joined by slashes.</param>
    public static bool IsWithin(string path) => path.Split('/').Any(static segment => segment.Equals(Folder, StringComparison.OrdinalIgnoreCase));

    /// <summary>Opens something in the folder, which another pull may remove at any time when nothing is left in it.</summary>
    internal static T InFolder<T>(string part, Func<T> open)
    {
        var folder = Path.GetDirectoryName(part)!;
        for (var attempt = 1; ; attempt++)
        {
            // Its own folder must be there: a pull makes no other.
            if (!Directory.Exists(Path.GetDirectoryName(folder)))
                throw new DirectoryNotFoundException($"There is no folder '{Path.GetDirectoryName(folder)}'.");
            DurableFolder.Create(folder);
            try
            {
                return open();
            }
            catch (DirectoryNotFoundException) when (attempt < Attempts)
            {
                // Removed in between.
            }
        }
    }

    /// <summary>Removes the folder unless something is in it.</summary>
    internal static void Leave(string part)
    {
        try
        {
            Directory.Delete(Path.GetDirectoryName(part)!);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Another pull's parts are in it.
        }
    }

    /// <summary>Refuses what this code did not make: it would be overwritten.</summary>
    /// <param name="part">The part's path.</param>
    /// <param name="isOurs">Whether the state beside it is that of a pull.</param>
    internal static void RefuseStrangers(string part, Func<bool> isOurs)
    {
        var (kind, state) = (FileKinds.Of(part, follow: false), FileKinds.Of(part + StateSuffix, follow: false));
        var stranger = kind is not (FileKind.Missing or FileKind.Regular) ? part
            : state is not (FileKind.Missing or FileKind.Regular) ? part + StateSuffix
            : state == FileKind.Regular && !isOurs() ? part + StateSuffix
            // A pull that was killed before it wrote its state left an empty part.
            : kind == FileKind.Regular && state == FileKind.Missing && new FileInfo(part).Length > 0 ? part
            : null;
        if (stranger is not null)
            throw Fault.Of(
                ReplicationFault.Destination, FaultKind.Conflict, $"'{stranger}' stands where pulls keep their parts, and no pull made it.", "Move it away.").ToException();
    }
}
