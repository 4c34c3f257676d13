using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Core.Kernel;
using Entrepot.Mirror.Replication;

namespace Entrepot.Server.Client;

/// <summary>What to do with symbolic links in a folder that is pushed. A mirror holds files only.</summary>
public enum LinkRule
{
    /// <summary>Say so and push nothing.</summary>
    Refuse,

    /// <summary>Leave them out, and say which.</summary>
    Skip,

    /// <summary>Push what they point to, wherever that is; a link that leads back to a folder it stands in is refused.</summary>
    Follow,
}

/// <summary>One file on this side.</summary>
/// <param name="FullPath">Where it is.</param>
/// <param name="Path">Its path in the mirror, below the prefix.</param>
/// <param name="Size">Bytes when it was looked at.</param>
/// <param name="Modified">Its time, UTC, whole seconds.</param>
public sealed record LocalFile(string FullPath, ContentPath Path, long Size, DateTimeOffset Modified)
{
    /// <summary>Looks at one file.</summary>
    /// <exception cref="FaultException"><see cref="ClientFault.Unreadable"/> or <see cref="ClientFault.NotAFile"/>.</exception>
    public static LocalFile Of(string fullPath, ContentPath path)
    {
        switch (FileKinds.Of(fullPath, follow: true))
        {
            case FileKind.Missing:
                throw Fault.Of(ClientFault.Unreadable, FaultKind.NotFound, $"There is no file '{fullPath}', or its folder can't be read.", "Check the path.").ToException();
            case FileKind.Folder or FileKind.Special:
                throw Fault.Of(ClientFault.NotAFile, FaultKind.Invalid, $"'{fullPath}' is no file.", "Push a file or a folder.").ToException();
        }

        try
        {
            using var handle = File.OpenHandle(fullPath, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            var modified = new DateTimeOffset(File.GetLastWriteTimeUtc(handle));
            return new LocalFile(fullPath, path, RandomAccess.GetLength(handle), modified.AddTicks(-(modified.Ticks % TimeSpan.TicksPerSecond)));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Fault.Of(ClientFault.Unreadable, FaultKind.Forbidden, $"'{fullPath}' can't be read: {error.Message}", "Check its permissions.").ToException(error);
        }
    }
}

/// <summary>Every file below a folder, or everything that keeps it from being pushed.</summary>
/// <param name="Files">By path, in the order of its bytes.</param>
/// <param name="Skipped">Links that were left out, relative to the folder.</param>
/// <param name="EmptyFolders">Folders below it in which no file is, at any depth.</param>
/// <param name="Errors">All that is wrong.</param>
public sealed record FolderScan(IReadOnlyList<LocalFile> Files, IReadOnlyList<string> Skipped, int EmptyFolders, IReadOnlyList<Fault> Errors)
{
    /// <summary>Deepest nesting: a content path has no room for more segments.</summary>
    private const int MaxDepth = ContentPath.MaxBytes / 2;

    /// <summary>Looks through a folder.</summary>
    public static FolderScan Of(string folder, LinkRule links, CancellationToken cancellation = default)
    {
        var walk = new Walk(links, cancellation);
        walk.Folder(Path.GetFullPath(folder), "", [Identity(Path.GetFullPath(folder))]);
        walk.Files.Sort(static (left, right) => left.Path.CompareTo(right.Path));
        return new FolderScan(walk.Files, walk.Skipped, walk.EmptyFolders, walk.Errors);
    }

    /// <summary>What tells a folder from every other; where the platform can't say, its path with links resolved as far as .NET does.</summary>
    private static string Identity(string folder)
        => FileKinds.IdentityOf(folder)?.ToString() ?? Directory.ResolveLinkTarget(folder, returnFinalTarget: true)?.FullName ?? folder;

    private sealed class Walk(LinkRule links, CancellationToken cancellation)
    {
        public List<LocalFile> Files { get; } = [];

        public List<string> Skipped { get; } = [];

        public int EmptyFolders { get; private set; }

        public List<Fault> Errors { get; } = [];

        public void Folder(string folder, string prefix, IReadOnlyList<string> above)
        {
            cancellation.ThrowIfCancellationRequested();
            string[] names;
            try
            {
                names = [.. Directory.EnumerateFileSystemEntries(folder).Select(static path => Path.GetFileName(path))];
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                Errors.Add(Fault.Of(ClientFault.Unreadable, FaultKind.Forbidden, $"{Shown(prefix)}: the folder can't be read: {error.Message}", "Check its permissions."));
                return;
            }

            var before = Files.Count;
            foreach (var name in names)
                Entry(Path.Combine(folder, name), prefix.Length == 0 ? name : $"{prefix}/{name}", above);
            if (prefix.Length > 0 && Files.Count == before)
                EmptyFolders++;
        }

        private void Entry(string fullPath, string path, IReadOnlyList<string> above)
        {
            if (PartPlace.IsWithin(path))
            {
                Errors.Add(Fault.Of(
                    ClientFault.Name, FaultKind.Conflict, $"{path}: here an interrupted pull keeps its parts.", "Let that pull finish, or remove the folder."));
                return;
            }

            var kind = FileKinds.Of(fullPath, follow: false);
            if (kind == FileKind.Link)
            {
                if (links == LinkRule.Skip)
                {
                    Skipped.Add(path);
                    return;
                }

                if (links == LinkRule.Refuse)
                {
                    Errors.Add(Fault.Of(ClientFault.NotAFile, FaultKind.Invalid, $"{path}: this is a symbolic link.", "Decide with --links follow or --links skip."));
                    return;
                }

                kind = FileKinds.Of(fullPath, follow: true);
            }

            switch (kind)
            {
                case FileKind.Folder:
                    var real = Identity(fullPath);
                    if (above.Contains(real))
                        Errors.Add(Fault.Of(ClientFault.NotAFile, FaultKind.Invalid, $"{path}: this link leads back to a folder that it stands in.", "Remove it, or use --links skip."));
                    else if (above.Count > MaxDepth)
                        Errors.Add(Fault.Of(ClientFault.Name, FaultKind.Invalid, $"{path[..80]}…: the folders are nested too deeply.", $"At most {ContentPath.MaxBytes} bytes make a path."));
                    else
                        Folder(fullPath, path, [.. above, real]);
                    return;
                case FileKind.Special:
                    Errors.Add(Fault.Of(ClientFault.NotAFile, FaultKind.Invalid, $"{path}: this is a pipe, socket or device, not a file.", "Move it away."));
                    return;
                case FileKind.Missing:
                    Errors.Add(path.Contains('\uFFFD', StringComparison.Ordinal)
                        ? Fault.Of(ClientFault.Name, FaultKind.Invalid, $"{path}: this name is not UTF-8.", "Rename it; convmv does whole trees.")
                        : Fault.Of(ClientFault.Unreadable, FaultKind.NotFound, $"{path}: it points to nothing, or has just been removed.", "Mend the link, or use --links skip."));
                    return;
            }

            if (!ContentPath.TryParse(path, out var content, out var fault))
            {
                Errors.Add(fault);
                return;
            }

            try
            {
                Files.Add(LocalFile.Of(fullPath, content));
            }
            catch (FaultException error)
            {
                Errors.Add(error.Fault);
            }
        }

        private static string Shown(string prefix) => prefix.Length == 0 ? "." : prefix;
    }
}
