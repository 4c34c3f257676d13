using System.Globalization;
using System.Text.Json;
using Entrepot.Core.Faults;
using Entrepot.Core.Kernel;
using Entrepot.Server.Api;

namespace Entrepot.Server.Hosting;

/// <summary>The folder that holds all that a node keeps. One process at a time; a marker says by which layout it was made.</summary>
/// <remarks>Layout: <c>FORMAT</c> the marker, <c>LOCK</c> held while a node runs, <c>state.db</c> catalog, leases and journal,
/// <c>trust/</c> keys, <c>blobs/</c> the origin's bytes, <c>edges/NAME/</c> each edge's cache, <c>replica/</c> the catalog that a scheduler follows, <c>run/network.json</c> where the running node's surfaces are.</remarks>
public sealed class DataFolder : IDisposable
{
    /// <summary>The layout that this version makes and understands.</summary>
    public const int Format = 1;

    private const string Marker = "FORMAT";

    private readonly FileStream _lock;

    private DataFolder(string root, FileStream held) => (Root, _lock) = (root, held);

    /// <summary>Absolute path.</summary>
    public string Root { get; }

    /// <summary>The state database.</summary>
    public string StateFile => Path.Combine(Root, "state.db");

    /// <summary>The key that seals what is kept at rest, unless a setting names another file.</summary>
    public string SealingKeyFile => Path.Combine(Root, "trust", "sealing.key");

    /// <summary>The origin's blobs.</summary>
    public string Blobs => Path.Combine(Root, "blobs");

    /// <summary>What nodes believe each other by: the network's authorities, this node's certificate, the sealing key.</summary>
    public string Trust => Path.Combine(Root, "trust");

    /// <summary>The origin's catalog as a scheduler on another node keeps it.</summary>
    public string Replica => Path.Combine(Root, "replica");

    /// <summary>The authorities that this node believes, for everybody to read.</summary>
    public string AuthoritiesFile => AuthoritiesFileOf(Root);

    /// <summary>As <see cref="AuthoritiesFile"/>, of any data folder.</summary>
    public static string AuthoritiesFileOf(string root) => Path.Combine(root, "trust", "ca.pem");

    /// <summary>What a node that joined keeps of that.</summary>
    public string MemberFile => Path.Combine(Trust, "node.json");

    /// <summary>An edge's cache.</summary>
    public string EdgeCache(string node) => Path.Combine(Root, "edges", node);

    /// <summary>Where the surfaces of the node that runs on a data folder are written down.</summary>
    public static string NetworkFile(string root) => Path.Combine(root, "run", "network.json");

    /// <summary>The credential by which the commands of this machine prove themselves to the node that runs on a data folder.</summary>
    public static string OperatorTokenFile(string root) => Path.Combine(root, "trust", "operator.token");

    /// <summary>Makes or opens a folder and takes it for this process.</summary>
    /// <exception cref="FaultException"><see cref="HostingFault"/>: unusable, in use, newer.</exception>
    public static DataFolder Open(string root)
    {
        root = Path.GetFullPath(root);
        if (StrangerIn(root) is { } stranger)
            throw Fault.Of(
                HostingFault.DataFolderForeign, FaultKind.Conflict,
                $"'{root}' is no data folder of Entrepot: it has no FORMAT marker, and '{stranger}' is in it.",
                "Name an empty or new folder with --data. If this is a data folder, restore its FORMAT file from a backup.").ToException();
        FileStream held;
        try
        {
            DurableFolder.Create(Path.Combine(root, "run"));
            DurableFolder.Create(Path.Combine(root, "trust"));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Unusable(root, error);
        }

        try
        {
            held = new FileStream(Path.Combine(root, "LOCK"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (UnauthorizedAccessException error)
        {
            throw Unusable(root, error);
        }
        catch (IOException error)
        {
            throw Fault.Of(
                HostingFault.DataFolderInUse, FaultKind.Conflict, $"The data folder '{root}' is in use by another Entrepot process.",
                "Stop that process, or start this one with another --data folder.").ToException(error);
        }

        try
        {
            CheckFormat(root);
            return new DataFolder(root, held);
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    /// <summary>Something in a folder without the marker that this class did not put there; null when a node may have the folder.</summary>
    public static string? StrangerIn(string root)
    {
        try
        {
            if (!Directory.Exists(root) || File.Exists(Path.Combine(root, Marker)))
                return null;
            // What a start that was killed leaves, and what a new file system holds.
            return Directory.EnumerateFileSystemEntries(root).Select(static entry => Path.GetFileName(entry))
                .Where(static name => name is not ("run" or "trust" or "agent" or "LOCK" or "lost+found") && !name.StartsWith(Marker, StringComparison.Ordinal))
                .Order(StringComparer.Ordinal).FirstOrDefault();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Whoever opens it says why that can't be done.
            return null;
        }
    }

    /// <summary>Tells the commands on this machine where the surfaces are.</summary>
    public void Announce(AnnouncedNetwork network)
        => DurableFile.Write(NetworkFile(Root), JsonSerializer.SerializeToUtf8Bytes(network, ApiJson.Default.AnnouncedNetwork));

    /// <summary>Gives the folder back.</summary>
    public void Dispose()
    {
        File.Delete(NetworkFile(Root));
        _lock.Dispose();
    }

    private static void CheckFormat(string root)
    {
        var marker = Path.Combine(root, Marker);
        if (!File.Exists(marker))
        {
            DurableFile.Write(marker, System.Text.Encoding.ASCII.GetBytes(Format.ToString(CultureInfo.InvariantCulture) + "\n"));
            return;
        }

        var text = File.ReadAllText(marker).Trim();
        if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var found) || found is < 1 or > Format)
        {
            throw Fault.Of(
                HostingFault.DataFolderNewer, FaultKind.Conflict,
                $"The data folder '{root}' has layout '{text}'; this version understands up to {Format}.",
                "Start the newer version that wrote it, or use another --data folder.").ToException();
        }
    }

    private static FaultException Unusable(string root, Exception error)
        => Fault.Of(
            HostingFault.DataFolder, FaultKind.Unavailable, $"The data folder '{root}' can't be used: {error.Message}",
            "Check that this user may write there, or choose another with --data.").ToException(error);
}
