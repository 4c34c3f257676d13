using System.Buffers;
using Entrepot.Core.Identities;
using Entrepot.Mirror.Blobs;
using Entrepot.Mirror.Catalog;
using Entrepot.Mirror.Integrity;

namespace Entrepot.Mirror.Sources;

/// <summary>A file of this machine and the path under which it is published.</summary>
public sealed record ImportFile(string File, ContentPath Path);

/// <summary>Takes local files into a mirror as one snapshot, through the same verification as everything that comes over a wire.</summary>
public sealed class FolderImport(BlobStore blobs, MirrorCatalog catalog)
{
    private const int ReadSize = 256 * 1024;

    /// <summary>Every regular file below a folder, with its path below the prefix.</summary>
    /// <exception cref="Core.Faults.FaultException">A name that no mirror may hold.</exception>
    public static IReadOnlyList<ImportFile> List(string folder, string prefix)
        => [.. Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
            .Select(file => new ImportFile(
                file, ContentPath.Parse(prefix + Path.GetRelativePath(folder, file).Replace(Path.DirectorySeparatorChar, '/'))))];

    /// <summary>Verifies and stores every file, then publishes them all at once on top of what the mirror holds.</summary>
    /// <param name="mirror">An existing mirror.</param>
    /// <param name="files">The files.</param>
    /// <param name="actor">Who asks.</param>
    /// <param name="note">Why, for people.</param>
    /// <param name="cancellation">Gives up; nothing is published then.</param>
    public async Task<Publication> PublishAsync(
        MirrorName mirror, IReadOnlyList<ImportFile> files, string actor, string note, CancellationToken cancellation)
    {
        var puts = new List<TreePut>(files.Count);
        foreach (var file in files)
        {
            var blob = await StoreAsync(file.File, cancellation);
            await catalog.RegisterBlobAsync(blob, actor, cancellation);
            puts.Add(new TreePut(file.Path, blob, File.GetLastWriteTimeUtc(file.File)));
        }

        return await catalog.PublishAsync(mirror, TreeEdit.Of(puts), null, actor, note, cancellation);
    }

    private async Task<StoredBlob> StoreAsync(string file, CancellationToken cancellation)
    {
        using var source = File.OpenHandle(file, FileMode.Open, FileAccess.Read, FileShare.Read, FileOptions.SequentialScan);
        await using var staged = blobs.Stage(Expectation.None, RandomAccess.GetLength(source));
        var buffer = ArrayPool<byte>.Shared.Rent(ReadSize);
        try
        {
            long offset = 0;
            while (await RandomAccess.ReadAsync(source, buffer, offset, cancellation) is > 0 and var read)
            {
                await staged.WriteAsync(buffer.AsMemory(0, read), cancellation);
                offset += read;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        return blobs.Store(await staged.VerifyAsync(cancellation));
    }
}
