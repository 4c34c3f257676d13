using Entrepot.Core.Identities;
using Entrepot.Mirror.Catalog;
using Entrepot.Mirror.Integrity;

namespace Entrepot.Server.Api;

/// <summary>Turns what the features know into what the API shows.</summary>
public static class Documents
{
    /// <summary>A mirror.</summary>
    public static MirrorDocument Mirror(MirrorView mirror)
        => new(
            mirror.Info.Name.Value, Lower(mirror.Info.Kind), Lower(mirror.Info.Format), mirror.Info.Description,
            new RetentionDocument(mirror.Info.Retention.KeepSnapshots, mirror.Info.Retention.KeepDays), mirror.Info.CreatedAt,
            Snapshot(mirror.Current.Info, isCurrent: true))
        {
            Access = mirror.Info.IsPrivate ? "private" : null,
        };

    /// <summary>A snapshot without its files.</summary>
    public static SnapshotDocument Snapshot(SnapshotInfo snapshot, bool isCurrent)
        => new(
            snapshot.Number, snapshot.Root, snapshot.PublishedAt, snapshot.Actor, snapshot.Note, snapshot.Files, snapshot.Bytes, isCurrent);

    /// <summary>A file.</summary>
    public static FileDocument File(SnapshotInfo snapshot, TreeEntry entry)
        => new(snapshot.Mirror.Value, entry.Path, snapshot.Number, entry.Digest, entry.Size, entry.Modified);

    /// <summary>A folder.</summary>
    /// <param name="snapshot">Where it was looked up.</param>
    /// <param name="folder">Its path; the default path is the root.</param>
    /// <param name="items">What it holds.</param>
    public static FolderDocument Folder(TreeSnapshot snapshot, ContentPath folder, IReadOnlyList<FolderEntry> items)
        => new(
            snapshot.Mirror.Value, folder.Value, snapshot.Number, snapshot.Root,
            [.. items.Select(static item => new FolderItem(
                item.Name, item.IsFolder ? "folder" : "file", item.Size, item.Modified, item.Digest, item.Files))]);

    /// <summary>A difference.</summary>
    public static SnapshotDiffDocument Diff(TreeSnapshot from, TreeSnapshot to, SnapshotDiff diff)
        => new(
            to.Mirror.Value, from.Number, to.Number,
            [.. diff.Added.Select(entry => File(to.Info, entry))],
            [.. diff.Removed.Select(entry => File(from.Info, entry))],
            [.. diff.Changed.Select(static change => new FileChangeDocument(
                change.To.Path, change.From.Digest, change.To.Digest, change.From.Size, change.To.Size))]);

    /// <summary>A fingerprint.</summary>
    public static FingerprintDocument Fingerprint(Fingerprint fingerprint)
        => new(
            fingerprint.Digest, fingerprint.Size, fingerprint.Crc32.ToString("x8", null), fingerprint.Md5?.ToString(), fingerprint.PieceSize,
            fingerprint.PackPieces());

    private static string Lower<T>(T value)
        where T : struct, Enum => value.ToString().ToLowerInvariant();
}
